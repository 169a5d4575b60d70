"""The catalogue's views."""
