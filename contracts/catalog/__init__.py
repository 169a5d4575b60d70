"""The catalogue: what the pharmacy may sell, how the law classes it, and where a customer finds it."""
