"""Packages of other people on real servers: a page and an upload each. `make zoo` installs them."""
