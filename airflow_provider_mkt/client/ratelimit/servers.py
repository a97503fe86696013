"""Servers that hold budgets, locks and state for several machines (``[mkt] shared_state_url``)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable

T = TypeVar("T")

log = logging.getLogger(__name__)

SETTING = "[mkt] shared_state_url"

SHARED_STATE_WAIT = 300.0
"""Seconds for which a server that cannot be reached is waited for, when nothing else is configured."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

_LOG_INTERVAL = 60.0
"""Seconds between two log lines of this process about servers that cannot be reached."""

_KINDS = {
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
    "postgresql": "postgres",
    "postgres": "postgres",
}


def server_kind(url: str) -> str:
    """``redis`` or ``postgres``.

    :raises InvalidInput: when the URL has another scheme.
    """
    # SQLAlchemy's spelling, with a driver, is what other settings of Airflow hold.
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme not in _KINDS:
        # The URL may hold a password, so the error does not quote it.
        raise InvalidInput(SETTING, "must begin with redis://, rediss:// or postgresql://")
    return _KINDS[scheme]


@contextmanager
def client_library(url: str) -> Iterator[None]:
    """Turn a failing import of the server's client library into an error that says how to install it.

    :raises InvalidInput: when the library is not installed, or the URL has another scheme.
    """
    extra = server_kind(url)
    try:
        yield
    except ImportError:
        raise InvalidInput(
            SETTING, f"needs a client library: pip install 'airflow-provider-mkt[{extra}]'"
        ) from None


class Outage:
    """One wait for a server that may be away.

    :param at_most: how long to wait before its error is raised, in seconds.
    :param clock: seconds that never run backwards.
    """

    def __init__(self, at_most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_most, self._clock = at_most, clock
        self._since: float | None = None
        self._pause = _FIRST_PAUSE

    def after(self, error: SharedStateUnavailable) -> float:
        """Seconds until the next try, after a failed one.

        :raises SharedStateUnavailable: the error itself, when the server has been away for too long.
        """
        now = self._clock()
        if self._since is None:
            self._since, self._pause = now, _FIRST_PAUSE
        left = self._at_most - (now - self._since)
        if left <= 0:
            raise error
        _log_now_and_then(error, left)
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return min(pause, left)

    def end(self) -> None:
        """The server has answered."""
        self._since = None


def wait_while_away(
    work: Callable[[], T], *, at_most: float, sleep: Callable[[float], None] = time.sleep
) -> T:
    """Do *work* on a server, again and again while the server cannot be reached.

    :param at_most: how long, in seconds.
    :param sleep: waits so many seconds; an exception of it ends the wait.
    :raises SharedStateUnavailable: when the server was away for longer.
    """
    outage = Outage(at_most)
    while True:
        try:
            return work()
        except SharedStateUnavailable as error:
            pause = outage.after(error)
        sleep(pause)


_logging = threading.Lock()
_logged_at = float("-inf")


def _log_now_and_then(error: SharedStateUnavailable, left: float) -> None:
    """Log that a server is away: once a minute, however many calls and threads wait for it."""
    global _logged_at
    with _logging:
        if time.monotonic() - _logged_at < _LOG_INTERVAL:
            return
        _logged_at = time.monotonic()
    log.warning("%s; waiting for it, for %.0f s at most", error, left)
