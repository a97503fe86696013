"""Waiting tasks of one account poll together: batches, equal calls, failures, cancellation, connections."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from workers import until

from airflow_provider_mkt.actions.batch_reads import BatchRead
from airflow_provider_mkt.actions.hubspot import batch_reads as of_hubspot
from airflow_provider_mkt.actions.marketo import batch_reads as of_marketo
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.marketo.emails import emails as marketo_emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns as smart_campaigns
from airflow_provider_mkt.hooks.base import MarketingHook, hook_for
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.triggers import _shared_polls
from airflow_provider_mkt.triggers._shared_polls import shared_polls, until_next
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger
from airflow_provider_mkt.triggers.condition import ConditionTrigger

EMAIL, EMAILS = "/marketing/emails/2026-09/{emailId}", "/marketing/emails/2026-09"
INTERVAL = 1.0

pytestmark = pytest.mark.usefixtures("short_waits")


def drafts(box: Sandbox, count: int) -> list[str]:
    """Create emails that wait to be published."""
    store = box.hubspot.state.emails
    newsletter = store.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None
    return [store.create({**newsletter.live, "name": f"Draft {number}"}).id for number in range(count)]


def trigger(email_id: str, conn: str = "hubspot_default", **more: Any) -> BatchStatusTrigger:
    job = {"platform": "hubspot", "kind": "email_publish", "id": email_id}
    return BatchStatusTrigger(conn, [job], time.time() + 60, **{"poll_interval": INTERVAL, **more})


async def event_of(one: BatchStatusTrigger | ConditionTrigger) -> dict[str, Any]:
    async for event in one.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("no event")


def waiting(ids: Sequence[str], **more: Any) -> list[asyncio.Task[dict[str, Any]]]:
    return [asyncio.create_task(event_of(trigger(one, **more))) for one in ids]


async def end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not any(_shared_polls._shared.values())


async def until_calls(box: Sandbox, route: str, more: int, method: str = "GET") -> None:
    """Wait for so many more calls of a route."""
    calls = box.hubspot.calls.of(method, route)
    wanted = calls.total + more
    await asyncio.to_thread(until, lambda: calls.total >= wanted)


def publish(box: Sandbox, email_id: str) -> None:
    settings, store = box.hubspot.settings, box.hubspot.state.emails
    settings.email_preprocessing = settings.email_processing = 0.0
    email = store.get(email_id)
    assert email is not None
    store.publish(email)


# -- what a batch returns ------------------------------------------------------------------------------


def hubspot_imports(hook: MarketingHook) -> list[Call[Any]]:
    column = {"name": "email", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"}
    started = [
        hook.run(imports.start(f"import {number}", f"email\na{number}@example.com\n".encode(), [column]))
        for number in range(3)
    ]
    return [imports.get(one.id) for one in started]


def marketo_exports(hook: MarketingHook) -> list[Call[Any]]:
    day = datetime.now(UTC) - timedelta(days=1)
    create = bulk_extracts.create_leads(["id"], created_between=(day, day + timedelta(hours=1)))
    return [bulk_extracts.status("leads", hook.run(create)["exportId"]) for _ in range(3)]


def hubspot_lists(hook: MarketingHook) -> list[Call[Any]]:
    made = [hook.run(lists.create(f"list {number}"))["listId"] for number in range(3)]
    return [lists.get(one) for one in made]


def comparable(answer: Any) -> Any:
    """Leave out what a list does not have, and when a batch ran."""
    if isinstance(answer, BatchResult):
        return sorted(row.id for row in answer.results), [error.ids() for error in answer.errors]
    if isinstance(answer, dict):
        return {name: value for name, value in answer.items() if name not in ("tags", "costs")}
    return answer


def _of(*calls: Call[Any]) -> Callable[[MarketingHook], list[Call[Any]]]:
    return lambda hook: list(calls)


GUIDS = (hubspot.SPRING_CAMPAIGN, hubspot.WEBINAR_CAMPAIGN)
BATCHES: dict[str, tuple[BatchRead, Callable[[MarketingHook], list[Call[Any]]], int]] = {
    "hubspot emails": (
        of_hubspot.EMAILS,
        _of(*(emails.get(one) for one in (hubspot.NEWSLETTER_EMAIL, hubspot.SCHEDULED_EMAIL))),
        1,
    ),
    "hubspot imports": (of_hubspot.IMPORTS, hubspot_imports, 1),
    "hubspot campaigns": (
        of_hubspot.CAMPAIGNS,
        _of(*(campaigns.batch_read([one]) for one in GUIDS), campaigns.batch_read([*GUIDS, "unknown"])),
        1,
    ),
    "hubspot lists": (of_hubspot.LISTS, _of(*(lists.batch_read([one]) for one in ("101", "102", "9"))), 1),
    "hubspot list": (of_hubspot.LIST, hubspot_lists, 1),
    "hubspot memberships": (
        of_hubspot.MEMBERSHIPS,
        _of(*(list_memberships.batch_read([one]) for one in hubspot.CONTACT_IDS)),
        1,
    ),
    "marketo programs": (
        of_marketo.PROGRAMS,
        _of(*(programs.get(one) for one in (marketo.NURTURE_PROGRAM, marketo.EMAIL_PROGRAM))),
        1,
    ),
    "marketo drafts": (
        of_marketo.DRAFTS,
        _of(*(marketo_emails.get(one, status="draft") for one in (marketo.DRAFT_EMAIL, 3099))),
        2,
    ),
    "marketo smart campaigns": (
        of_marketo.SMART_CAMPAIGNS,
        _of(*(smart_campaigns.get(one) for one in (marketo.REQUEST_CAMPAIGN, marketo.BATCH_CAMPAIGN))),
        1,
    ),
    "marketo exports": (of_marketo.EXPORTS["leads"], marketo_exports, 1),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_gives_each_call_what_it_would_have_got_alone(sandbox: Sandbox, name: str) -> None:
    batch, make, most = BATCHES[name]
    platform = name.split()[0]
    # No job may go on between the two.
    sandbox.hubspot.settings.import_startup = 3600.0
    with hook_for(f"{platform}_default") as hook:
        calls = make(hook)

        def result(run: Callable[[], Any]) -> Any:
            try:
                return run()
            except NotFound as error:
                return error.code

        alone = [result(lambda call=call: hook.run(call)) for call in calls]

    async def together() -> tuple[list[Any], int]:
        async with shared_polls(f"{platform}_default") as polls:
            before = sandbox.platforms[platform].calls.total

            async def read(call: Call[Any]) -> Any:
                try:
                    return call.read((await polls.read(call, [batch], 0.05))[0])
                except NotFound as error:
                    return error.code

            answers = await asyncio.gather(*map(read, calls))
            return answers, sandbox.platforms[platform].calls.total - before

    answers, sent = asyncio.run(together())
    assert list(map(comparable, answers)) == list(map(comparable, alone))
    assert sent <= most


# -- rounds --------------------------------------------------------------------------------------------


def test_tasks_on_many_emails_cost_a_call_for_each_hundred(sandbox: Sandbox) -> None:
    ids = drafts(sandbox, 250)
    box = sandbox.hubspot

    async def wait() -> None:
        tasks = waiting(ids)
        # They join one after another, and then poll at the same moments.
        await until_calls(sandbox, EMAILS, 6)
        before, alone = box.calls.of("GET", EMAILS).total, box.calls.of("GET", EMAIL).total
        began = time.monotonic()
        await until_calls(sandbox, EMAILS, 9)
        rounds = (time.monotonic() - began) / INTERVAL + 1
        # On a busy machine a few tasks come too late for the batch of their round. Each alone, they would
        # make 250 calls in a round.
        assert box.calls.of("GET", EMAIL).total - alone < 75
        assert box.calls.of("GET", EMAILS).total - before <= 10 * (rounds + 1)
        alone = box.calls.of("GET", EMAIL).total
        # A state that ends the wait is read once more, by itself.
        publish(sandbox, ids[7])
        event = await asyncio.wait_for(tasks[7], 30)
        assert (event["status"], event["job_states"][0]["status"]) == ("success", "COMPLETE")
        assert box.calls.of("GET", EMAIL).total > alone
        assert not any(task.done() for task in tasks if task is not tasks[7])
        await end(tasks)

    asyncio.run(wait())


def test_equal_questions_are_sent_once_where_no_batch_exists(sandbox: Sandbox) -> None:
    route = "/rest/v1/stats/usage.json"
    condition = {"name": "quota_left", "arguments": {"need": 50_000}}

    async def wait() -> int:
        tasks = [
            asyncio.create_task(
                event_of(
                    ConditionTrigger("marketo_default", condition, time.time() + 60, poll_interval=INTERVAL)
                )
            )
            for _ in range(50)
        ]
        await asyncio.to_thread(until, lambda: sandbox.marketo.calls.of("GET", route).total >= 4)
        total = sandbox.marketo.calls.of("GET", route).total
        await end(tasks)
        return total

    # Fifty in each of the rounds, if each were sent.
    assert asyncio.run(wait()) < 50


def test_a_job_that_the_batch_does_not_have_is_read_alone(sandbox: Sandbox) -> None:
    ids = drafts(sandbox, 5)

    async def wait() -> None:
        tasks = waiting([*ids, "404404"])
        missing = await asyncio.wait_for(tasks[-1], 30)
        assert missing["status"] == "failed"
        assert "404" in missing["message"]
        await until_calls(sandbox, EMAILS, 2)
        assert not any(task.done() for task in tasks[:-1])
        await end(tasks)

    asyncio.run(wait())


def test_a_stale_batch_never_ends_a_wait(sandbox: Sandbox) -> None:
    """What ends a wait comes from the call of the thing itself."""
    ids = drafts(sandbox, 3)
    rows = [{"id": one, "name": "x", "state": "ERROR"} for one in ids]
    sandbox.hubspot.faults.add(
        EMAILS, method="GET", answer={"status": 200, "body": {"total": 3, "results": rows}}, times=None
    )

    async def wait() -> None:
        tasks = waiting(ids)
        await until_calls(sandbox, EMAILS, 2)
        assert not any(task.done() for task in tasks)
        assert sandbox.hubspot.calls.of("GET", EMAIL).total >= 3
        await end(tasks)

    asyncio.run(wait())


# -- failures ------------------------------------------------------------------------------------------


def no_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mkt.client.transport.exchange import RetryPolicy

    init: Any = RetryPolicy.__init__
    monkeypatch.setattr(
        RetryPolicy, "__init__", lambda self, **options: init(self, **{"max_elapsed": 0.1, **options})
    )


def test_a_failing_batch_counts_against_each_tasks_own_failing_polls(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_retry(monkeypatch)
    ids = drafts(sandbox, 4)

    async def wait() -> None:
        sandbox.hubspot.faults.add(method="GET", answer={"status": 502}, times=None)
        hasty = waiting(ids[:2], max_poll_failure_time=0.1, poll_interval=0.3)
        steady = waiting(ids[2:], max_poll_failure_time=50.0, poll_interval=0.3)
        events = await asyncio.wait_for(asyncio.gather(*hasty), 30)
        assert [event["status"] for event in events] == ["error", "error"]
        assert not any(task.done() for task in steady)
        sandbox.hubspot.faults.clear()
        for one in ids[2:]:
            publish(sandbox, one)
        events = await asyncio.wait_for(asyncio.gather(*steady), 30)
        assert [event["status"] for event in events] == ["success", "success"]
        await end([*hasty, *steady])

    asyncio.run(wait())


@pytest.mark.parametrize("status", [400, 403])
def test_tasks_poll_one_by_one_where_the_platform_refuses_the_batch(sandbox: Sandbox, status: int) -> None:
    ids = drafts(sandbox, 4)
    body = {"status": "error", "message": "no", "category": "MISSING_SCOPES" if status == 403 else "X"}
    sandbox.hubspot.faults.add(EMAILS, method="GET", answer={"status": status, "body": body}, times=None)

    async def wait() -> None:
        tasks = waiting(ids, poll_interval=0.2)
        await until_calls(sandbox, EMAIL, 12)
        # The refusal is not provoked again in each round.
        assert sandbox.hubspot.calls.of("GET", EMAILS).total == 1
        for one in ids:
            publish(sandbox, one)
        events = await asyncio.wait_for(asyncio.gather(*tasks), 30)
        assert {event["status"] for event in events} == {"success"}
        await end(tasks)

    asyncio.run(wait())


def test_a_task_that_is_cancelled_during_a_batch_leaves_the_others_alone(sandbox: Sandbox) -> None:
    ids = drafts(sandbox, 6)
    sandbox.hubspot.faults.add(EMAILS, method="GET", delay=0.5, times=1)

    async def wait() -> None:
        tasks = waiting(ids, poll_interval=0.2)
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.of("GET", EMAILS).in_flight == 1)
        for task in tasks[:3]:
            task.cancel()
        await asyncio.gather(*tasks[:3], return_exceptions=True)
        await until_calls(sandbox, EMAILS, 2)
        for one in ids[3:]:
            publish(sandbox, one)
        events = await asyncio.wait_for(asyncio.gather(*tasks[3:]), 30)
        assert {event["status"] for event in events} == {"success"}
        await end(tasks)

    asyncio.run(wait())


def test_cancelling_all_tasks_in_a_batch_leaves_nothing_behind(sandbox: Sandbox) -> None:
    ids = drafts(sandbox, 6)
    sandbox.hubspot.faults.add(EMAILS, method="GET", delay=120, times=None)

    async def wait() -> None:
        tasks = waiting(ids, poll_interval=0.2)
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.of("GET", EMAILS).in_flight == 1)
        began = time.monotonic()
        await end(tasks)
        assert time.monotonic() - began < 60

    asyncio.run(wait())


# -- intervals and connections -------------------------------------------------------------------------


def test_polls_of_an_interval_meet_and_never_follow_too_soon() -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        began, interval = chance.uniform(0, 1e6), chance.choice([0.05, 1.0, 10.0, 30.0, 300.0])
        now = began + chance.uniform(0, 1e5)
        wait = until_next(began, interval, now)
        assert interval * 0.2499 <= wait <= interval * 1.2501
        place = (now + wait - began) / interval
        assert abs(place - round(place)) < 1e-3


def test_tasks_with_another_interval_are_polled_at_their_own(sandbox: Sandbox) -> None:
    ids = drafts(sandbox, 40)

    async def wait() -> tuple[int, int]:
        often, seldom = waiting(ids[:20], poll_interval=0.25), waiting(ids[20:], poll_interval=30.0)
        await until_calls(sandbox, EMAILS, 8)
        count, alone = (sandbox.hubspot.calls.of("GET", one).total for one in (EMAILS, EMAIL))
        await end([*often, *seldom])
        return count, alone

    calls, alone = asyncio.run(wait())
    # Those with the long interval had one poll, which made a batch of its own at most.
    assert calls >= 8
    assert alone < 20


def test_connections_with_equal_settings_poll_together_and_others_do_not(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"conn_type": "hubspot", "host": sandbox.hubspot.url}
    for name, token in (("same", hubspot.TOKEN), ("reader", hubspot.READ_ONLY_TOKEN)):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**own, "password": token}))
    monkeypatch.setenv("AIRFLOW_CONN_FIRST", json.dumps({**own, "password": hubspot.TOKEN}))

    async def wait() -> None:
        async with shared_polls("first") as first, shared_polls("same") as same:
            assert first is same
            async with shared_polls("reader") as reader:
                assert reader is not first
                # The account's limit counts for both.
            assert reader is not first

    asyncio.run(wait())


def test_the_answer_of_other_credentials_is_not_shared(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without the permission fails, beside one that has it and waits for the same."""
    uri = json.dumps({"conn_type": "hubspot", "host": sandbox.hubspot.url, "password": "pat-na1-unknown"})
    monkeypatch.setenv("AIRFLOW_CONN_UNKNOWN", uri)
    ids = drafts(sandbox, 2)

    async def wait() -> None:
        fine, refused = waiting(ids, poll_interval=0.2), waiting(ids, conn="unknown", poll_interval=0.2)
        events = await asyncio.wait_for(asyncio.gather(*refused), 30)
        assert {event["status"] for event in events} == {"failed"}
        assert not any(task.done() for task in fine)
        await end([*fine, *refused])

    asyncio.run(wait())


def test_many_tasks_have_few_connections(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for something else, so that nothing can be read together."""
    contacts = [str(90_002_000_000 + number) for number in range(200)]
    sandbox.hubspot.latency = 0.02
    clients: list[httpx.AsyncClient] = []

    def client(**options: Any) -> httpx.AsyncClient:
        clients.append(make(**options))
        return clients[-1]

    make = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", client)

    async def wait() -> None:
        tasks = [
            asyncio.create_task(
                event_of(
                    ConditionTrigger(
                        "hubspot_default",
                        {"name": "in_sequence", "arguments": {"contact_id": one}},
                        time.time() + 60,
                        poll_interval=5.0,
                    )
                )
            )
            for one in contacts
        ]
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.total >= 150)
        await end(tasks)

    asyncio.run(wait())
    assert 0 < len(clients) <= 32
    assert all(one.is_closed for one in clients)
    assert sandbox.hubspot.calls.all.refused.total() == 0
