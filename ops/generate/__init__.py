"""What is generated from the contracts and committed, so that a change shows in review."""
