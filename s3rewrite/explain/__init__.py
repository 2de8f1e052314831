"""Why is this URL not linked? Read in this order:

subjects (what a person asks about: a page, a file, a URL, a name) and pages (how a page is
fetched), explanation (what becomes of each URL of a response), publication (what the registry, the
settings and the disk say of a name). The rest is about places in a body: occurrences (where a
mount's path stands), reasons (why rows and prefixes do not allow a link), bodies (joins these with
what the rewriter's own `collect` finds, for each kind of body).
"""
