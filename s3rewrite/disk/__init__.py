"""The local files of a storage: what lies there, and how it is read, written and replaced.

Read stubs (what stands in the place of a freed file) and own_names first, then open_file (a file on
its way to S3), ground (who may read a file, and where it leads), freeable (the storage), and how
bytes are put in place as a whole: replacements, exchange, local_files.
"""
