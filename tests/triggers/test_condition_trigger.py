"""The trigger of conditions: serialization, events, restarts, many at the same time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from airflow_runs import through_airflow
from workers import until

from airflow_provider_mkt.client.transport import exchange
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.triggers.condition import ConditionTrigger

LIST = {"name": "list_processed", "arguments": {"list_id": hubspot.LIST_ID}}
QUOTA = {"name": "quota_left", "arguments": {"need": 1}}
WAITING = {"name": "in_sequence", "arguments": {"contact_id": hubspot.CONTACT_IDS[0]}}

pytestmark = pytest.mark.usefixtures("short_waits")


def trigger(
    condition: dict[str, Any], conn: str = "hubspot", seconds: float = 30.0, **more: Any
) -> ConditionTrigger:
    return ConditionTrigger(
        f"{conn}_default", condition, time.time() + seconds, **{"poll_interval": 0.05, **more}
    )


async def event_of(one: ConditionTrigger) -> dict[str, Any]:
    async for event in one.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("no event")


def test_it_is_rebuilt_from_what_it_serializes_to_and_holds_no_secret() -> None:
    one = trigger(LIST, max_poll_failure_time=5.0, state={"seen": ["1"]})
    path, arguments = one.serialize()
    assert path == "airflow_provider_mkt.triggers.condition.ConditionTrigger"
    again = ConditionTrigger(**through_airflow(arguments))
    assert again.serialize() == one.serialize()
    assert vars(again).keys() == vars(one).keys()
    assert hubspot.TOKEN not in json.dumps(arguments)


def test_the_event_has_the_details_at_every_end(sandbox: Sandbox) -> None:
    event = asyncio.run(event_of(trigger(LIST)))
    assert (event["status"], event["details"]) == ("success", {"status": "COMPLETE", "size": 3})
    event = asyncio.run(event_of(trigger(WAITING, seconds=0.1)))
    assert (event["status"], event["details"]) == ("timeout", {"sequence_id": None})
    never = {"name": "quota_left", "arguments": {"need": 10**9}}
    assert asyncio.run(event_of(trigger(never)))["status"] == "failed"
    sandbox.hubspot.faults.add(method="GET", answer={"status": 502}, times=None)
    assert asyncio.run(event_of(trigger(LIST, max_poll_failure_time=0.1)))["status"] == "error"


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"name": "nonsense"}, "there is no nonsense to wait for"),
        ({"name": "list_processed", "arguments": {"other": 1}}, "condition.arguments: are not those of"),
        ({"name": "list_processed", "arguments": 7}, "condition.arguments: must be a mapping"),
        ({"arguments": {}}, "condition: must be a mapping of name and arguments"),
        ({"name": "leads_changed", "arguments": {"since": "soon"}}, "since: must be an ISO 8601 time"),
    ],
)
def test_invalid_arguments_of_a_stored_trigger_are_named(
    sandbox: Sandbox, condition: dict[str, Any], named: str
) -> None:
    event = asyncio.run(event_of(trigger(condition)))
    assert event["status"] == "failed"
    assert named in event["message"]
    assert sandbox.hubspot.calls.total == 0


def test_it_continues_after_a_restart_of_the_triggerer_until_its_deadline(sandbox: Sandbox) -> None:
    async def restarted(one: ConditionTrigger) -> dict[str, Any]:
        before = sandbox.hubspot.calls.total
        task = asyncio.create_task(event_of(one))
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.total > before)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError)
        return await event_of(ConditionTrigger(**one.serialize()[1]))

    body = {"list": {"listId": "101", "processingStatus": "PROCESSING", "size": 0}}
    sandbox.hubspot.faults.add("*/lists/*", answer={"status": 200, "body": body}, times=10)
    assert asyncio.run(restarted(trigger(LIST)))["status"] == "success"
    overdue = trigger(WAITING, seconds=3.0)
    assert asyncio.run(restarted(overdue))["status"] == "timeout"
    assert time.time() >= overdue.deadline


def test_many_triggers_share_one_token(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_cells", {})
    connection = {
        "conn_type": "marketo",
        "host": sandbox.marketo.url,
        "login": marketo.CLIENT_ID,
        "password": marketo.CLIENT_SECRET,
        "extra": {"calls_per_20_seconds": 100_000},
    }
    monkeypatch.setenv("AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(connection))
    sandbox.marketo.limits.rate.limit = None

    async def crowd() -> list[dict[str, Any]]:
        return await asyncio.gather(*(event_of(trigger(QUOTA, "marketo")) for _ in range(100)))

    assert {event["status"] for event in asyncio.run(crowd())} == {"success"}
    assert sandbox.marketo.calls.of("POST", "/identity/oauth/token").total == 1
    # Equal polls that run at the same moment are one call.
    assert 1 <= sandbox.marketo.calls.of("GET", "/rest/v1/stats/usage.json").total < 100
