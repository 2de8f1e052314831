"""Hints from the kernel: files are looked at as soon as they change. Needs the extra `watch`.

Read watch first, then cookie (the proof that events still come) and file_systems (where the
kernel cannot see all changes). core/debounce tells when a path has settled.
"""
