"""Links the files in a response to S3. Read in this order:

response (whether a response is rewritten, and which parts of it), resolver (local URL -> link),
streaming (a body that flows), body_headers (what the headers say of the body), fragments (what
template tags call). charsets says which bodies can be read; errors keeps an error of this package
from failing a page; debugging shows a response, and how long it took, to developers.
"""
