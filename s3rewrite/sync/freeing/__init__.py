"""Frees local files once S3 surely has their bytes, with KEEP_LOCAL = False. Off by default.

Read free (the first of two passes: a stub takes the place of a file), then asides (the later pass
decides: the file goes, or comes back) and only_copies (looks after the objects from then on).
"""
