"""How mounts and loops are doing, for people and monitors.

Read status (the figures of a mount, and the verdict on them) first; then overview (the admin's
page), probes (what a loop answers over HTTP) and server (the HTTP server for it).
"""
