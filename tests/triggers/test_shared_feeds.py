"""Watchers that share the reads of their feed, wherever each of them has got to, find what is theirs."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import connected
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from watching import Lines, Triggerer, contact
from workers import until

from airflow_provider_mkt.actions.feeds import Feed, FeedPoll, Found, Mark
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import NEW_LEAD
from airflow_provider_mkt.triggers import _shared_polls
from airflow_provider_mkt.triggers._shared_polls import SharedPolls, WaitingTask, shared_polls
from airflow_provider_mkt.triggers._watching import WatcherTrigger
from airflow_provider_mkt.triggers.emails import EmailsSentTrigger
from airflow_provider_mkt.triggers.leads import (
    DeletedLeadsTrigger,
    ListMembersTrigger,
    ListRemovalsTrigger,
    NewLeadsTrigger,
)

ACTIVITIES, TOKEN = "/rest/v1/activities.json", "/rest/v1/activities/pagingtoken.json"
SEARCH = "/crm/objects/2026-09/contacts/search"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connected() as sandbox:
        sandbox.hubspot.settings.search_lag = 0
        yield sandbox


class Reader:
    """Polls of one connection whose watchers read at the same moment.

    :param polls: of the connection.
    :param box: has the clock.
    """

    def __init__(self, polls: SharedPolls, box: Sandbox) -> None:
        self._polls, self._box = polls, box
        self._task = WaitingTask(polls, (), 0.5)
        self.log = Lines()

    def feed(self, name: str, **arguments: object) -> Feed:
        return self._polls.hook.feed(name, arguments)

    def poll(self, feed: Feed, mark: Mark) -> Coroutine[Any, Any, Found]:
        poll = FeedPoll(feed, mark, self.log, self._box.clock.time)
        return self._polls.feeds.read(poll, self._task)


@asynccontextmanager
async def reading(conn_id: str, box: Sandbox) -> AsyncIterator[Reader]:
    async with shared_polls(conn_id) as polls:
        yield Reader(polls, box)
    assert not any(_shared_polls._shared.values())


def log_lead(box: Sandbox, lead: int, ago: float, kind: int = NEW_LEAD, about: int = 0) -> None:
    state = box.marketo.state
    state.log.add(kind, lead, state.now() - timedelta(seconds=ago), primary=(about, "x"))


# -- one read ------------------------------------------------------------------------------------------


def test_watchers_that_began_at_different_times_share_a_read_of_marketo(box: Sandbox) -> None:
    now = box.clock.time()
    for lead, ago in ((1, 30 * MINUTE), (2, 5 * MINUTE), (3, 5)):
        log_lead(box, lead, ago)

    async def run() -> None:
        async with reading("marketo_default", box) as reader:
            feed = reader.feed("new_leads")
            marks = [Mark.at(now - ago) for ago in (HOUR, 10 * MINUTE, MINUTE, 0)]
            found = await asyncio.gather(*(reader.poll(feed, mark) for mark in marks))
            assert [one.ids for one in found] == [["1", "2", "3"], ["2", "3"], ["3"], []]
            assert box.marketo.calls.of("GET", ACTIVITIES).total == 1
            assert box.marketo.calls.of("GET", TOKEN).total == 1
            log_lead(box, 4, 0)
            log_lead(box, 5, 7 * MINUTE)
            again = await asyncio.gather(*(reader.poll(feed, one.mark) for one in found))
            # The fifth is late, and from before two of them began.
            assert [sorted(one.ids) for one in again] == [["4", "5"], ["4", "5"], ["4"], ["4"]]
            assert box.marketo.calls.of("GET", ACTIVITIES).total == 2

    asyncio.run(run())


def test_watchers_that_began_at_different_times_share_a_read_of_hubspot(box: Sandbox) -> None:
    now = box.clock.time()
    made = contact(box, "new")

    async def run() -> None:
        async with reading("hubspot_default", box) as reader:
            feed = reader.feed("new_leads")
            marks = [Mark.at(now + ahead) for ahead in (-600, -60, -1, 60)]
            found = await asyncio.gather(*(reader.poll(feed, mark) for mark in marks))
            assert [one.ids for one in found] == [[made], [made], [made], []]
            assert box.hubspot.calls.of("POST", SEARCH).total == 1

    asyncio.run(run())


def test_watchers_of_different_lists_and_forms_of_marketo_share_a_read(box: Sandbox) -> None:
    now = box.clock.time()
    for lead, kind, about in ((1, 24, 1001), (2, 24, 1002), (3, 24, 1003), (4, 2, 7), (5, 2, 8)):
        log_lead(box, lead, 5, kind, about)

    async def run() -> None:
        async with reading("marketo_default", box) as reader:
            feeds = [
                reader.feed("list_members", list_id="1001"),
                reader.feed("list_members", list_id="1002"),
                reader.feed("form_submissions", form_id="7"),
                reader.feed("form_submissions"),
                reader.feed("lead_activities", activity_type_ids=[2], about_id="8"),
            ]
            marks = [Mark.at(now - ago) for ago in (60, 90, 60, 90, 120)]
            found = await asyncio.gather(
                *(reader.poll(feed, mark) for feed, mark in zip(feeds, marks, strict=True))
            )
            assert [one.ids for one in found] == [["1"], ["2"], ["4"], ["4", "5"], ["5"]]
            # One for the lists, one for the forms.
            assert box.marketo.calls.of("GET", ACTIVITIES).total == 2

    asyncio.run(run())


def test_one_that_is_far_behind_reads_on_its_own_until_it_has_caught_up(box: Sandbox) -> None:
    now = box.clock.time()
    for number in range(650):
        log_lead(box, 1000 + number, DAY - number)
    log_lead(box, 7, 5)
    pages = box.marketo.calls.of("GET", ACTIVITIES)

    async def run() -> None:
        async with reading("marketo_default", box) as reader:
            feed = reader.feed("new_leads")
            far, far_too, near, new = (Mark.at(now - ago) for ago in (2 * DAY, 2 * DAY - HOUR, HOUR, 10))
            found = await asyncio.gather(*(reader.poll(feed, one) for one in (far, near, far_too, new)))
            assert [one.count for one in found] == [651, 1, 651, 1]
            # Three pages for the two that are behind, and one for the others.
            assert pages.total == 4
            again = await asyncio.gather(*(reader.poll(feed, one.mark) for one in found))
            assert [one.count for one in again] == [0, 0, 0, 0]
            assert pages.total == 5

    asyncio.run(run())


def test_a_read_that_fails_fails_for_each_and_moves_no_mark(box: Sandbox) -> None:
    now = box.clock.time()
    log_lead(box, 1, 5)
    box.marketo.faults.add(ACTIVITIES, answer={"status": 404})

    async def run() -> None:
        async with reading("marketo_default", box) as reader:
            feed = reader.feed("new_leads")
            marks = [Mark.at(now - ago) for ago in (20, 30)]
            polls = [reader.poll(feed, mark) for mark in marks]
            errors = await asyncio.gather(*polls, return_exceptions=True)
            assert [isinstance(one, PlatformError) for one in errors] == [True, True]
            assert errors[0] is not errors[1]
            found = await asyncio.gather(*(reader.poll(feed, mark) for mark in marks))
            assert [one.ids for one in found] == [["1"], ["1"]]

    asyncio.run(run())


def test_a_watcher_that_ends_leaves_the_read_to_the_others(box: Sandbox) -> None:
    now = box.clock.time()
    log_lead(box, 1, 5)

    async def run() -> None:
        async with reading("marketo_default", box) as reader:
            feed = reader.feed("new_leads")
            tasks = [asyncio.create_task(reader.poll(feed, Mark.at(now - ago))) for ago in (20, 30)]
            await asyncio.sleep(0)
            tasks[1].cancel()
            assert (await tasks[0]).ids == ["1"]
            # All end while they are read.
            fault = box.marketo.faults.add(ACTIVITIES, delay=600)
            tasks = [asyncio.create_task(reader.poll(feed, Mark.at(now - ago))) for ago in (20, 30)]
            await asyncio.to_thread(until, lambda: fault.fired > 0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # The read ended with the last of them.
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


# -- many watchers -------------------------------------------------------------------------------------

WATCHERS_MAX = 4
SOME = st.sets(st.integers(0, WATCHERS_MAX - 1), min_size=1)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(["write", "write", "write otherwise", "begin", "begin", "refused"]),
        st.tuples(st.sampled_from(["poll", "poll", "kill"]), SOME),
        st.tuples(st.just("pass"), st.sampled_from([20, 10 * MINUTE, HOUR, 5 * HOUR])),
    ),
    min_size=5,
    max_size=25,
)
SOMETIMES = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Watchers:
    """Watchers of one kind that begin one after another, and what each of them has to find.

    :param platform: whose connection they have.
    :param kind: makes the trigger of a connection.
    :param write: has something happen. It is given whether otherwise than usual, and returns what a watcher
        finds of it, and when it counts.
    """

    def __init__(
        self,
        box: Sandbox,
        platform: str,
        kind: Callable[[str], WatcherTrigger],
        write: Callable[[bool], tuple[str, float]],
    ) -> None:
        self._box, self._platform, self._kind, self._write = box, platform, kind, write
        self._began: list[float] = []
        self._watchers: list[Triggerer] = []
        self._written: list[tuple[str, float]] = []

    async def run(self, steps: list[Any]) -> None:
        """Take the steps, and check in the end what each watcher has found."""
        async with AsyncExitStack() as stack:
            for step in ["begin", *steps]:
                await self._step(step, stack)
            # All together: what one of them misses then is not found by a poll of its own.
            for seconds in (0, 2 * HOUR):
                self._box.clock.advance(seconds)
                for _ in range(3):
                    await self._poll(range(WATCHERS_MAX))
            for began, watcher in zip(self._began, self._watchers, strict=True):
                assert watcher.found == sorted(one for one, at in self._written if at >= began)

    async def _step(self, step: Any, stack: AsyncExitStack) -> None:
        self._box.clock.advance(2)
        match step:
            case "write" | "write otherwise":
                self._written.append(self._write(step != "write"))
            case "begin":
                await self._begin(stack)
            case "refused":
                getattr(self._box, self._platform).faults.add("*", answer={"status": 503}, times=3)
            case "poll", which:
                await self._poll(which)
            case "kill", which:
                await asyncio.gather(*(one.kill() for one in self._of(which)))
            case "pass", seconds:
                self._box.clock.advance(seconds)

    async def _begin(self, stack: AsyncExitStack) -> None:
        number = len(self._watchers)
        if number == WATCHERS_MAX:
            return
        # Connections with equal settings share their polls.
        conn_id = f"{self._platform}_{number}"
        same = os.environ[f"AIRFLOW_CONN_{self._platform.upper()}_DEFAULT"]
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = same
        watcher = await stack.enter_async_context(aclosing(Triggerer(self._kind(conn_id), self._box)))
        self._began.append(self._box.clock.time())
        self._watchers.append(watcher)
        assert not await watcher.poll()

    async def _poll(self, which: Iterable[int]) -> None:
        async def poll(one: Triggerer) -> None:
            await one.poll()
            await one.store()

        await asyncio.gather(*map(poll, self._of(which)))

    def _of(self, which: Iterable[int]) -> list[Triggerer]:
        return [self._watchers[number] for number in which if number < len(self._watchers)]


@SOMETIMES
@example(steps=["write", "begin", ("poll", {0, 1})])
@given(steps=STEPS)
def test_each_of_many_watchers_finds_every_new_lead_since_it_began(box: Sandbox, steps: list[Any]) -> None:
    def write(late: bool) -> tuple[str, float]:
        lead = 50_000 + len(box.marketo.state.log)
        ago = HOUR if late else 0
        log_lead(box, lead, ago)
        return str(lead), box.clock.time() - ago

    with watcher_state():
        asyncio.run(Watchers(box, "marketo", NewLeadsTrigger, write).run(steps))


@SOMETIMES
@given(steps=STEPS)
def test_each_of_many_watchers_finds_every_member_that_joined_since_it_began(
    box: Sandbox, steps: list[Any]
) -> None:
    lists = box.hubspot.state.lists
    one = lists.get(hubspot.LIST_ID)
    assert one is not None

    def write(leave: bool) -> tuple[str, float]:
        made = contact(box, f"c{len(box.hubspot.state.contacts)}")
        if leave:
            # The members after it move to other places.
            lists.take_out(one, [next(iter(one.joined))])
        lists.add_members(one, [made])
        return made, box.clock.time()

    def kind(conn_id: str) -> WatcherTrigger:
        return ListMembersTrigger(conn_id, list_id=hubspot.LIST_ID)

    with watcher_state():
        asyncio.run(Watchers(box, "hubspot", kind, write).run(steps))


@SOMETIMES
@example(steps=["begin", "write", ("poll", {0}), "write", ("poll", {1}), "write", ("kill", {0, 1})])
@given(steps=STEPS)
def test_each_of_many_watchers_finds_every_member_that_left_since_it_began(
    box: Sandbox, steps: list[Any]
) -> None:
    lists, contacts = box.hubspot.state.lists, box.hubspot.state.contacts
    one = lists.get(hubspot.LIST_ID)
    assert one is not None
    members = [contact(box, f"c{len(contacts)}") for _ in range(30)]
    lists.add_members(one, members)

    def write(deleted: bool) -> tuple[str, float]:
        gone = members.pop()
        if deleted:
            record = contacts.get(gone)
            assert record is not None
            contacts.archive(record)
        else:
            lists.take_out(one, [gone])
        # One that joins and leaves between two polls.
        lists.add_members(one, [joined := contact(box, f"c{len(contacts)}")])
        lists.take_out(one, [joined])
        return gone, box.clock.time()

    def kind(conn_id: str) -> WatcherTrigger:
        return ListRemovalsTrigger(conn_id, list_id=hubspot.LIST_ID)

    with watcher_state():
        asyncio.run(Watchers(box, "hubspot", kind, write).run(steps))


@settings(SOMETIMES, max_examples=4)
@example(steps=["write otherwise", ("poll", {0}), ("pass", 5 * HOUR), "write otherwise"])
@given(steps=STEPS)
def test_each_of_many_watchers_finds_every_contact_that_was_deleted_or_merged_since_it_began(
    box: Sandbox, steps: list[Any]
) -> None:
    contacts = box.hubspot.state.contacts
    winner = contacts.get(contact(box, f"c{len(contacts)}"))
    assert winner is not None

    def write(merge: bool) -> tuple[str, float]:
        gone = contacts.get(contact(box, f"c{len(contacts)}"))
        assert gone is not None
        if merge:
            # The winner changes, and lists those that were merged before, too.
            contacts.merge(winner, gone)
        else:
            contacts.archive(gone)
        return gone.id, box.clock.time()

    with watcher_state():
        asyncio.run(Watchers(box, "hubspot", DeletedLeadsTrigger, write).run(steps))


@SOMETIMES
@given(steps=STEPS)
def test_each_of_many_watchers_finds_every_email_that_was_sent_since_it_began(
    box: Sandbox, steps: list[Any]
) -> None:
    store = box.hubspot.state.emails
    box.hubspot.settings.email_preprocessing = box.hubspot.settings.email_processing = 0.0
    newsletter = store.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None

    def write(schedule: bool) -> tuple[str, float]:
        at = box.clock.time() + (30 * MINUTE if schedule else 0)
        fields = {**newsletter.live, "name": f"Email at {at}"}
        if schedule:
            fields["publishDate"] = datetime.fromtimestamp(at, UTC).isoformat()
            fields["sendOnPublish"] = False
        email = store.create(fields)
        store.publish(email)
        return email.id, at

    with watcher_state():
        asyncio.run(Watchers(box, "hubspot", EmailsSentTrigger, write).run(steps))


@contextmanager
def watcher_state() -> Iterator[None]:
    """An empty state directory, for one example."""
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__MKT__STATE_DIR", directory)
        yield
