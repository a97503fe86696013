"""Triggers of one account in a running triggerer, and after it was killed: watchers, and polls together."""

from __future__ import annotations

import time
from typing import Any

import pytest
from standalone.service import Standalone

from airflow_provider_mkt.hooks.state import watcher_state
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.triggers._watcher_state import Watched

EMAIL, EMAILS = "/marketing/emails/2026-09/{emailId}", "/marketing/emails/2026-09"
SEARCH = "/crm/objects/2026-09/contacts/search"
COUNT = 8


def test_a_watcher_starts_a_dag_run_and_loses_nothing_when_the_triggerer_is_killed(
    airflow: Standalone, polled: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(airflow.home / "state"))
    box = polled.hubspot
    box.settings.search_lag = 0
    watched = Watched("hubspot_together", "new_leads", {}, 1.0)

    def create(name: str) -> str:
        return str(box.state.contacts.create({"email": f"{name}@example.com"}).id)

    def outbox() -> list[str]:
        kept: Any = watcher_state(watched.digest()).get("watcher")
        return [one["key"] for one in kept["outbox"]]

    def events() -> list[dict[str, Any]]:
        found = airflow.get("/assets/events?limit=100") or {"asset_events": []}
        extras = [one["extra"] for one in found["asset_events"]]
        return [extra["payload"] for extra in extras if "payload" in extra]

    def is_found(contact: str) -> bool:
        return any(contact in one["ids"] for one in events())

    searches = box.calls.of("POST", SEARCH)
    airflow.until(lambda: searches.total >= 2, 600, "the watcher does not poll")
    first, created = create("first"), time.monotonic()
    runs: list[dict[str, Any]] = []

    def has_run() -> bool:
        found = airflow.get("/dags/watched/dagRuns") or {"dag_runs": []}
        runs[:] = found["dag_runs"]
        return bool(runs)

    airflow.until(has_run, 300, "the watcher started no run", every=0.1)
    print(f"From the new contact to the DAG run: {time.monotonic() - created:.1f} s")
    states, _ = airflow.finish({"watched": str(runs[0]["dag_run_id"])})
    assert states == {"watched": "success"}
    (payload,) = airflow.returned("watched", str(runs[0]["dag_run_id"]), "found")
    assert payload["ids"] == [first]
    airflow.until(lambda: not outbox(), 300, "the event was not confirmed")
    # The event is sent, and the triggerer does not know whether it is stored.
    second = create("second")
    airflow.until(lambda: bool(outbox()), 300, "the watcher does not find the contact", every=0.01)
    airflow.kill_triggerers()
    third = create("third")
    airflow.start_triggerer()
    airflow.until(lambda: is_found(second) and is_found(third), 600, "events were lost")
    airflow.until(lambda: not outbox(), 300, "the events were not confirmed")
    by_key = {one["key"]: one for one in events()}
    assert sorted(one for payload in by_key.values() for one in payload["ids"]) == [first, second, third]
    # Only equal events repeat.
    assert all(one == by_key[one["key"]] for one in events())


def test_deferred_tasks_poll_together_before_and_after_a_kill_of_the_triggerer(
    airflow: Standalone, polled: Sandbox
) -> None:
    box, store = polled.hubspot, polled.hubspot.state.emails
    box.settings.email_preprocessing = box.settings.email_processing = 0.0
    newsletter = store.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None
    drafts = [store.create({**newsletter.live, "name": f"Draft {number}"}) for number in range(COUNT)]
    run_id = airflow.trigger("together", {"emails": [one.id for one in drafts]})
    lists, singles = box.calls.of("GET", EMAILS), box.calls.of("GET", EMAIL)

    def all_deferred() -> bool:
        found = airflow.get(f"/dags/together/dagRuns/{run_id}/taskInstances") or {"task_instances": []}
        states = [one["state"] for one in found["task_instances"] if one["task_id"] == "wait"]
        return states == ["deferred"] * COUNT

    def rounds(count: int) -> None:
        """Wait for rounds of polls, in which hardly an email is read by itself."""
        read, before = lists.total, singles.total
        airflow.until(lambda: lists.total >= read + count, 300, "the triggerer does not poll")
        assert singles.total - before < COUNT

    airflow.until(all_deferred, 600, "the tasks are not deferred")
    reached = lists.total
    airflow.until(lambda: lists.total >= reached + 2, 300, "the triggerer does not poll")
    rounds(3)
    airflow.kill_triggerers()
    killed = lists.total
    airflow.start_triggerer()
    airflow.until(lambda: lists.total >= killed + 3, 300, "the second triggerer does not poll")
    rounds(3)
    for one in drafts:
        store.publish(one)
    states, seen = airflow.finish({"together": run_id})
    assert states["together"] == "success", sorted(seen)
