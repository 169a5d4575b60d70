"""What every query needs: lazily opened stores, the live generation of a view, and bytes with their tag."""
