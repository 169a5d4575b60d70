"""Brings product lists from elsewhere into the catalogue, through the same commands as everybody else."""
