"""What a mount's bucket lacks: to exist, to be read, to answer with CORS, to be tidied up.

Everything is looked up before anything is done. Each step changes only what is the mount's, and
keeps the rules of others as they are.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from s3rewrite import conf
from s3rewrite.aws_config import region_of
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import NotS3Error, S3Error, S3Unavailable
from s3rewrite.tools.bucket_rules import (
    ABANDONED_DAYS,
    cors_rule,
    distribution_statement,
    lifecycle_rule,
    public_statement,
)

UNKNOWN = frozenset(
    """
    400 404 405 501 BucketAlreadyExists BucketAlreadyOwnedByYou InvalidArgument InvalidRequest
    MalformedXML MethodNotAllowed NoSuchKey NotImplemented NotSupported UnsupportedOperation
    XNotImplemented
    """.split()
)
"""Codes with which services answer requests that they do not know."""

BLOCKING_SWITCHES = ("BlockPublicPolicy", "RestrictPublicBuckets")
"""The switches that keep a policy from making objects public; the other two are about ACLs.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""

ALL_SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", *BLOCKING_SWITCHES)

EMPTY_POLICY: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}

BLOCK = "PublicAccessBlockConfiguration"
NO_BLOCK = "NoSuchPublicAccessBlockConfiguration"

LIFECYCLE_OPTIONS = ("TransitionDefaultMinimumObjectSize",)
"""What belongs to a bucket's lifecycle beside its rules."""

CONSOLE = "do that in the service's own console"

Action = Callable[[], object]


class Step(NamedTuple):
    """What to do to a bucket: a sentence, and the function that does it."""

    sentence: str
    run: Action
    otherwise: str = ""
    """What to do where the service does not know such a thing; "" if the mount can do without."""
    error: S3Error | None = None
    """The answer to the look-up, where it does not say whether this is to be done."""

    def is_needless(self, error: S3Error) -> bool:
        """Whether an error only says that the service lacks what the mount can do without."""
        return not self.otherwise and is_unknown(error)


class _Feature(NamedTuple):
    """A feature of a bucket: how to look it up, and what to do then."""

    sentence: str
    otherwise: str
    operation: str
    absent: str
    """The code of S3's answer where the bucket has nothing of the kind."""
    plan: Callable[[Bucket, Any], Action | None]
    """Bucket, S3's answer or None for `absent` -> what to do; None if all is as it should be."""
    initial: Any = None
    """S3's answer for a bucket that was just created."""


def steps(bucket: Bucket, *, public: bool) -> list[Step]:
    """What a mount's bucket lacks now, in the order in which it is to be done.

    With `public` anybody may read the objects below the mount's prefix: a bucket behind a CDN that
    has rights of its own does not need that. Raises S3Unavailable.
    """
    creation = _creation(bucket)
    exists = creation is None or creation.error is not None
    features = [UNBLOCKING, READING] if public else []
    features += [CLOSING, *[BLOCKING] * _is_all_private(bucket)] if bucket.mount.is_private else []
    features += [CORS, TIDYING] if bucket.mount.cors else [TIDYING]
    needed = [creation, *(_look_up(feature, bucket, exists) for feature in features)]
    return [step for step in needed if step]


def is_unknown(error: S3Error) -> bool:
    """Whether a service answers so to a request that it does not know."""
    return error.code in UNKNOWN or isinstance(error, NotS3Error)


def _creation(bucket: Bucket) -> Step | None:
    step = Step(f"create the bucket {bucket.name}", lambda: _create(bucket), CONSOLE)
    try:
        bucket.call("head_bucket")
    except S3Error as error:
        if error.code in ("404", "NoSuchBucket"):
            return step
        if isinstance(error, S3Unavailable):
            raise
        return step._replace(error=error)
    return None


def _create(bucket: Bucket) -> None:
    region = region_of(bucket.mount.client)
    # us-east-1 is the only region that must not be named.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    location = {"LocationConstraint": region} if region not in ("", "us-east-1") else None
    bucket.call("create_bucket", **({"CreateBucketConfiguration": location} if location else {}))


def _look_up(feature: _Feature, bucket: Bucket, exists: bool) -> Step | None:
    objects = f"{bucket.name}/{bucket.mount.prefix}*"
    sentence = feature.sentence.format(bucket=bucket.name, objects=objects)
    try:
        answer = bucket.call(feature.operation) if exists else feature.initial
        action = feature.plan(bucket, answer)
    except S3Error as error:
        if error.code != feature.absent:
            # A block that the service does not know blocks nothing.
            otherwise = "" if feature is UNBLOCKING else feature.otherwise
            return Step(sentence, lambda: None, otherwise, error)
        action = feature.plan(bucket, None)
    return Step(sentence, action, feature.otherwise) if action else None


def _is_blocking(answer: Any) -> bool:
    return any(answer.get(BLOCK, {}).get(name) for name in BLOCKING_SWITCHES)


def _plan_unblocking(bucket: Bucket, answer: Any) -> Action | None:
    return (lambda: _unblock(bucket)) if answer and _is_blocking(answer) else None


def _unblock(bucket: Bucket) -> None:
    """Let a policy make objects public; keep the switches for ACLs."""
    try:
        # Again: of a new bucket the answer was a guess, which is true on AWS.
        answer = bucket.call("get_public_access_block")
    except S3Error as error:
        if error.code == NO_BLOCK or is_unknown(error):
            return
        raise
    if _is_blocking(answer):
        switches = answer[BLOCK] | dict.fromkeys(BLOCKING_SWITCHES, False)
        bucket.call("put_public_access_block", **{BLOCK: switches})


def _plan_reading(bucket: Bucket, answer: Any) -> Action | None:
    policy = _parse_policy(answer.get("Policy", ""), bucket) if answer else EMPTY_POLICY
    statements: Any = policy["Statement"]
    public = public_statement(bucket.mount)
    if any(_normalized(statement) == _normalized(public) for statement in statements):
        return None
    others = [statement for statement in statements if statement.get("Sid") != public["Sid"]]
    text = json.dumps(policy | {"Statement": [*others, public]})
    return lambda: _put_policy(bucket, text)


def _is_all_private(bucket: Bucket) -> bool:
    """Whether a bucket has no objects of public mounts, too: a block is for the whole bucket."""
    return all(mount.is_private for mount in conf.mounts().values() if mount.bucket == bucket.name)


def _plan_blocking(bucket: Bucket, answer: Any) -> Action | None:
    switches = dict.fromkeys(ALL_SWITCHES, True)
    if answer and answer.get(BLOCK) == switches:
        return None
    return lambda: bucket.call("put_public_access_block", **{BLOCK: switches})


def _plan_closing(bucket: Bucket, answer: Any) -> Action | None:
    """Take away what an earlier setup gave, and what lets the CDN read stays or comes."""
    policy = _parse_policy(answer.get("Policy", ""), bucket) if answer else EMPTY_POLICY
    statements: Any = policy["Statement"]
    public, own = public_statement(bucket.mount), distribution_statement(bucket.mount)
    known = [_normalized(public), _normalized(own)] if own else [_normalized(public)]
    names = {public["Sid"], own["Sid"] if own else ""}
    others = [s for s in statements if _normalized(s) not in known and s.get("Sid") not in names]
    wanted = [*others, own] if own else others
    if [*map(_normalized, statements)] == [*map(_normalized, wanted)]:
        return None
    if not wanted:
        return lambda: bucket.call("delete_bucket_policy")
    text = json.dumps(policy | {"Statement": wanted})
    return lambda: _put_policy(bucket, text)


def _parse_policy(text: str, bucket: Bucket) -> dict[str, Any]:
    try:
        policy = json.loads(text)
        statements = policy.get("Statement", [])
        # A single statement may have no list around it.
        statements = [statements] if isinstance(statements, dict) else statements
        policy["Statement"] = [dict(statement) for statement in statements]
    except (AttributeError, TypeError, ValueError):
        raise NotS3Error(f"bucket {bucket.name}: what answered is no policy") from None
    return dict(policy)


def _normalized(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement without its name, each value in a list: some services rewrite it so."""
    principal = statement.get("Principal")
    if isinstance(principal, dict) and principal.keys() == {"AWS"}:
        statement = statement | {"Principal": principal["AWS"]}
    return {
        name: value if isinstance(value, list) else [value]
        for name, value in statement.items()
        if name != "Sid"
    }


def _put_policy(bucket: Bucket, policy: str) -> None:
    try:
        bucket.call("put_bucket_policy", Policy=policy)
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        raise S3Error(
            f"{error}; if they may, Block Public Access of the whole AWS account is in the way: "
            "turn BlockPublicPolicy off there, or run this with --private"
        ) from error


def _plan_cors(bucket: Bucket, answer: Any) -> Action | None:
    rules = (answer or {}).get("CORSRules", [])
    for rule in rules:
        if "*" in rule.get("AllowedOrigins", ()) and "GET" in rule.get("AllowedMethods", ()):
            return None
    configuration = {"CORSRules": [*rules, cors_rule()]}
    return lambda: bucket.call("put_bucket_cors", CORSConfiguration=configuration)


def _plan_tidying(bucket: Bucket, answer: Any) -> Action | None:
    rules = (answer or {}).get("Rules", [])
    new = lifecycle_rule(bucket.mount, is_old=any("Prefix" in rule for rule in rules))
    if any(rule.get("ID") == new["ID"] for rule in rules):
        return None
    # S3 resets the options that a request leaves out.
    options = {name: answer[name] for name in LIFECYCLE_OPTIONS if rules and name in answer}
    lifecycle = {"LifecycleConfiguration": {"Rules": [*rules, new]}, **options}
    return lambda: bucket.call("put_bucket_lifecycle_configuration", **lifecycle)


UNBLOCKING = _Feature(
    "let a public policy work in {bucket} "
    f"(Public Access Block: {', '.join(BLOCKING_SWITCHES)} off)",
    CONSOLE,
    "get_public_access_block",
    NO_BLOCK,
    _plan_unblocking,
    {BLOCK: dict.fromkeys(BLOCKING_SWITCHES, True)},
)
READING = _Feature(
    "let anybody read {objects}",
    f"{CONSOLE}, or run this with --private",
    "get_bucket_policy",
    "NoSuchBucketPolicy",
    _plan_reading,
)
CLOSING = _Feature(
    "let nobody read {objects} without a signature (bucket policy)",
    f"{CONSOLE}, and let s3rewrite_doctor prove it",
    "get_bucket_policy",
    "NoSuchBucketPolicy",
    _plan_closing,
)
BLOCKING = _Feature(
    "keep policies and ACLs from making anything in {bucket} public (Public Access Block)",
    "",
    "get_public_access_block",
    NO_BLOCK,
    _plan_blocking,
)
CORS = _Feature(
    "let pages of any origin fetch from {bucket} with CORS",
    f"{CONSOLE}, or set CORS to False",
    "get_bucket_cors",
    "NoSuchCORSConfiguration",
    _plan_cors,
)
TIDYING = _Feature(
    f"remove uploads to {{bucket}} that were abandoned for {ABANDONED_DAYS} days",
    "",
    "get_bucket_lifecycle_configuration",
    "NoSuchLifecycleConfiguration",
    _plan_tidying,
)
