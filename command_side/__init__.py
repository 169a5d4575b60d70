"""The side that decides: commands in, events out."""
