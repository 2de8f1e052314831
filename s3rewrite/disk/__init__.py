"""The local files of a storage: what lies there, and how it is read, written and replaced.

Read stubs (the link in the place of a freed file) and own_names (temporary files) first, then
signatures and open_file (has a file changed?), access (where a name leads, and who may read it),
freeable (the storage), and how whole files are put in place: replacements, exchange, local_files.
"""
