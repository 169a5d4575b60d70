"""Decisions about products and categories."""
