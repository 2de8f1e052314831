"""One file on its way to S3. Read in this order:

attempt (the steps of one file; freed_attempt for a stub), batch (a few files together), content
(which bytes are sent), references and compression (what is changed in them), threads (many at
once), recorder (what became of each). referring and replacing are for files that have to wait.
"""
