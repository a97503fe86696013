"""What an answer means for what is to be done next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.errors import PlatformError


class RetryAction(Enum):
    """The next step after a failure."""

    FAIL = auto()
    """Asking again must fail again."""
    REFRESH_TOKEN = auto()
    """Get a new token; the platform did nothing."""
    BACK_OFF = auto()
    """Over the rate; the platform did nothing."""
    REDUCE_CONCURRENCY = auto()
    """Over the number of calls at once; the platform did nothing."""
    RETRY = auto()
    """Not now; the platform did nothing."""
    AMBIGUOUS = auto()
    """Nobody knows whether the platform did it."""


@dataclass(frozen=True)
class Success:
    """The platform did it."""

    envelope: Envelope


@dataclass(frozen=True)
class Failure:
    """The platform, or the way to it, failed.

    :param error: what to raise when nothing more is to be tried.
    :param action: what to try.
    :param wait: seconds to wait at least, when the platform's rules say.
    :param at_most: replays that still make sense, when the rules say.
    """

    error: PlatformError
    action: RetryAction
    wait: float | None = None
    at_most: int | None = None


Classification = Success | Failure
