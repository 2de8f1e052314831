"""Files are looked at as soon as anybody changes them: the kernel's hints. Needs the extra `watch`.

Read watch first, then debounce (when a path has settled) and cookie (a proof that events come).
"""
