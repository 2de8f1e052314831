"""CloudFront, through boto3.

The credentials need cloudfront:CreateInvalidation and cloudfront:GetInvalidation.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import uuid4

from s3rewrite.cdn.types import CDNError


class CloudFront:
    """`{"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION_ID": "E1…"}`.

    "CLIENT" has arguments of `boto3.client("cloudfront")`.
    """

    def __init__(
        self, public_url: str, distribution_id: str, client: dict[str, Any] | None = None
    ) -> None:
        self._id = distribution_id
        self._options = client or {}

    def clear(self, paths: Sequence[str]) -> str:
        """Create an invalidation; returns its id."""
        batch = {
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": uuid4().hex,
        }
        with self._translating():
            answer = self._client.create_invalidation(
                DistributionId=self._id, InvalidationBatch=batch
            )
            return str(answer["Invalidation"]["Id"])

    def is_clear(self, clearing: str) -> bool:
        """Whether the invalidation is completed."""
        with self._translating():
            answer = self._client.get_invalidation(DistributionId=self._id, Id=clearing)
            return str(answer["Invalidation"]["Status"]).lower() == "completed"

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415 - web processes do not need it
        from botocore.config import Config  # noqa: PLC0415

        config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
        # It has no regions; boto3 wants one all the same.
        options: dict[str, Any] = {"region_name": "us-east-1", "config": config} | self._options
        return boto3.session.Session().client("cloudfront", **options)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        try:
            yield
        except (BotoCoreError, ClientError, ResponseParserError, KeyError) as error:
            raise CDNError(f"CloudFront distribution {self._id}: {error}") from error
