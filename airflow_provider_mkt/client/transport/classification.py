"""The classification of an answer: success, or a failure and what to do after it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.errors import PlatformError


class RetryAction(Enum):
    """The next step after a failure."""

    FAIL = auto()
    """Fail: the same request must fail again."""
    REFRESH_TOKEN = auto()
    """Get a new token and retry. The platform did nothing."""
    BACK_OFF = auto()
    """Wait and retry: over the rate limit. The platform did nothing."""
    REDUCE_CONCURRENCY = auto()
    """Wait and retry: too many calls in flight. The platform did nothing."""
    RETRY = auto()
    """Wait and retry: not available now. The platform did nothing."""
    AMBIGUOUS = auto()
    """Retry only when that is safe: the platform may have done it."""


@dataclass(frozen=True)
class Success:
    """The platform did what was requested."""

    envelope: Envelope


@dataclass(frozen=True)
class Failure:
    """The platform, or the network on the way to it, failed.

    :param error: the error to raise when there is no further attempt.
    :param action: what to do.
    :param wait: the least wait in seconds that the platform asks for; None when it asks for none.
    :param at_most: how many retries make sense at most; None when the retry policy alone decides.
    """

    error: PlatformError
    action: RetryAction
    wait: float | None = None
    at_most: int | None = None


Classification = Success | Failure
