""" "UPLOADS": "tasks": the workers of a task queue upload. Off by default.

Read coordinator (the pass's side) and worker (the other side), then messages (what they say to each
other) and batches (which are lost).
"""
