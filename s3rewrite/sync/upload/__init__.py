"""One file on its way to S3. Read in this order:

attempt (the steps of one file; freed_attempt for a stub, moves for bytes that S3 has elsewhere),
batch (a few files together, and why the steps are in that order), content (which bytes are sent),
references and compression (what changes in them; content_rules: by which settings), threads (many
files in parallel), recorder (outcomes into the report). referring and replacing are for files whose
upload has to wait.
"""
