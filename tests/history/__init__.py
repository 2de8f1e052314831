"""A site under load while everything around it fails: is each link a proof?

`python -m tests.history --minutes 10` runs it for as long as one likes and prints what it found.
"""
