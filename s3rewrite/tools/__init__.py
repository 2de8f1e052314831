"""What commands do besides passes: a module for each.

doctor, bucket_setup (with bucket_rules), verify, restore (with receiving).
"""
