"""Answers questions from the read models: stored bytes in, stored bytes out."""
