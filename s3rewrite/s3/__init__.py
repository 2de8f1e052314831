"""All S3. Nobody else imports boto3 or obstore.

Read objects (what is written, what a bucket says) and bucket (every request) first, then writer
(which way an object is written: boto3_writer, or obstore/), throttle (how many at a time), and
errors (what can go wrong, in sentences).
"""
