"""Small syncs: what is known of the account is not read again, and old knowledge rejects no record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sync_runs import BOTH, limit_day, of, write_calls
from workers import until

from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.actions.ports import LeadWriter
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied, QuotaExhausted
from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sync import calls

WRITERS: dict[str, LeadWriter] = {"hubspot": ContactWriter(), "marketo": DatabaseLeadWriter()}

READS = {
    "hubspot": [
        ("GET", "/crm/properties/2026-09/{objectType}"),
        ("GET", "/account-info/2026-09/api-usage/daily/private-apps"),
    ],
    "marketo": [("GET", "/rest/v1/leads/describe2.json"), ("GET", "/rest/v1/stats/usage.json")],
}


@pytest.fixture(autouse=True)
def state_of_this_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))


def run(platform: str, *leads: dict[str, Any], run_id: str = "run", **arguments: Any) -> dict[str, Any]:
    operator = SyncLeadsOperator(
        task_id="t", conn_id=f"{platform}_default", leads=lambda: iter(leads), **arguments
    )
    details = {"dag_id": "d", "run_id": run_id, "task_id": "t", "map_index": -1, "try_number": 1}
    outcome = operator.run_action({"ti": SimpleNamespace(**details)})
    return dict(outcome)


def reads(sandbox: Sandbox, platform: str) -> list[int]:
    return [of(sandbox, platform).calls.of(*route).total for route in READS[platform]]


@pytest.mark.parametrize("platform", BOTH)
def test_a_second_small_sync_asks_only_for_what_it_writes(sandbox: Sandbox, platform: str) -> None:
    run(platform, {"email": "one@example.com"}, run_id="one")
    first = reads(sandbox, platform)
    assert all(first)
    run(platform, {"email": "two@example.com"}, run_id="two")
    assert reads(sandbox, platform) == first
    assert write_calls(sandbox, platform) == 2


@pytest.mark.parametrize("platform", BOTH)
def test_leads_of_standard_fields_wait_for_no_answer_about_the_account(
    sandbox: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_KEPT_WITHIN", 0.0)
    for path in ("/crm/properties/*", "*/api-usage/*", "*/describe2.json", "*/stats/usage.json"):
        of(sandbox, platform).faults.add(path, when="after", delay=60.0, times=None)
    values = dict.fromkeys(WRITERS[platform].standard_fields, "x")
    assert run(platform, *({**values, "email": f"p{n}@example.com"} for n in range(3)))["created"] == 3
    answered = [of(sandbox, platform).calls.of(*route).by_status.total() for route in READS[platform]]
    assert answered == [0, 0]


def test_a_list_of_options_waits_for_the_fields(sandbox: Sandbox) -> None:
    with HubSpotHook("hubspot_default") as hook:
        options = [{"label": one, "value": one, "displayOrder": 1} for one in ("a", "b")]
        create = properties.create(
            "contacts", "topics", "Topics", "enumeration", "checkbox", "contactinformation", options=options
        )
        hook.run(create)
    leads = [{"email": "one@example.com"}, {"email": "two@example.com", "topics": ["a", "b"]}]
    assert run("hubspot", *leads)["created"] == 2
    contact = sandbox.hubspot.state.contacts.find("email", "two@example.com")
    assert contact is not None
    assert contact.properties["topics"] == "a;b"


@pytest.mark.parametrize("platform", BOTH)
def test_before_the_calls_left_are_known_few_calls_are_made(
    sandbox: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_day(monkeypatch, sandbox, platform, calls=500, reserve=500)
    monkeypatch.setattr(calls, "POLL_CALLS_MIN", 2)
    for path in ("*/api-usage/*", "*/stats/usage.json"):
        of(sandbox, platform).faults.add(path, when="before", delay=1.0)
    with pytest.raises(QuotaExhausted, match="500 are reserved"):
        run(platform, *({"email": f"p{n}@example.com"} for n in range(5_000)))
    assert write_calls(sandbox, platform) <= 2


@pytest.mark.parametrize("platform", BOTH)
def test_after_a_while_the_fields_and_the_calls_left_are_read_again(
    sandbox: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(platform, {"email": "one@example.com"}, run_id="one")
    first = reads(sandbox, platform)
    monkeypatch.setattr(calls, "FIELDS_KEPT", 0.0)
    monkeypatch.setattr(calls, "POLL_INTERVAL", 0.0)
    run(platform, {"email": "two@example.com"}, run_id="two")
    assert reads(sandbox, platform) == [2 * one for one in first]


def test_a_field_that_was_created_since_is_known(sandbox: Sandbox, tmp_path: Path) -> None:
    run("hubspot", {"email": "one@example.com"}, run_id="one")
    with HubSpotHook("hubspot_default") as hook:
        create = properties.create("contacts", "shoe_size", "Size", "string", "text", "contactinformation")
        hook.run(create)
    outcome = run("hubspot", {"email": "two@example.com", "shoe_size": "43"}, run_id="two")
    assert outcome["created"] == 1
    source = tmp_path / "leads.csv"
    source.write_text("email,shoe_size\nthree@example.com,44\n")
    operator = SyncLeadsOperator(task_id="t", conn_id="hubspot_default", source=str(source))
    details = {"dag_id": "d", "run_id": "three", "task_id": "t", "map_index": -1, "try_number": 1}
    assert operator.run_action({"ti": SimpleNamespace(**details)})["created"] == 1


@pytest.mark.parametrize("platform", BOTH)
def test_an_unknown_field_is_read_once_more_and_rejected(sandbox: Sandbox, platform: str) -> None:
    run(platform, {"email": "one@example.com"}, run_id="one")
    first = reads(sandbox, platform)[0]
    leads = [{"email": f"p{n}@example.com", "shoe_size": "43"} for n in range(3)]
    outcome = run(platform, *leads, run_id="two", max_rejected=3)
    assert outcome["reasons"] == {"UNKNOWN_FIELD": 3}
    assert reads(sandbox, platform)[0] == 2 * first


@pytest.mark.parametrize("platform", BOTH)
def test_calls_left_that_may_not_be_read_stop_no_sync(sandbox: Sandbox, platform: str) -> None:
    usage = {"hubspot": "*/api-usage/*", "marketo": "*/stats/usage.json"}[platform]
    refusal = {"hubspot": {"error": "MISSING_SCOPES"}, "marketo": {"code": "603"}}[platform]
    of(sandbox, platform).faults.add(usage, answer=refusal, times=None)
    for run_id in ("one", "two"):
        assert run(platform, {"email": f"{run_id}@example.com"}, run_id=run_id)["created"] == 1


def test_a_refusal_of_the_fields_is_not_kept(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add("*/describe2.json", answer={"code": "603"})
    lead = {"email": "one@example.com", "leadScore": 5}
    with pytest.raises(PermissionDenied):
        run("marketo", lead, run_id="one")
    # Meanwhile the permission was granted.
    assert run("marketo", lead, run_id="two")["created"] == 1


def test_a_key_that_does_not_exist_is_refused_after_the_fields_were_read_again(sandbox: Sandbox) -> None:
    run("marketo", {"email": "one@example.com"}, run_id="one")
    with pytest.raises(InvalidInput, match="lookup_field"):
        run("marketo", {"email": "two@example.com"}, run_id="two", lookup_field="shoeSize")
    assert reads(sandbox, "marketo")[0] == 2


@pytest.mark.parametrize("platform", BOTH)
def test_a_poll_of_the_calls_left_that_is_repeated_does_not_outlast_the_sync(
    sandbox: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python ends no process before its threads: the task would go on for as long as a call is repeated."""
    run(platform, {"email": "one@example.com"}, run_id="one")
    monkeypatch.setattr(calls, "POLL_CALLS_MIN", 0)
    waits = {1: 0.01}
    monkeypatch.setattr(
        RetryPolicy, "backoff", lambda self, failures, at_least=None: waits.get(failures, 500.0)
    )
    usage = {"hubspot": "*/api-usage/*", "marketo": "*/stats/usage.json"}[platform]
    faults = of(sandbox, platform).faults
    fault = faults.add(
        usage, answer={"error": "502"} if platform == "hubspot" else {"status": 502}, times=None
    )

    def leads() -> Iterator[dict[str, str]]:
        yield {"email": "two@example.com"}
        until(lambda: fault.fired > 1)

    operator = SyncLeadsOperator(task_id="t", conn_id=f"{platform}_default", leads=leads)
    details = {"dag_id": "d", "run_id": "two", "task_id": "t", "map_index": -1, "try_number": 1}
    assert operator.run_action({"ti": SimpleNamespace(**details)})["created"] == 1
    until(lambda: not any(one.name.startswith("mkt-sync-reads") for one in threading.enumerate()), 120)


@pytest.mark.parametrize("platform", BOTH)
def test_few_calls_left_are_never_taken_from_what_is_kept(
    sandbox: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_day(monkeypatch, sandbox, platform, calls=900, reserve=500)
    run(platform, {"email": "one@example.com"}, run_id="one")
    # Others use the account: 300 calls are left, and 500 are reserved.
    if platform == "hubspot":
        sandbox.hubspot.limits.daily.used = 600
    else:
        for _ in range(600):
            sandbox.marketo.state.usage.called("other@example.com", sandbox.clock.now())
    with pytest.raises(QuotaExhausted):
        run(platform, {"email": "two@example.com"}, run_id="two")
    assert write_calls(sandbox, platform) == 1


def test_lists_of_fields_that_are_refused_are_not_requested_again(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/properties/*", answer={"error": "MISSING_SCOPES"}, times=2)
    run("hubspot", {"email": "one@example.com"}, run_id="one")
    first = reads(sandbox, "hubspot")
    run("hubspot", {"email": "two@example.com"}, run_id="two")
    assert reads(sandbox, "hubspot") == first
