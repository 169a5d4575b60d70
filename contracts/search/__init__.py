"""How search is spoken of on every side: mappings, requests, folding, and the two engines' layouts."""
