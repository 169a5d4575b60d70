"""Events that no view reads, each with the reason: an event that nobody shows is otherwise a mistake."""

UNPROJECTED: dict[str, str] = {}
"""Stored type name → why no view reads it."""
