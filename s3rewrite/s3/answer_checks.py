"""Checks that S3 answered: a login page, a cache or a captive portal says 200 to any request.

botocore reads such an answer as an empty one: of a listing, as an empty bucket.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HTML = re.compile(rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b")

REGION_HEADER = "x-amz-bucket-region"
"""The header with which S3 redirects a HEAD, whose answer has no body.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html"""

EXPECTED_FIELDS = {
    "CopyObject": {"CopyObjectResult"},
    "CreateMultipartUpload": {"UploadId"},
    "ListObjectsV2": {"Name", "Prefix", "MaxKeys", "KeyCount", "IsTruncated", "Contents"},
    "UploadPart": {"ETag"},
}
"""Operation -> fields of which S3's answer has at least one.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""


def check_answers(client: Any) -> None:
    """Make a client of S3 raise ResponseParserError for an answer that is not S3's."""
    # The wildcard runs before botocore's own handler, which takes a page for an error 500.
    client.meta.events.register("before-parse.*.*", _refuse_pages)
    client.meta.events.register("after-call.s3", _require_fields)


def _refuse_pages(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(body, bytes):
        return  # a stream: the bytes of an object, which may well be a page
    # A policy is JSON; some operations answer nothing.
    is_xml = operation_model.output_shape is not None and operation_model.name != "GetBucketPolicy"
    if status < 300 and body and (_HTML.match(body) or (is_xml and not _XML.match(body))):
        raise ResponseParserError("a page")
    # Of a redirect that is not S3's, botocore asks the bucket for its region, and is redirected
    # again, without end.
    is_from_s3 = b"<Error" in body or REGION_HEADER in response_dict["headers"]
    if 300 <= status < 400 and not is_from_s3:
        raise ResponseParserError("a redirect to a page")


def _require_fields(http_response: Any, parsed: Mapping[str, Any], model: Any, **_: object) -> None:
    fields = EXPECTED_FIELDS.get(model.name)
    if fields and http_response.status_code < 300 and fields.isdisjoint(parsed):
        raise ResponseParserError(f"none of {', '.join(sorted(fields))}")


def parse_time(value: Any) -> datetime | None:
    """A time in an answer; None where it has another form: no object fails because of it."""
    try:
        return parse_timestamp(value)
    except ValueError:
        return None
