"""Tasks on Celery workers that share no disk: many at once, and killed with their worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
from distributed.dags import HELD, KINDS, MANY, ROWS_EACH, SLOWNESS, TRIED, Installation
from reliability.waits import SAVED_WITHIN
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import PUSH_LEAD, REQUEST_CAMPAIGN

TIMEOUT = 600.0
BATCH = {"hubspot_sync": 100, "marketo_sync": 300, "push": 300, "duplicate": 300}


@pytest.fixture(scope="session")
def many(installation: Installation) -> dict[str, list[dict[str, Any]]]:
    """The task instances of the mapped syncs of each platform, which ran at once."""
    cluster = installation.cluster
    runs = {dag_id: cluster.trigger(dag_id) for dag_id in ("many_hubspot", "many_marketo")}
    cluster.finish(runs, timeout=TIMEOUT, every=2)
    return {dag_id.removeprefix("many_"): cluster.instances(dag_id, run) for dag_id, run in runs.items()}


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_many_syncs_of_one_account_end_in_their_first_try_and_within_its_limits(
    installation: Installation, many: dict[str, list[dict[str, Any]]], platform: str
) -> None:
    ended = Counter((one["state"], one["try_number"]) for one in many[platform])
    again = next((one for one in many[platform] if one["try_number"] > 1), None)
    log = again and installation.cluster.task_log(again["dag_id"], again["dag_run_id"], again["task_id"])
    assert ended == {("success", 1): MANY}, log and log[-5000:]
    box = installation.accounts.many
    calls = box.platforms[platform].calls.all
    assert (calls.refused_for_rate, calls.refused_for_concurrency) == (0, 0)
    per_lead = Counter(email for email in _emails(box, platform) if email.startswith(platform))
    assert (len(per_lead), set(per_lead.values())) == (MANY * ROWS_EACH[platform], {1})


def test_two_workers_and_two_runs_send_once_for_one_purpose(installation: Installation) -> None:
    cluster, box = installation.cluster, installation.accounts.purpose
    box.hubspot.latency = 0.2
    runs = [cluster.trigger("purpose") for _ in range(2)]
    for run in runs:
        cluster.finish({"purpose": run}, timeout=TIMEOUT, every=2)
    assert box.hubspot.calls.of("POST", "/marketing/emails/2026-09/{emailId}/publish").total == 1
    instances = [one for run in runs for one in cluster.instances("purpose", run)]
    published = [
        cluster.returned("purpose", one["dag_run_id"], one["task_id"])["published"]
        for one in instances
        if one["state"] == "success"
    ]
    # In the other run, the same email is found published. Copies of it are refused.
    assert sorted(published) == [False, True]
    refused = [one for one in instances if one["state"] == "failed"]
    assert [one["try_number"] for one in refused] == [1, 1]
    for one in refused:
        assert "send_key.taken" in cluster.task_log("purpose", one["dag_run_id"], one["task_id"])


@dataclass(frozen=True)
class Killed:
    """Tasks whose worker was killed while all of them were held, after their retries.

    :param instances: the task instance by kind and name.
    :param sent: how many of its requests had left when it was killed.
    """

    instances: dict[tuple[str, str], dict[str, Any]]
    sent: dict[tuple[str, str], int]


@pytest.fixture(scope="session")
def killed(installation: Installation) -> Killed:
    cluster, accounts = installation.cluster, installation.accounts
    runs = {f"killed_{kind}": cluster.trigger(f"killed_{kind}") for kind in KINDS}

    def is_held(kind: str, name: str) -> bool:
        platform, task = accounts.killed[kind, name].platforms[HELD[name].platform], HELD[name]
        fired = platform.faults.fired
        if len(fired) < task.held or platform.calls.all.in_flight < task.held:
            return False
        # What was answered before is known where it outlives the worker.
        return platform.clock.time() - fired[0].at > SLOWNESS * SAVED_WITHIN

    until(lambda: all(is_held(*one) for one in TRIED), TIMEOUT)
    cluster.kill_worker("one")
    for kind, name in TRIED:
        accounts.killed[kind, name].platforms[HELD[name].platform].faults.clear()
    sent = {one: _sent(accounts.killed[one], one[1]) for one in TRIED}
    cluster.serve("two", "one")
    cluster.finish(runs, timeout=TIMEOUT, every=2)
    tasks = {kind: cluster.tasks(f"killed_{kind}", runs[f"killed_{kind}"]) for kind in KINDS}
    return Killed({(kind, name): tasks[kind][name] for kind, name in TRIED}, sent)


def _sent(box: Sandbox, name: str) -> int:
    """How many requests have arrived of those that are held."""
    routes = box.platforms[HELD[name].platform].calls.routes
    return sum(
        counter.total
        for (method, route), counter in routes.items()
        if method == "POST" and fnmatchcase(route, HELD[name].request)
    )


def _emails(box: Sandbox, platform: str) -> list[str]:
    if platform == "hubspot":
        return [str(one.properties.get("email")) for one in box.hubspot.state.contacts.live()]
    return [str(lead.values.get("email")) for lead in box.marketo.state.leads]


def _synced(platform: str) -> Callable[[Sandbox], Counter[Any]]:
    return lambda box: Counter(one for one in _emails(box, platform) if one.startswith(f"{platform}sync"))


def _pushed(box: Sandbox) -> Counter[Any]:
    return Counter(row.lead_id for row in box.marketo.state.log.all(PUSH_LEAD))


def _created(box: Sandbox) -> Counter[Any]:
    return Counter(one for one in _emails(box, "marketo") if one.startswith("duplicate"))


def _enrolled(box: Sandbox) -> Counter[Any]:
    return Counter(one.contact for one in box.hubspot.state.automation.in_workflows)


def _mailed(box: Sandbox) -> Counter[Any]:
    return Counter(one.to for one in box.hubspot.state.single_sends.all() if one.result == "SENT")


def _requested(box: Sandbox) -> Counter[Any]:
    return Counter(row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN))


DONE: dict[str, tuple[Callable[[Sandbox], Counter[Any]], int]] = {
    "hubspot_sync": (_synced("hubspot"), 3000),
    "marketo_sync": (_synced("marketo"), 6000),
    "push": (_pushed, 1800),
    "duplicate": (_created, 1800),
    "workflow": (_enrolled, len(hubspot.CONTACT_IDS)),
    "mails": (_mailed, 12),
    "campaign": (_requested, len([marketo.ANNA, marketo.BEN])),
}


@pytest.mark.parametrize(("kind", "name"), TRIED)
def test_the_retry_on_the_other_worker_does_to_each_what_the_killed_one_had_not_done(
    installation: Installation, killed: Killed, kind: str, name: str
) -> None:
    box, instance = installation.accounts.killed[kind, name], killed.instances[kind, name]
    log = installation.cluster.task_log(f"killed_{kind}", instance["dag_run_id"], name)[-3000:]
    assert instance["state"] == "success", log
    assert instance["try_number"] == 2, log
    count, people = DONE[name]
    found = count(box)
    assert (len(found), set(found.values())) == (people, {1})


@pytest.mark.parametrize(("kind", "name"), [one for one in TRIED if one[1] in BATCH])
def test_the_retry_sends_no_more_again_than_was_in_flight(
    installation: Installation, killed: Killed, kind: str, name: str
) -> None:
    cluster, instance, task = installation.cluster, killed.instances[kind, name], HELD[name]
    outcome = cluster.returned(f"killed_{kind}", instance["dag_run_id"], name)
    again = _sent(installation.accounts.killed[kind, name], name) - killed.sent[kind, name]
    assert again <= task.people / BATCH[name] - task.passed
    assert outcome["total"] == task.people
    assert outcome["resumed"] >= task.passed * BATCH[name]
