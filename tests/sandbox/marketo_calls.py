"""Run calls of the client against the Marketo sandbox in both drivers."""

from __future__ import annotations

import asyncio
import re
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from calls.marketo_answers import ANSWERS
from calls.shapes import check
from pydantic import BaseModel

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo.platform import Marketo, MarketoAccount
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
from airflow_provider_mkt.client.transport.exchange import Reply, RetryPolicy, Session, TokenCell, exchange
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

_REQUEST_ID = re.compile(r"\b[0-9a-f]{4,5}#[0-9a-f]{9,}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z\+0000|Z)")


def unlimited() -> SharedBudget:
    """Return a budget without a limit, which needs no file."""
    return SharedBudget(SQLiteStore(Path(tempfile.gettempdir()) / "never-made.db"), {})


class Caller:
    """One API user of the sandbox."""

    def __init__(
        self, sandbox: Sandbox, client_id: str = seed.CLIENT_ID, secret: str = seed.CLIENT_SECRET
    ) -> None:
        self.sandbox = sandbox
        account = MarketoAccount(base_url=sandbox.marketo.url, client_id=client_id, client_secret=secret)
        self.session = Session(Marketo(account), policy=RetryPolicy(max_elapsed=0.0), tokens=TokenCell())
        self.driver = SyncDriver(unlimited())
        weakref.finalize(self, self.driver.close)

    @property
    def state(self) -> Any:
        self.sandbox.marketo.state.run_due_work()
        return self.sandbox.marketo.state

    def run(self, call: Call[Any]) -> Any:
        """Return the result of a call, or the rows of all pages. Every response is checked."""
        if call.follow is None:
            return self._reply(call).value
        rows: list[Any] = []
        page: Call[Any] | None = call
        while page is not None:
            reply = self._reply(page)
            rows += reply.value
            page = page.next_page(reply.envelope)
        return rows

    def _reply(self, call: Call[Any]) -> Reply[Any]:
        reply = self.driver.pump(exchange(call, self.session))
        check(ANSWERS, call.name, "", reply.envelope)
        return reply

    async def arun(self, call: Call[Any]) -> Any:
        async with AsyncDriver(unlimited()) as driver:
            if call.follow is None:
                return (await driver.pump(exchange(call, self.session))).value
            rows: list[Any] = []
            page: Call[Any] | None = call
            while page is not None:
                reply = await driver.pump(exchange(page, self.session))
                rows += reply.value
                page = page.next_page(reply.envelope)
            return rows

    def both(self, call: Call[Any], before: Iterable[Call[Any]] = ()) -> Any:
        """Run a call with the blocking and with the async driver, each in a new state, and compare."""
        before = list(before)
        self._anew(before)
        blocking = self.run(call)
        self._anew(before)
        awaited = asyncio.run(self.arun(call))
        assert plain(awaited) == plain(blocking)
        return blocking

    def _anew(self, before: Sequence[Call[Any]]) -> None:
        self.sandbox.marketo.reset()
        for call in before:
            self.run(call)


def plain(result: Any) -> Any:
    """Return a result as JSON, with times and request ids replaced."""
    match result:
        case BaseModel():
            return plain(result.model_dump(exclude_defaults=True))
        case dict():
            return {key: plain(value) for key, value in result.items()}
        case list():
            return [plain(one) for one in result]
        case str():
            return _REQUEST_ID.sub("(request)", _TIME.sub("(time)", result))
    return result
