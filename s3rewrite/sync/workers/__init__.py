"""Uploads by the workers of a task queue, with "UPLOADS": "tasks". Off by default.

Read coordinator (in the process of the pass) and worker (in the workers), then messages (what they
send to each other) and batches (which ones are lost).
"""
