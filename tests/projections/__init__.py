"""The projecting side, on real servers."""
