"""The edge: authenticates, limits, routes and answers; it decides nothing and stores nothing."""
