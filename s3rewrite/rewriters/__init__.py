"""Bytes in, bytes out: finds the local URLs in a body and puts links in their place. Pure.

Read types (the words) and splice first, then html with page and candidates, then the other bodies:
css, json, feeds, m3u8 and headers. search finds where to look, tag_cache what was read before.
syntax/ reads, table/ says what counts, pieces cuts what streams, outgoing reads uploaded files.
"""

from s3rewrite.rewriters.splice import rewrite, splice

__all__ = ["rewrite", "splice"]
