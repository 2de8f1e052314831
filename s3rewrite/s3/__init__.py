"""All S3: no other room imports boto3 or obstore.

Read objects (what is written, what a bucket says of an object) and bucket (every request) first;
then writer (who writes an object) with boto3_writer and obstore/, throttle (how many at a time),
lookup and multipart_etags (what the bucket holds already), unconfirmed_writes (which requests may
still arrive), answer_checks (whether S3 answered) and errors (sentences that say what to do).
"""
