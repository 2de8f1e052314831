"""What would be published, tried out: `python -m tests.dist`, or `make dist`. Needs the network."""
