"""Whether what answered is S3: a login page, a cache or a captive portal says 200 to anything.

botocore takes whatever it does not find in such an answer for "nothing", an empty bucket too.
"""

import re
from collections.abc import Mapping
from typing import Any

from botocore.parsers import ResponseParserError

_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HTML = re.compile(rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b")

REGION = "x-amz-bucket-region"
"""What S3 says where it redirects a HEAD, which has no body.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html"""

LISTING = frozenset({"Name", "Prefix", "MaxKeys", "KeyCount", "IsTruncated", "Contents"})

ONE_OF = {
    "CopyObject": frozenset({"CopyObjectResult"}),
    "CreateMultipartUpload": frozenset({"UploadId"}),
    "ListObjectsV2": LISTING,
    "UploadPart": frozenset({"ETag"}),
}
"""Operation -> what S3's answer has, at least one of it.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""


def watch(client: Any) -> None:
    """Have a client of S3 raise ResponseParserError for answers that are not S3's."""
    # So that it is called before botocore's own, which takes a page for an error 500.
    client.meta.events.register("before-parse.*.*", _refuse_pages)
    client.meta.events.register("after-call.s3", _require)


def _refuse_pages(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(body, bytes):
        return  # the bytes of an object
    is_xml = operation_model.output_shape is not None and operation_model.name != "GetBucketPolicy"
    if status < 300 and body and (_HTML.match(body) or (is_xml and not _XML.match(body))):
        raise ResponseParserError("a page")
    # botocore asks the bucket for its region then, and follows that answer, for ever.
    is_known = b"<Error" in body or REGION in response_dict["headers"]
    if 300 <= status < 400 and not is_known:
        raise ResponseParserError("a redirect to a page")


def _require(http_response: Any, parsed: Mapping[str, Any], model: Any, **_: object) -> None:
    wanted = ONE_OF.get(model.name)
    if wanted and http_response.status_code < 300 and wanted.isdisjoint(parsed):
        raise ResponseParserError(f"none of {', '.join(sorted(wanted))}")
