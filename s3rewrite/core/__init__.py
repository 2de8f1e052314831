"""What both wings need: pure functions and values, without I/O, settings, boto3 or Redis.

Read mounts (an alias of S3REWRITE) and paths (local URL, name, key, public URL) first, then entries
(what is published of a name). patterns and kept_local decide which names stay local. redaction
keeps secrets out of messages, repeats keeps the log short, counters is what metrics listen to;
content_types, debounce, batches, plurals and background do what their names say.
"""
