"""All S3: no other room imports boto3 or obstore.

Read objects (what is written, and what proves that an object holds the bytes) and bucket (every
request) first; then writer (which of the two writes an object), boto3_writer and obstore/ (the
attempts of a write), throttle (how many at a time) and bandwidth (how many bytes a second), lookup
and multipart_etags (what the bucket holds already), unconfirmed_writes (which requests may still
arrive), answer_checks (whether S3 answered) and errors (sentences that say what to do).
"""
