"""Triggers of one account in a running triggerer, and after it was killed: watchers, and polls together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Waiting:
    """Deferred tasks, each of which waits for an email.

    :param run_id: of their DAG run.
    """

    run_id: str
    drafts: list[Any]


@dataclass(frozen=True)
class Killed:
    """What was under way when the triggerer was killed.

    :param contacts: one whose event was sent and not confirmed, and one created before another triggerer ran.
    :param reads: how often lists of emails had been read.
    """

    contacts: list[str]
    reads: int


class Watcher:
    """The watcher for new contacts."""

    def __init__(self, airflow: Standalone, box: Sandbox) -> None:
        self._airflow, self._contacts = airflow, box.hubspot.state.contacts
        self._watched = Watched("hubspot_together", "new_leads", {}, 1.0)
        self.created: list[str] = []

    def create(self, name: str) -> str:
        self.created.append(str(self._contacts.create({"email": f"{name}@example.com"}).id))
        return self.created[-1]

    def outbox(self) -> list[str]:
        """Return the keys of the events that are not confirmed."""
        kept: Any = watcher_state(self._watched.digest()).get("watcher")
        return [one["key"] for one in kept["outbox"]]

    def events(self) -> list[dict[str, Any]]:
        found = self._airflow.get("/assets/events?limit=100") or {"asset_events": []}
        extras = [one["extra"] for one in found["asset_events"]]
        return [extra["payload"] for extra in extras if "payload" in extra]

    def has_found(self, contact: str) -> bool:
        return any(contact in one["ids"] for one in self.events())


@pytest.fixture(scope="module")
def watcher(airflow: Standalone, polled: Sandbox) -> Iterator[Watcher]:
    """The watcher, once it polls."""
    polled.hubspot.settings.search_lag = 0
    searches = polled.hubspot.calls.of("POST", SEARCH)
    airflow.until(lambda: searches.total >= 2, 600, "the watcher does not poll")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__MKT__STATE_DIR", str(airflow.home / "state"))
        yield Watcher(airflow, polled)


@pytest.fixture(scope="module")
def waiting(airflow: Standalone, polled: Sandbox) -> Waiting:
    """Many deferred tasks that are polled."""
    box, store = polled.hubspot, polled.hubspot.state.emails
    box.settings.email_preprocessing = box.settings.email_processing = 0.0
    newsletter = store.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None
    drafts = [store.create({**newsletter.live, "name": f"Draft {number}"}) for number in range(COUNT)]
    run_id = airflow.trigger("together", {"emails": [one.id for one in drafts]})

    def all_deferred() -> bool:
        found = airflow.get(f"/dags/together/dagRuns/{run_id}/taskInstances") or {"task_instances": []}
        states = [one["state"] for one in found["task_instances"] if one["task_id"] == "wait"]
        return states == ["deferred"] * COUNT

    airflow.until(all_deferred, 600, "the tasks are not deferred")
    _wait_for_polls(airflow, polled, 2)
    return Waiting(run_id, drafts)


@pytest.fixture(scope="module")
def killed(airflow: Standalone, polled: Sandbox, watcher: Watcher, waiting: Waiting) -> Killed:
    """Kill the triggerer while the tasks wait and the watcher's event is sent, and start another one."""
    airflow.until(lambda: not watcher.outbox(), 300, "an event was not confirmed")
    second = watcher.create("second")
    # The event is sent, and the triggerer does not know whether it is stored.
    airflow.until(lambda: bool(watcher.outbox()), 300, "the watcher does not find the contact", every=0.01)
    airflow.kill_triggerers()
    reads = polled.hubspot.calls.of("GET", EMAILS).total
    third = watcher.create("third")
    airflow.start_triggerer()
    return Killed([second, third], reads)


def _wait_for_polls(airflow: Standalone, box: Sandbox, count: int) -> None:
    lists = box.hubspot.calls.of("GET", EMAILS)
    wanted = lists.total + count
    airflow.until(lambda: lists.total >= wanted, 300, "the triggerer does not poll")


def _assert_polled_together(airflow: Standalone, box: Sandbox) -> None:
    """Wait for rounds of polls, in which hardly an email is read by itself."""
    singles = box.hubspot.calls.of("GET", EMAIL)
    before = singles.total
    _wait_for_polls(airflow, box, 3)
    assert singles.total - before < COUNT


def test_a_watcher_starts_a_dag_run(airflow: Standalone, watcher: Watcher) -> None:
    first, created = watcher.create("first"), time.monotonic()
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
    airflow.until(lambda: not watcher.outbox(), 300, "the event was not confirmed")


def test_deferred_tasks_poll_together(airflow: Standalone, polled: Sandbox, waiting: Waiting) -> None:
    _assert_polled_together(airflow, polled)


def test_a_watcher_loses_nothing_when_the_triggerer_is_killed(
    airflow: Standalone, watcher: Watcher, killed: Killed
) -> None:
    airflow.until(lambda: all(watcher.has_found(one) for one in killed.contacts), 600, "events were lost")
    airflow.until(lambda: not watcher.outbox(), 300, "the events were not confirmed")
    events = watcher.events()
    by_key = {one["key"]: one for one in events}
    found = [contact for payload in by_key.values() for contact in payload["ids"]]
    assert sorted(found) == sorted(watcher.created)
    # Only equal events repeat.
    assert all(one == by_key[one["key"]] for one in events)


def test_deferred_tasks_poll_together_after_the_triggerer_was_killed(
    airflow: Standalone, polled: Sandbox, waiting: Waiting, killed: Killed
) -> None:
    lists = polled.hubspot.calls.of("GET", EMAILS)
    airflow.until(lambda: lists.total >= killed.reads + 3, 300, "the second triggerer does not poll")
    _assert_polled_together(airflow, polled)
    for one in waiting.drafts:
        polled.hubspot.state.emails.publish(one)
    states, seen = airflow.finish({"together": waiting.run_id})
    assert states["together"] == "success", sorted(seen)
