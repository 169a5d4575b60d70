"""Search behind one port: what is asked and answered is the same, whichever engine holds the index."""
