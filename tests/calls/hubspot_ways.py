"""The ways to run a HubSpot call: through the hook, blocking or on a loop, in either version profile."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from calls.hubspot_answers import ANSWERS
from calls.shapes import check

from airflow_provider_mkt.api.call import Call, Envelope
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seeding

T = TypeVar("T")

TOKENS: dict[str, dict[str, Any]] = {
    "account": {"password": seed.TOKEN},
    "developer": {"password": seeding.DEVELOPER_TOKEN},
    "client": {
        "login": seed.OAUTH_CLIENT_ID,
        "password": seed.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": seed.REFRESH_TOKEN},
    },
}


@dataclass
class Way:
    """Runs calls in one way, and checks every answer against what is documented.

    :param who: whose connection it is, one of ``TOKENS``.
    """

    box: Sandbox
    profile: str
    blocking: bool
    loop: asyncio.Runner
    who: str = "account"
    hooks: dict[str, HubSpotHook] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def by(self, who: str) -> Way:
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

    def _page(self, call: Call[T]) -> tuple[T, Envelope]:
        seen = replace(call, read=_with_envelope(call.read))
        hook = self.hooks.setdefault(self.who, HubSpotHook(f"{self.who}_{self.profile}"))
        value, envelope = hook.run(seen) if self.blocking else self.loop.run(hook.arun(seen))
        check(ANSWERS, call.name, self.profile, envelope)
        self.ran.add(call.name)
        return value, envelope

    def close(self) -> None:
        for hook in self.hooks.values():
            if self.blocking:
                hook.close()
            else:
                self.loop.run(hook.aclose())


def _with_envelope(read: Callable[[Envelope], T]) -> Callable[[Envelope], tuple[T, Envelope]]:
    return lambda envelope: (read(envelope), envelope)


@contextmanager
def both_ways(box: Sandbox, profile: str) -> Iterator[tuple[Way, Way]]:
    """A blocking way and one on a loop, for the sandbox in one profile."""
    for who, given in TOKENS.items():
        extra = {"api_version": profile, "legacy_calls": True, **given.get("extra", {})}
        connection = {"conn_type": "hubspot", "host": box.hubspot.url, **given, "extra": extra}
        os.environ[f"AIRFLOW_CONN_{who.upper()}_{profile.upper()}"] = json.dumps(connection)
    with asyncio.Runner() as loop:
        ways = (Way(box, profile, True, loop), Way(box, profile, False, loop))
        try:
            yield ways
        finally:
            for way in ways:
                way.close()
            for who in TOKENS:
                del os.environ[f"AIRFLOW_CONN_{who.upper()}_{profile.upper()}"]
