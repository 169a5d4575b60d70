"""The kernel that runs every view."""
