"""A gallery on real servers: `make demo`."""
