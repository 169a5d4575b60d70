"""What both sides know of the read stores."""
