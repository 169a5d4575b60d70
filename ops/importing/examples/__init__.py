"""A Kenyan wholesaler's product list, dirt included, and the mapping that reads it."""
