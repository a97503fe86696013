"""Watchers of a triggerer whose clock was ahead for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from airflow_runs import connected

from airflow_provider_mkt.actions.feeds import FeedPoll, Mark
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.triggers._shared_polls import WaitingTask, shared_polls

DAY = 86400.0


class Lines:
    """Keeps the warnings of a watcher."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None:
        self.warnings.append(message % args)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connected() as sandbox:
        sandbox.hubspot.settings.search_lag = 0
        yield sandbox


def on_hubspot(box: Sandbox, number: int) -> str:
    box.clock.advance(1)
    return box.hubspot.state.contacts.create({"email": f"c{number}@example.com"}).id


def on_marketo(box: Sandbox, number: int) -> str:
    state = box.marketo.state
    state.log.add(12, number, state.now() - timedelta(seconds=1))
    return str(number)


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize(
    ("conn_id", "make"), [("hubspot_default", on_hubspot), ("marketo_default", on_marketo)]
)
def test_what_happens_while_the_clock_is_ahead_is_in_an_event_once(
    box: Sandbox, conn_id: str, make: Callable[[Sandbox, int], str]
) -> None:
    ahead, log = 0.0, Lines()
    reported: list[str] = []
    made: list[str] = []

    async def run() -> None:
        nonlocal ahead
        async with shared_polls(conn_id) as polls:
            task, feed = WaitingTask(polls, (), 0.5), polls.hook.feed("new_leads", {})
            mark = Mark.at(box.clock.time() - 60)
            for number, ahead in enumerate((0.0, DAY, DAY, 0.0, DAY, 0.0, 0.0), 1):
                made.append(make(box, number))
                one = FeedPoll(feed, mark, log, lambda ahead=ahead: box.clock.time() + ahead)  # type: ignore[misc]
                found = await polls.feeds.read(one, task)
                mark = found.mark
                reported.extend(found.ids)
                box.clock.advance(10)

    asyncio.run(run())
    assert reported == made
    assert len(log.warnings) == 2
