"""What an answer means for what is to be done next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.errors import PlatformError


class Next(Enum):
    """The next step after a failure."""

    FAIL = auto()
    """Asking again must fail again."""
    REFRESH = auto()
    """Get a new token; the platform did nothing."""
    SLOW_DOWN = auto()
    """Over the rate; the platform did nothing."""
    STEP_BACK = auto()
    """Over the number of calls at once; the platform did nothing."""
    LATER = auto()
    """Not now; the platform did nothing."""
    DOUBT = auto()
    """Nobody knows whether the platform did it."""


@dataclass(frozen=True)
class Done:
    """The platform did it."""

    envelope: Envelope


@dataclass(frozen=True)
class Refused:
    """The platform, or the way to it, failed.

    :param error: what to raise when nothing more is to be tried.
    :param next: what to try.
    :param wait: seconds to wait at least, when the platform's rules say.
    :param at_most: replays that still make sense, when the rules say.
    """

    error: PlatformError
    next: Next
    wait: float | None = None
    at_most: int | None = None


Verdict = Done | Refused
