"""How the edge reaches each side: one pair of ports, answered in-process or over gRPC."""
