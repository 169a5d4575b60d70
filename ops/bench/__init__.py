"""Measures us against yardsticks of the same run: one file a benchmark, `chemist bench` runs them."""
