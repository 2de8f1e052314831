"""Other people's tests, run with this package's storage in place of Django's: `make peers`."""
