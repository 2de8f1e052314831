"""`{% load s3rewrite %}`."""
