"""Access tokens, shared by everything in a process that uses the same credentials."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.transport.wire import Effect, Send, Sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_mkt.client.transport.platform import Platform

MARGIN = 30.0
"""Seconds before its end at which a token counts as expired."""


@dataclass(frozen=True)
class Token:
    """An access token and when it ends.

    :param usable_until: when to stop using it, in seconds on the exchange's clock, or None when it does
        not expire. The margin before its end, save for a token whose whole life is shorter.
    """

    value: str = field(repr=False)
    usable_until: float | None = None


class TokenCell:
    """Holds one set of credentials' token, and the lock under which it is renewed.

    The lock is only ever tried, never waited for: an exchange that does not get it sleeps as it
    sleeps for everything else, so the same code serves threads and event loops.
    """

    def __init__(self) -> None:
        self.token: Token | None = None
        self.renewing = threading.Lock()

    def current(self, now: float, rejected: Token | None) -> Token | None:
        token = self.token
        if token is None or token is rejected:
            return None
        if token.usable_until is not None and now >= token.usable_until:
            return None
        return token


_cells: dict[str, TokenCell] = {}
_cells_lock = threading.Lock()


def cell_for(key: str) -> TokenCell:
    """The process-wide cell of one set of credentials."""
    with _cells_lock:
        return _cells.setdefault(key, TokenCell())


def _after_fork() -> None:
    # A thread that held one of the locks does not exist in the child, and would never release it.
    global _cells_lock
    _cells_lock = threading.Lock()
    for cell in _cells.values():
        cell.renewing = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def authorise(
    platform: Platform,
    cell: TokenCell,
    rejected: Token | None,
    clock: Callable[[], float],
    on_token: Callable[[str], None] | None = None,
) -> Generator[Effect, Any, Token]:
    """Get a token: the shared one while it is good, else a new one, fetched by one caller for all.

    :param rejected: the token the platform has just refused, if any.
    :raises AuthenticationError: when the platform does not accept the credentials.
    """
    while True:
        token = cell.current(clock(), rejected)
        if token is not None:
            return token
        lock = cell.renewing
        if not lock.acquire(blocking=False):
            yield Sleep(0.05)
            continue
        try:
            token = cell.current(clock(), rejected)
            if token is None:
                token = yield from _renew(platform, clock)
                cell.token = token
                if on_token is not None:
                    on_token(token.value)
            return token
        finally:
            lock.release()


def _renew(platform: Platform, clock: Callable[[], float]) -> Generator[Effect, Any, Token]:
    """Fetch a token. One that is about to end is waited out once: asking sooner gets the same one."""
    for waited in (False, True):
        requested_at = clock()
        request = platform.token_request()
        if request is None:
            return Token(platform.static_token())
        value, lifetime = platform.read_token((yield Send(request)))
        if lifetime > MARGIN:
            return Token(value, requested_at + lifetime - MARGIN)
        if waited:
            break
        yield Sleep(max(lifetime, 0.0) + 1.0)
    return Token(value, requested_at + lifetime)
