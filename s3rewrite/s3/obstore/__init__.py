"""Writing small objects with obstore, where the extra `fast` is installed.

support says what obstore can do exactly as boto3 would; store acts as a client of boto3; writer
writes; errors reads what its errors say.
"""
