"""The engine: a file's way to S3. One round of scan, plan and apply is a pass. Read in this order:

1. loop: the daemon, a thread a mount; or the command s3rewrite_sync
2. passes: one pass, over all files or those that hints speak of; context: what its parts share
3. scan (with findings): the files, directory by directory
4. plan: what is to be done with each name; pure
5. apply: does it; uploader: where uploads are done, upload/ or workers/
6. delete, orphans: objects that are not needed any more; freeing/: local files that are not
7. reconcile: which entries are true after Redis lost some
8. reporting/: what is told; health, stopping: how the process is, and how it ends
"""
