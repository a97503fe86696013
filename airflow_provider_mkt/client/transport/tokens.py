"""Access tokens, shared within a process by everything that uses the same credentials."""

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
"""Seconds before its expiry at which a token counts as expired."""


@dataclass(frozen=True)
class Token:
    """An access token and its expiry.

    :param usable_until: when to stop using it, in seconds on the session's clock; None when it does not
        expire. That is ``MARGIN`` before its expiry, except for a token that lives no longer than that.
    """

    value: str = field(repr=False)
    usable_until: float | None = None


class TokenCell:
    """Holds the token of one set of credentials, and the lock under which it is refreshed.

    An exchange never blocks on the lock: when it is taken the exchange yields a Sleep, so the same code works
    on threads and on event loops.
    """

    def __init__(self) -> None:
        self.token: Token | None = None
        self.refreshing = threading.Lock()

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
    # A thread that held one of the locks does not exist in the child, so nobody would release it.
    global _cells_lock
    _cells_lock = threading.Lock()
    for cell in _cells.values():
        cell.refreshing = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def authorize(
    platform: Platform,
    cell: TokenCell,
    rejected: Token | None,
    clock: Callable[[], float],
    on_token: Callable[[str], None] | None = None,
) -> Generator[Effect, Any, Token]:
    """Get a token: the shared one while it is usable, else a new one, fetched by one caller for all.

    :param rejected: the token that the platform has just refused, if any.
    :raises AuthenticationError: when the platform does not accept the credentials.
    """
    while True:
        token = cell.current(clock(), rejected)
        if token is not None:
            return token
        lock = cell.refreshing
        if not lock.acquire(blocking=False):
            yield Sleep(0.05)
            continue
        try:
            token = cell.current(clock(), rejected)
            if token is None:
                token = yield from _refresh(platform, clock)
                cell.token = token
                if on_token is not None:
                    on_token(token.value)
            return token
        finally:
            lock.release()


def _refresh(platform: Platform, clock: Callable[[], float]) -> Generator[Effect, Any, Token]:
    """Fetch a token.

    When the platform returns one that is about to expire, wait for that once: until then it returns the same.
    """
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
