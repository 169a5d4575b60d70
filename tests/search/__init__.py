"""Both engines behind the search port keep the same promises: these tests run on each, and compare them."""
