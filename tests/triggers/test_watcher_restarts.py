"""A watcher that is killed, refused or doubled: every entry is in one event, and only equal events repeat."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.triggers.base import TriggerEvent
from airflow_runs import connected, lift_search_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watching import Lines, Triggerer, Watch, change, contact, watching
from workers import until

from airflow_provider_mkt.actions import feeds
from airflow_provider_mkt.client.errors import InvalidInput, QuotaExhausted
from airflow_provider_mkt.client.ratelimit.store import SharedStateUnavailable
from airflow_provider_mkt.hooks.base import MarketingHook
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.hooks.state import watcher_state
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import NEW_LEAD
from airflow_provider_mkt.triggers import _watcher, _watcher_state
from airflow_provider_mkt.triggers._watcher_state import Watched
from airflow_provider_mkt.triggers._watching import WatcherTrigger
from airflow_provider_mkt.triggers.leads import (
    LeadActivitiesTrigger,
    LeadChangesTrigger,
    ListMembersTrigger,
    ListRemovalsTrigger,
    NewLeadsTrigger,
)

ACTIVITIES = "/rest/v1/activities.json"

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connected() as sandbox:
        sandbox.hubspot.settings.search_lag = 0
        yield sandbox


STEPS = st.lists(
    st.sampled_from(
        ["write", "write", "late", "poll", "poll", "store", "not confirmed", "kill", "refused", "outage"]
    ),
    min_size=5,
    max_size=25,
)
OFTEN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@OFTEN
@given(steps=STEPS)
def test_every_change_of_marketo_is_in_one_event(
    box: Sandbox, steps: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path_factory.mktemp("state")))
    leads: list[str] = []

    def write(ago: float = 0) -> None:
        lead = 50_000 + len(box.marketo.state.log)
        leads.append(str(lead))
        state = box.marketo.state
        state.log.add(NEW_LEAD, lead, state.now() - timedelta(seconds=ago))

    async def run() -> None:
        box.clock.advance(2)
        async with aclosing(Triggerer(NewLeadsTrigger("marketo_default"), box)) as triggerer:
            assert not await triggerer.poll()
            box.clock.advance(600)
            await _do(steps, triggerer, write, box.marketo)
        assert triggerer.found == sorted(leads)

    asyncio.run(run())


@OFTEN
@given(steps=STEPS)
def test_every_new_contact_of_hubspot_is_in_one_event(
    box: Sandbox, steps: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path_factory.mktemp("state")))
    lift_search_limit(box, monkeypatch)
    made: list[str] = []

    def write(ago: float = 0) -> None:
        made.append(contact(box, f"c{len(box.hubspot.state.contacts)}"))

    async def run() -> None:
        box.clock.advance(2)
        async with aclosing(Triggerer(NewLeadsTrigger("hubspot_default"), box)) as triggerer:
            assert not await triggerer.poll()
            await _do(steps, triggerer, write, box.hubspot)
        assert triggerer.found == sorted(made)

    asyncio.run(run())


async def _do(steps: list[str], triggerer: Triggerer, write: Any, platform: Any) -> None:
    for step in steps:
        match step:
            case "write":
                write()
            case "late":
                write(ago=300)
            case "poll":
                await triggerer.poll()
            case "store":
                await triggerer.store()
            case "not confirmed":
                # In the database, but the triggerer dies before it knows.
                await triggerer.store(confirm=False)
                await triggerer.kill()
            case "kill":
                await triggerer.kill()
            case "refused":
                platform.faults.add("*", answer={"status": 503}, times=3)
                await triggerer.poll()
            case "outage":
                # Events that no database takes, for some rounds.
                for _ in range(3):
                    await triggerer.poll()
                await triggerer.kill()
    await triggerer.kill()
    await triggerer.until_quiet()
    assert not await triggerer.poll()


def test_an_event_is_confirmed_when_airflow_has_stored_it(box: Sandbox) -> None:
    """With Airflow's own streams: what is not stored is sent again after a restart, and nothing else."""
    streams = pytest.importorskip("airflow.triggers.shared_stream", reason="Airflow has them from 3.3 on.")

    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default", poll_interval=1)
        key = trigger.shared_stream_key()
        assert key is not None
        box.clock.advance(2)

        @asynccontextmanager
        async def triggerer(number: int) -> AsyncIterator[tuple[Any, Any]]:
            manager = streams.SharedStreamManager()
            raw = manager.subscribe(trigger_id=number, trigger=trigger, key=key)
            events = trigger.filter_shared_stream(raw)
            try:
                yield manager, events
            finally:
                await manager.unsubscribe(number, key)

        async with triggerer(1) as (manager, events):
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.to_thread(until, lambda: box.marketo.calls.of("GET", ACTIVITIES).total > 0)
            change(box, marketo.BEN, NEW_LEAD)
            first = (await asyncio.wait_for(waiting, 60)).payload
            assert first["ids"] == [str(marketo.BEN)]
            manager.bind_pending_event(trigger_id=1, key=key)
            # The triggerer dies before the event is stored.
        async with triggerer(1) as (manager, events):
            assert (await asyncio.wait_for(anext(events), 60)).payload == first
            stored = manager.bind_pending_event(trigger_id=1, key=key)
            change(box, marketo.CARLA, NEW_LEAD)
            second = (await asyncio.wait_for(anext(events), 60)).payload
            assert second["ids"] == [str(marketo.CARLA)]
            manager.bind_pending_event(trigger_id=1, key=key)
            manager.confirm_persisted([stored])
            await asyncio.to_thread(until, lambda: outbox(trigger) == [second["key"]])
        async with triggerer(1) as (manager, events):
            assert (await asyncio.wait_for(anext(events), 60)).payload == second

    asyncio.run(run())


def outbox(trigger: WatcherTrigger) -> list[str]:
    """The keys of the events that a trigger does not know to be stored."""
    watched = Watched(trigger.conn_id, trigger.feed, trigger.arguments, trigger.poll_interval)
    kept: Any = watcher_state(watched.digest()).get("watcher")
    return [one["key"] for one in kept["outbox"]]


def test_without_confirmations_an_event_counts_as_stored_after_the_next_poll(box: Sandbox) -> None:
    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default", poll_interval=1)
        async with aclosing(cast("AsyncGenerator[TriggerEvent]", trigger.run())) as events:
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.to_thread(until, lambda: box.marketo.calls.of("GET", ACTIVITIES).total > 0)
            box.clock.advance(2)
            change(box, marketo.BEN, NEW_LEAD)
            event = await asyncio.wait_for(waiting, 60)
            assert outbox(trigger) == [event.payload["key"]]
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.to_thread(until, lambda: not outbox(trigger))
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(run())


def test_watchers_that_ask_the_same_poll_once(box: Sandbox) -> None:
    async def run() -> int:
        triggers = [
            LeadActivitiesTrigger("marketo_default", activity_type_ids=[12], about_id=about)
            for about in (None, 1, 2, 3)
        ]
        async with AsyncExitStack() as stack:
            watches = [await stack.enter_async_context(watching(one)) for one in triggers]

            async def rounds(watch: Watch) -> None:
                for _ in range(5):
                    await watch.poll()

            await asyncio.gather(*map(rounds, watches))
        return box.marketo.calls.of("GET", ACTIVITIES).total

    # 20 polls; they begin at different moments, and then are together.
    assert asyncio.run(run()) <= 10


def test_another_account_is_watched_from_now_on(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default")
        async with watching(trigger) as watch:
            assert await watch.poll() is None
        with connected() as other:
            change(other, marketo.ANNA, NEW_LEAD)
            monkeypatch.setattr(MarketoHook, "aaccount_id", _other_account)
            async with watching(trigger, lambda: time.time() + 5) as watch:
                assert await watch.poll() is None
                assert "leads to another account than before" in watch.log.text

    asyncio.run(run())


async def _other_account(self: MarketoHook) -> str:
    await self.aplatform()
    return "marketo other"


def test_a_triggerer_that_wakes_up_late_sends_nothing_twice(box: Sandbox) -> None:
    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default")
        async with watching(trigger) as stalled, watching(trigger) as other:
            assert await stalled.poll() is None
            assert await other.poll() is None
            box.clock.advance(2)
            change(box, marketo.ANNA, NEW_LEAD)
            event = await other.found()
            await other.confirm(event)
            for _ in range(3):
                assert await stalled.poll() is None

    asyncio.run(run())


def test_used_up_calls_are_waited_for_with_one_line_in_the_log() -> None:
    log, now = Lines(), time.time()
    failures = _watcher._Failures(log, Watched("marketo_default", "new_leads", {}, 300.0), lambda: now)
    reset = datetime.fromtimestamp(now + 7200, UTC)
    for _ in range(3):
        error = QuotaExhausted("the daily calls are used up", resets_at=reset, platform="marketo")
        assert failures.pause_after(error, known=True) == pytest.approx(7200)
    assert log.text.count("next attempt in 7200 s") == log.text.count("\n") == 1


def test_a_watcher_with_another_interval_goes_on_where_it_was(box: Sandbox) -> None:
    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default")
        async with watching(trigger) as watch:
            assert await watch.poll() is None
        box.clock.advance(2)
        change(box, marketo.ANNA, NEW_LEAD)
        slower = Watched(trigger.conn_id, trigger.feed, trigger.arguments, 300.0)
        async with aclosing(_watcher.Watcher(slower, Lines()).rounds()) as rounds:
            payload = await asyncio.wait_for(anext(rounds), 60)
        assert payload is not None
        assert payload["ids"] == [str(marketo.ANNA)]

    asyncio.run(run())


@pytest.mark.parametrize("away", ["state", "platform", "connection"])
def test_what_cannot_be_read_now_is_read_later(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    monkeypatch.setattr(_watcher, "_RETRY_START", 0.05)

    def refuse(*_: object) -> None:
        raise SharedStateUnavailable("the server is away")

    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default")
        async with watching(trigger) as watch:
            assert await watch.poll() is None
            box.clock.advance(2)
            change(box, marketo.ANNA, NEW_LEAD)
        with monkeypatch.context() as broken:
            if away == "state":
                broken.setattr(_watcher_state, "watcher_state", refuse)
            elif away == "platform":
                box.marketo.faults.add("*", answer={"status": 404}, times=None)
            else:
                broken.delenv("AIRFLOW_CONN_MARKETO_DEFAULT")
            async with watching(trigger) as watch:
                waiting = asyncio.ensure_future(watch.poll())
                await asyncio.to_thread(until, lambda: "cannot be read" in watch.log.text)
                await asyncio.sleep(0.3)
                assert watch.log.text.count("cannot be read") == 1
                broken.undo()
                box.marketo.faults.clear()
                assert (await waiting or {}).get("ids") == [str(marketo.ANNA)]
                assert watch.log.text.count("is read again") == 1

    asyncio.run(run())


def test_a_paging_token_that_is_too_old_is_replaced(box: Sandbox) -> None:
    async def run() -> None:
        trigger = NewLeadsTrigger("marketo_default")
        async with watching(trigger) as watch:
            assert await watch.poll() is None
            box.clock.advance(2)
            change(box, marketo.ANNA, NEW_LEAD)
            assert (await watch.found())["ids"] == [str(marketo.ANNA)]
            # Reading goes on from the token, when the whole window was read a moment before.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(feeds, "reads_whole_window", lambda *_, **__: False)
                box.marketo.settings.paging_token_seconds = 60
                box.clock.advance(120)
                change(box, marketo.BEN, NEW_LEAD)
                assert (await watch.found())["ids"] == [str(marketo.BEN)]
                assert "paging token is not valid any more" in watch.log.text

    asyncio.run(run())


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: NewLeadsTrigger(""), "conn_id"),
        (lambda: NewLeadsTrigger("hubspot_default", poll_interval=0.5), "poll_interval"),
        (lambda: LeadChangesTrigger("hubspot_default", fields="email"), "fields"),
        (lambda: ListMembersTrigger("hubspot_default", list_id=None), "list_id"),  # type: ignore[arg-type]
        (lambda: LeadActivitiesTrigger("marketo_default", activity_type_ids=[]), "activity_type_ids"),
    ],
)
def test_a_wrong_argument_is_an_error_in_the_dag_file(make: Callable[[], object], named: str) -> None:
    with pytest.raises(TypeError, match=named):
        make()


@pytest.mark.parametrize(
    ("hook", "feed", "named"),
    [
        (MarketoHook, "lead_changes", "fields: is missing"),
        (HubSpotHook, "form_submissions", "form_id: is missing"),
        (HubSpotHook, "lead_activities", "conn_id: is of type hubspot, which has no feed"),
    ],
)
def test_what_a_platform_needs_or_lacks_is_named(hook: type[MarketingHook], feed: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        hook().feed(feed, {})


def test_members_that_joined_before_a_restart_are_missed_after_it(box: Sandbox) -> None:
    lists = box.hubspot.state.lists
    one = lists.get(hubspot.LIST_ID)
    assert one is not None
    trigger = ListRemovalsTrigger("hubspot_default", list_id=hubspot.LIST_ID)

    async def run() -> None:
        async with watching(trigger) as watch:
            assert await watch.poll() is None
            lists.add_members(one, [joined := contact(box, "joined")])
            assert await watch.poll() is None
        lists.take_out(one, [joined])
        async with watching(trigger) as watch:
            assert (await watch.found())["ids"] == [joined]

    asyncio.run(run())


def test_it_is_rebuilt_from_what_it_serializes_to() -> None:
    one = LeadChangesTrigger("marketo_default", fields=["email"], list_id=7, poll_interval=60)
    path, arguments = one.serialize()
    assert path == "airflow_provider_mkt.triggers.leads.LeadChangesTrigger"
    assert json.loads(json.dumps(arguments)) == {
        "conn_id": "marketo_default",
        "fields": ["email"],
        "list_id": "7",
        "poll_interval": 60.0,
    }
    assert LeadChangesTrigger(**arguments).serialize() == one.serialize()


def test_of_more_entries_than_are_known_the_oldest_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "KNOWN_MAX", 100)
    now = 1_800_000_000.0
    rows = [feeds.Entry(str(n), str(n), datetime.fromtimestamp(now - 300 + n, UTC)) for n in range(250)]

    class Rows(feeds.Feed):
        late, page = 900.0, 100

        def read(self, span: feeds.Span, note: Callable[[feeds.Entry], None], log: Any) -> Any:
            yield from ()
            for row in rows:
                note(row)

    def poll(mark: feeds.Mark) -> feeds.Found:
        poll = feeds.FeedPoll(Rows(), mark, logging.getLogger(), lambda: now)
        assert list(feeds.read_together([poll])) == []
        return poll.found

    first = poll(feeds.Mark.at(now - 800))
    assert (first.count, len(first.ids), first.more) == (250, 100, True)
    assert feeds.Mark.from_json(json.loads(json.dumps(first.mark.to_json()))) == first.mark
    assert poll(first.mark).count == 0
