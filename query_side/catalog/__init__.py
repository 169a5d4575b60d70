"""The storefront's questions about the catalogue, one file a view."""
