"""KEEP_LOCAL = False: local bytes go once S3 surely has them. Off by default.

free replaces files by stubs; only_copies looks after their objects from then on.
"""
