"""Django files saved locally, copied to S3 in the background, linked there once S3 holds them."""

__version__ = "0.1.0"
