"""Writing small objects with obstore, where the extra `fast` is installed.

Read support (what obstore can do exactly as boto3 does it), store (obstore set up like a client
of boto3), writer (the attempts of a write) and errors (what obstore's errors say).
"""
