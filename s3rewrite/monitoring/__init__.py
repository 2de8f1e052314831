"""How mounts and loops are, for those who watch: status (with its verdict), overview (the admin's
page), probes and server (HTTP).
"""
