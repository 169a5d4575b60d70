"""Running programs as children that never outlive us: identity, leash, ports, restart, state."""
