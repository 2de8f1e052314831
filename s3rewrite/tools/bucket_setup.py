"""What a bucket needs: that it is there, what may be read, from where, and what is tidied up.

All is looked up before anything is done, and each step changes what is its own: the rules of
others are kept as they are.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import NotS3Error, S3Error, S3Unavailable
from s3rewrite.tools.bucket_rules import ABANDONED_DAYS, cors_rule, lifecycle_rule, public_statement

UNKNOWN = frozenset(
    """
    400 404 405 501 InvalidArgument InvalidRequest MalformedXML MethodNotAllowed NoSuchKey
    NotImplemented NotSupported UnsupportedOperation XNotImplemented
    """.split()
)
"""Codes with which services answer to what they do not know."""

BLOCKING = ("BlockPublicPolicy", "RestrictPublicBuckets")
"""What keeps a policy from making objects public; the other two switches are about ACLs.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""

BLOCK = "PublicAccessBlockConfiguration"
NO_BLOCK = "NoSuchPublicAccessBlockConfiguration"

KEPT = ("TransitionDefaultMinimumObjectSize",)
"""What belongs to the lifecycle's rules, and is no rule."""

CONSOLE = "do that in the service's own console"


class Step(NamedTuple):
    """What is to be done to a bucket: a sentence, and how."""

    sentence: str
    run: Callable[[], object]
    otherwise: str = ""
    """What to do where the service does not know such a thing; "" if the mount can miss it."""
    error: S3Error | None = None
    """Why nobody knows whether it is to be done: the answer to the look-up."""

    def is_needless(self, error: S3Error) -> bool:
        """Whether an error says no more than that the service lacks what the mount can miss."""
        return not self.otherwise and is_unknown(error)


class _Kind(NamedTuple):
    """What is looked up in a bucket, and what follows from it."""

    sentence: str
    otherwise: str
    operation: str
    absent: str
    """The code of S3's answer where there is nothing of the kind."""
    plan: Callable[[Mount, Bucket, Any], Callable[[], object] | None]
    """What S3 answers (None for nothing) -> what to do; None where all is as it should be."""
    new: Any = None
    """What a bucket that was just created has."""


def steps(mount: Mount, bucket: Bucket, *, public: bool) -> list[Step]:
    """What a mount's bucket lacks as it is now, in the order in which it is to be done.

    With `public` anybody may read the objects below the mount's prefix, as where no CDN with
    rights of its own stands before the bucket. Raises S3Unavailable.
    """
    creation = _creation(mount, bucket)
    is_there = not creation or creation[0].error is not None
    kinds = [UNBLOCKING, READING] if public else []
    kinds += [CORS, TIDYING] if mount.cors else [TIDYING]
    return creation + [step for kind in kinds for step in _look(kind, mount, bucket, is_there)]


def _create(mount: Mount, bucket: Bucket) -> None:
    region = str(mount.client.get("region_name", ""))
    # us-east-1 is the only one that must not be named.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    place = {"LocationConstraint": region} if region not in ("", "us-east-1") else None
    bucket.call("create_bucket", **({"CreateBucketConfiguration": place} if place else {}))


def is_unknown(error: S3Error) -> bool:
    """Whether a service answers so to what it does not know."""
    return error.code in UNKNOWN or isinstance(error, NotS3Error)


def _creation(mount: Mount, bucket: Bucket) -> list[Step]:
    step = Step(f"create the bucket {mount.bucket}", lambda: _create(mount, bucket), CONSOLE)
    try:
        bucket.call("head_bucket")
    except S3Error as error:
        if error.code in ("404", "NoSuchBucket"):
            return [step]
        if isinstance(error, S3Unavailable):
            raise
        return [step._replace(error=error)]
    return []


def _look(kind: _Kind, mount: Mount, bucket: Bucket, is_there: bool) -> list[Step]:
    place = f"{mount.bucket}/{mount.prefix}*"
    sentence = kind.sentence.format(bucket=mount.bucket, place=place)
    try:
        answer = bucket.call(kind.operation) if is_there else kind.new
        run = kind.plan(mount, bucket, answer)
    except S3Error as error:
        if error.code != kind.absent:
            # A block that the service does not know blocks nothing.
            otherwise = "" if kind is UNBLOCKING else kind.otherwise
            return [Step(sentence, _nothing, otherwise, error)]
        run = kind.plan(mount, bucket, None)
    return [Step(sentence, run, kind.otherwise)] if run else []


def _nothing() -> None:
    """Is done where nobody knows what to do."""


def _is_blocking(answer: Any) -> bool:
    return any(answer[BLOCK].get(name) for name in BLOCKING)


def _plan_unblocking(_: Mount, bucket: Bucket, answer: Any) -> Callable[[], object] | None:
    return (lambda: _unblock(bucket)) if answer and _is_blocking(answer) else None


def _unblock(bucket: Bucket) -> None:
    """Let a policy make objects public; what is said of ACLs stays."""
    try:
        answer = bucket.call("get_public_access_block")
    except S3Error as error:
        if error.code == NO_BLOCK or is_unknown(error):
            return  # a new bucket, elsewhere than on AWS
        raise
    if _is_blocking(answer):
        given = answer[BLOCK] | dict.fromkeys(BLOCKING, False)
        bucket.call("put_public_access_block", **{BLOCK: given})


def _plan_reading(mount: Mount, bucket: Bucket, answer: Any) -> Callable[[], object] | None:
    policy = _policy(answer["Policy"], bucket) if answer else {"Version": "2012-10-17"}
    found: Any = policy.get("Statement", [])
    statements = [found] if isinstance(found, dict) else found
    wanted = public_statement(mount)
    if any(_plain(statement) == _plain(wanted) for statement in statements):
        return None
    others = [statement for statement in statements if statement.get("Sid") != wanted["Sid"]]
    text = json.dumps(policy | {"Statement": [*others, wanted]})
    return lambda: _allow(bucket, text)


def _policy(text: str, bucket: Bucket) -> dict[str, Any]:
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise NotS3Error(f"bucket {bucket.name}: what answered is no policy")
    return policy


def _plain(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement without its name, as some services write it anew: each value in a list."""
    principal = statement.get("Principal")
    if isinstance(principal, dict) and principal.keys() == {"AWS"}:
        statement = statement | {"Principal": principal["AWS"]}
    return {
        name: value if isinstance(value, list) else [value]
        for name, value in statement.items()
        if name != "Sid"
    }


def _allow(bucket: Bucket, policy: str) -> None:
    try:
        bucket.call("put_bucket_policy", Policy=policy)
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        raise S3Error(
            f"{error}; if they may, Block Public Access of the whole AWS account is in the way: "
            "turn BlockPublicPolicy off there, or run this with --private"
        ) from error


def _plan_cors(_: Mount, bucket: Bucket, answer: Any) -> Callable[[], object] | None:
    rules = (answer or {}).get("CORSRules", [])
    given = {"CORSRules": [*rules, cors_rule()]}
    if any(_lets_all_read(rule) for rule in rules):
        return None
    return lambda: bucket.call("put_bucket_cors", CORSConfiguration=given)


def _lets_all_read(rule: dict[str, Any]) -> bool:
    return "*" in rule.get("AllowedOrigins", ()) and "GET" in rule.get("AllowedMethods", ())


def _plan_tidying(mount: Mount, bucket: Bucket, answer: Any) -> Callable[[], object] | None:
    rules = (answer or {}).get("Rules", [])
    is_old = any("Prefix" in rule for rule in rules)
    wanted = lifecycle_rule(mount, is_old=is_old)
    if any(rule.get("ID") == wanted["ID"] for rule in rules):
        return None
    # S3 forgets what is not said again.
    kept = {name: answer[name] for name in KEPT if rules and name in answer}
    given = {"LifecycleConfiguration": {"Rules": [*rules, wanted]}, **kept}
    return lambda: bucket.call("put_bucket_lifecycle_configuration", **given)


UNBLOCKING = _Kind(
    f"let a public policy work in {{bucket}} (Public Access Block: {', '.join(BLOCKING)} off)",
    CONSOLE,
    "get_public_access_block",
    NO_BLOCK,
    _plan_unblocking,
    {BLOCK: dict.fromkeys(BLOCKING, True)},
)
READING = _Kind(
    "let anybody read {place}",
    f"{CONSOLE}, or run this with --private",
    "get_bucket_policy",
    "NoSuchBucketPolicy",
    _plan_reading,
)
CORS = _Kind(
    "let pages of any origin fetch from {bucket} with CORS",
    f"{CONSOLE}, or set CORS to False",
    "get_bucket_cors",
    "NoSuchCORSConfiguration",
    _plan_cors,
)
TIDYING = _Kind(
    f"remove uploads to {{bucket}} that were abandoned for {ABANDONED_DAYS} days",
    "",
    "get_bucket_lifecycle_configuration",
    "NoSuchLifecycleConfiguration",
    _plan_tidying,
)
