"""The container image of our processes, and what goes into it."""
