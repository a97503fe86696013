"""What the ways to run a call of either platform share: hooks, pages, and a check of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

from calls.shapes import Documented, check

from airflow_provider_mkt.client.call import Call, Envelope
from airflow_provider_mkt.hooks.base import MarketingHook
from airflow_provider_mkt.sandbox import Sandbox

T = TypeVar("T")
W = TypeVar("W", bound="Way")


@dataclass
class Way:
    """Runs calls in one way.

    :param blocking: by ``hook.run``, and not by ``hook.arun`` on a loop.
    :param profile: version profile of the connection.
    :param who: whose connection it is.
    """

    documented: ClassVar[Documented]

    box: Sandbox
    blocking: bool
    loop: asyncio.Runner
    profile: str = ""
    who: str = "account"
    hooks: dict[str, MarketingHook] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def hook_of(self, who: str) -> MarketingHook:
        """A new hook for somebody's connection."""
        raise NotImplementedError

    def by(self, who: str) -> Self:
        """The same way, for another connection."""
        return replace(self, who=who)

    def __call__(self, call: Call[T]) -> T:
        return self._page(call)[0]

    def every(self, call: Call[list[T]]) -> list[T]:
        """The rows of all pages."""
        rows: list[T] = []
        page: Call[list[T]] | None = call
        while page is not None:
            found, envelope = self._page(page)
            rows += found
            page = page.next_page(envelope)
        return rows

    def wait(self, seconds: float) -> None:
        self.box.clock.advance(seconds)

    def close(self) -> None:
        for hook in self.hooks.values():
            if self.blocking:
                hook.close()
            else:
                self.loop.run(hook.aclose())

    def _page(self, call: Call[T]) -> tuple[T, Envelope]:
        seen = replace(call, read=_with_envelope(call.read))
        if self.who not in self.hooks:
            self.hooks[self.who] = self.hook_of(self.who)
        hook = self.hooks[self.who]
        value, envelope = hook.run(seen) if self.blocking else self.loop.run(hook.arun(seen))
        check(self.documented, call.name, self.profile, envelope)
        self.ran.add(call.name)
        return value, envelope


def _with_envelope(read: Callable[[Envelope], T]) -> Callable[[Envelope], tuple[T, Envelope]]:
    return lambda envelope: (read(envelope), envelope)


@contextmanager
def two_ways(make: Callable[[bool, asyncio.Runner], W]) -> Iterator[tuple[W, W]]:
    """A blocking way and one on a loop.

    :param make: makes a way of whether it blocks and the loop it may use.
    """
    with asyncio.Runner() as loop:
        ways: tuple[Any, Any] = (make(True, loop), make(False, loop))
        try:
            yield ways
        finally:
            for way in ways:
                way.close()
