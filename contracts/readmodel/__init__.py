"""What both sides know of the read stores: how generations are named, and how positions are told."""
