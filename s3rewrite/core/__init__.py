"""The ground: what both wings speak of. Pure: no I/O, no settings, no boto3, no Redis.

Read mounts (an alias of S3REWRITE) and paths (local URL, name, key, public URL) first, then entries
(what is published of a name). patterns and meant decide which names stay local.
"""
