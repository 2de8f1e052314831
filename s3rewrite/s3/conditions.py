"""Whether a service honours the conditions of writes, tried out with an object of its own."""

from contextlib import suppress
from hashlib import md5
from typing import Any
from uuid import uuid4

from s3rewrite.core.patterns import parameters_of
from s3rewrite.core.redaction import RedactedDict
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import ConditionFailed, S3Error
from s3rewrite.s3.objects import NO_OBJECT, etag_of
from s3rewrite.s3.writer import UNREADABLE_CONDITION


def are_honoured(bucket: Bucket) -> bool:
    """Whether writes are refused whose conditions do not hold, and the others are not.

    The object has the name of a probe, and goes again. Raises S3Error where that proves nothing.
    """
    name = f"s3rewrite-probe-{uuid4().hex}.txt"
    key = bucket.mount.prefix + name
    parameters = RedactedDict(Key=key, Body=name.encode())
    parameters |= parameters_of(bucket.mount.object_parameters, name)
    try:
        return _are_honoured(bucket, parameters)
    except S3Error as error:
        if error.code in UNREADABLE_CONDITION:  # it does not know them
            return False
        raise
    finally:
        with suppress(S3Error):  # credentials that may write need not be allowed to delete
            bucket.delete([key])


def _are_honoured(bucket: Bucket, parameters: dict[str, Any]) -> bool:
    written = bucket.call("put_object", **parameters, IfNoneMatch=NO_OBJECT)
    same, other = f'"{etag_of(written)}"', f'"{"0" * 32}"'
    for condition in ({"IfNoneMatch": NO_OBJECT}, {"IfMatch": other}):
        try:
            bucket.call("put_object", **parameters, **condition)
        except ConditionFailed:
            continue
        return False
    try:
        again = etag_of(bucket.call("put_object", **parameters, IfMatch=same))
    except ConditionFailed:
        return False
    # What is written has to have another ETag than other bytes, and one that can be foretold.
    is_md5 = again == md5(parameters["Body"], usedforsecurity=False).hexdigest()
    return is_md5 or f'"{again}"' != same
