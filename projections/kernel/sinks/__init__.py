"""The stores, each behind the same few questions a runner asks."""
