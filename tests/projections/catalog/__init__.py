"""The views of the catalogue."""
