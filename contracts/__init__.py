"""The published language: what every side and every context may say to the others."""
