"""The demonstration: everything comes up, real medicines go in as commands and come out of the storefront's queries."""
