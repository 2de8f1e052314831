"""Why is this URL not linked? Read in this order:

subjects (what a person asks about: a page, a file, a URL, a name) and pages (how a page is
fetched), explanation (what becomes of each URL of a response), publication (what the registry, the
settings and the disk say of a name). The rest is about places in a body: bodies (all kinds of
them), html, texts and members (where a mount's path stands, as occurrences), reasons (why rows and
prefixes do not allow a link), explained (joins these with what the rewriter's own `collect` finds).
"""
