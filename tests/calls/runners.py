"""The base of the call runners: hooks, paging, and a check of every response against its documentation."""

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
W = TypeVar("W", bound="CallRunner")


@dataclass
class CallRunner:
    """Runs calls, either blocking or async.

    :param blocking: run by ``hook.run``; otherwise by ``hook.arun`` on an event loop.
    :param profile: version profile of the connection.
    :param who: the connection to use.
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
        """Return a new hook for a connection."""
        raise NotImplementedError

    def by(self, who: str) -> Self:
        """Return a runner for another connection."""
        return replace(self, who=who)

    def __call__(self, call: Call[T]) -> T:
        return self._page(call)[0]

    def every(self, call: Call[list[T]]) -> list[T]:
        """Return the rows of all pages."""
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
def blocking_and_async(make: Callable[[bool, asyncio.Runner], W]) -> Iterator[tuple[W, W]]:
    """Provide a blocking and an async runner.

    :param make: builds a runner from whether it is blocking, and the loop that it may use.
    """
    with asyncio.Runner() as loop:
        runners: tuple[Any, Any] = (make(True, loop), make(False, loop))
        try:
            yield runners
        finally:
            for runner in runners:
                runner.close()
