"""Which ends of a request are tried again, and which ask for fewer requests. Pure.

One table for both writers, by the status or by the code, whichever says more:

| end of the request                                | tried again | fewer requests |
|---------------------------------------------------|-------------|----------------|
| 429, 503, 509, or a code of SLOW_DOWN             | yes         | yes            |
| 408, a code of TOO_LATE, or no answer in time     | yes         | yes            |
| 425, other 5xx, or a code of TRANSIENT            | yes         | no             |
| no answer for another reason                      | yes         | no             |
| 501, 505, or any other answer                     | no          | no             |

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, and the services whose
codes it does not name, such as Cloudflare R2 (429 TooManyRequests).
"""

import random

ATTEMPTS = 3
"""Times that a request is tried."""

SLOW_DOWN = frozenset(
    """
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException
    ProvisionedThroughputExceededException ReduceYourRequestRate RequestLimitExceeded
    RequestThrottled RequestThrottledException ServiceUnavailable SlowDown SlowDownRead
    SlowDownWrite ThrottledException Throttling ThrottlingException TooManyRequests
    TooManyRequestsException
    """.split()
)
"""Codes with which a service asks for fewer requests."""

TOO_LATE = frozenset({"RequestTimeout", "RequestTimeoutException"})
"""Codes for a request that did not arrive in time: too many share a slow line."""

TRANSIENT = frozenset({"InternalError", "PriorRequestNotComplete"})

PAUSE = 0.05  # seconds
SLOW_DOWN_PAUSE = 1.0  # seconds


def is_transient(status: int, code: str) -> bool:
    """Whether another attempt may succeed; `status` is 0 where there was no answer."""
    by_status = status in {0, 408, 425, 429} or (status >= 500 and status not in {501, 505})
    return by_status or code in SLOW_DOWN | TOO_LATE | TRANSIENT


def asks_for_fewer(status: int, code: str) -> bool:
    """Whether fewer requests at a time would help."""
    return status in {408, 429, 503, 509} or code in SLOW_DOWN | TOO_LATE


def pause(number: int, *, is_slow_down: bool) -> float:
    """Seconds after attempt `number` (from 1), as in boto3's standard mode."""
    scale = SLOW_DOWN_PAUSE if is_slow_down else PAUSE
    return random.random() * scale * 2.0 ** (number - 1)  # noqa: S311
