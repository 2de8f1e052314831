"""The engine: brings files to S3. One round of scan, plan and apply is a pass. Read in this order:

1. loop: the daemon, one thread per mount; the command s3rewrite_sync runs a single pass
2. passes: one pass, over all files or those that hints name; context: what its parts share
3. scan (with findings): the files, directory by directory
4. plan: the decision what to do with each name; hints: the grammar of hints. Both are pure
5. apply: does it; uploader: where uploads run, upload/ or workers/; deferred: those that waited
6. delete, orphans: objects that are no longer needed; freeing/: local files that are not
7. reconcile: which entries are still true after Redis lost some
8. reporting/: what a pass reports and to whom; health: for probes; stopping: how a process ends
"""
