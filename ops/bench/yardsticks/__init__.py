"""The plainest servers that could do the same work: what our figures are held against."""
