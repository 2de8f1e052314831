"""Bytes in, bytes out: finds the local URLs in a body and puts links in their place. Pure."""

from s3rewrite.rewriters.splice import rewrite, splice

__all__ = ["rewrite", "splice"]
