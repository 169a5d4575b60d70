"""One file a command of the `chemist` line; each exposes `register(app)` and is found by its presence here."""
