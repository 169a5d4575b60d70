"""What the catalogue decides: one file a command, one an aggregate."""
