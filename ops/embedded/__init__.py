"""The servers of one machine, run from their wheels: nothing else in the product knows these wheels exist."""
