"""What SyncLeadsOperator makes of lost answers, dead tokens, limits, and of being killed."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow_runs import Airflow
from sync_runs import (
    BOTH,
    FIRST,
    LATE,
    SEEDED,
    SHORT,
    counted,
    emails,
    failed,
    limit_day,
    of,
    send_few_at_once,
    shorten,
    succeeded,
    sync,
    wait_shortly,
    world,
    write_calls,
)
from workers import Worker, as_soon_as, context, until

from airflow_provider_mkt.actions.hubspot import account as hubspot_quota
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.client.hubspot import platform as hubspot_platform
from airflow_provider_mkt.client.marketo import platform as marketo_platform
from airflow_provider_mkt.client.transport import drivers
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.state import claims
from airflow_provider_mkt.sync import calls


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def box(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, which DAG files can import as ``sandbox_in_use.box``."""
    module = ModuleType("sandbox_in_use")
    module.__dict__.update(box=sandbox, turns=Counter())
    sys.modules[module.__name__] = module
    yield sandbox
    del sys.modules[module.__name__]


@pytest.fixture
def oauth(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with a HubSpot connection that signs in by OAuth."""
    name = "AIRFLOW_CONN_HUBSPOT_DEFAULT"
    given = json.loads(os.environ[name])
    given |= {
        "login": hubspot_seed.OAUTH_CLIENT_ID,
        "password": hubspot_seed.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": hubspot_seed.REFRESH_TOKEN},
    }
    monkeypatch.setenv(name, json.dumps(given))
    return box


LOST: dict[str, dict[str, Any]] = {
    "reset": {"answer": {"reset": True}},
    "502": {"answer": {"status": 502}},
    "524": {"answer": {"status": 524}},
    "slow": {"delay": LATE},
}
ENDPOINTS = {
    "hubspot": {"createOrUpdate": "*/batch/upsert", "createOnly": "*/batch/create"},
    "marketo": {"createOrUpdate": "*/leads.json", "createOnly": "*/leads.json"},
}


def people(count: int, start: int = 0) -> str:
    return f'leads = [{{"email": f"p{{i}}@example.com"}} for i in range({start}, {start + count})]'


def an_hour_passes(at: int, count: int) -> str:
    """A source of so many people, which takes an hour from one of them to the next."""
    return f"""
from sandbox_in_use import box
def produce():
    for i in range({count}):
        if i == {at}:
            box.clock.advance(3600)
        yield {{"email": f"p{{i}}@example.com"}}
"""


def assert_everyone_once(box: Sandbox, platform: str, count: int) -> None:
    held = emails(box, platform)
    assert set(held.values()) == {1}, "some lead is there twice"
    assert len(held) == SEEDED + count


@pytest.mark.parametrize("platform", BOTH)
class TestLostAnswers:
    @pytest.mark.parametrize("action", ["createOrUpdate", "createOnly"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", [*LOST, "604"])
    def test_a_lost_answer_to_a_write_loses_nothing_and_writes_nothing_twice(
        self,
        airflow: Airflow,
        box: Sandbox,
        platform: str,
        action: str,
        when: Any,
        how: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fault = LOST.get(how) or {"answer": {"code": "604"} if platform == "marketo" else {"status": 504}}
        begins_late = how == "slow" and when == "before"
        if begins_late:
            # A server that begins late still keeps to its own time limit.
            fault = {"delay": SHORT - 0.1}
        elif how == "slow":
            wait_shortly(monkeypatch)
        of(box, platform).faults.add(ENDPOINTS[platform][action], method="POST", when=when, **fault)
        outcome = succeeded(sync(airflow, platform, f'leads=leads, action="{action}"', people(30)))
        assert outcome["rejected"] == 0
        assert outcome["total"] == 30
        assert_everyone_once(box, platform, 30)
        sent = write_calls(box, platform)
        assert sent == (1 if begins_late else 2) or (how == "slow" and sent > 2)
        if when == "before":
            assert outcome["created"] == 30
        elif action == "createOnly":
            assert outcome["skipped"] == 30

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_lost_answer_to_an_update_by_id_changes_nothing(
        self, airflow: Airflow, box: Sandbox, platform: str, when: Any
    ) -> None:
        key, first = {"hubspot": "hs_object_id", "marketo": "id"}[platform], FIRST[platform]
        ids = [lead["id"] for lead in world(box, platform)]
        path = {"hubspot": "*/batch/update", "marketo": "*/leads.json"}[platform]
        of(box, platform).faults.add(path, method="POST", when=when, answer={"reset": True})
        before = f'leads = [{{"{key}": one, "{first}": "X"}} for one in {ids}]'
        arguments = f'leads=leads, action="updateOnly", lookup_field="{key}"'
        outcome = succeeded(sync(airflow, platform, arguments, before))
        assert counted(outcome) == (0, SEEDED, 0, 0)
        assert {lead[first] for lead in world(box, platform)} == {"X"}

    def test_answers_lost_all_along_a_long_run(
        self, airflow: Airflow, box: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        faults = of(box, platform).faults
        path = ENDPOINTS[platform]["createOrUpdate"]
        # So far apart that they cannot all hit one batch, in whatever order a slow machine sends.
        for number, how in enumerate(("reset", "502", "524")):
            for skip, when in ((4 * number, "before"), (4 * number + 2, "after")):
                faults.add(path, method="POST", when=when, skip=skip, **LOST[how])
        count = 12 * send_few_at_once(monkeypatch)
        # Every key comes twice, far apart and close together.
        before = f"""
{people(count)}
leads += leads[:10] + leads[-5:]
"""
        outcome = succeeded(sync(airflow, platform, "leads=leads", before))
        assert outcome["rejected"] == 0
        assert outcome["total"] == count + 15
        assert_everyone_once(box, platform, count)


class TestOtherEndpoints:
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("path", ["*/oauth/token", "*/describe2.json"])
    @pytest.mark.parametrize("how", ["reset", "502"])
    def test_marketo_signs_in_and_reads_its_schema_again(
        self, airflow: Airflow, box: Sandbox, path: str, when: Any, how: str
    ) -> None:
        box.marketo.faults.add(path, when=when, **LOST[how])
        assert counted(succeeded(sync(airflow, "marketo", "leads=leads", people(3)))) == (3, 0, 0, 0)
        assert_everyone_once(box, "marketo", 3)

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("how", ["reset", "502"])
    def test_hubspot_signs_in_again(self, airflow: Airflow, oauth: Sandbox, when: Any, how: str) -> None:
        oauth.hubspot.faults.add("*/oauth/*token", when=when, **LOST[how])
        assert counted(succeeded(sync(airflow, "hubspot", "leads=leads", people(3)))) == (3, 0, 0, 0)
        assert_everyone_once(oauth, "hubspot", 3)

    def test_a_created_duplicate_whose_answer_is_lost_is_not_sent_again(
        self, airflow: Airflow, box: Sandbox
    ) -> None:
        box.marketo.faults.add("*/leads.json", method="POST", when="after", answer={"reset": True})
        run = sync(airflow, "marketo", 'leads=leads, action="createDuplicate", max_rejected=None', people(10))
        outcome = succeeded(run)
        assert outcome["reasons"] == {"OUTCOME_UNKNOWN": 10}
        assert_everyone_once(box, "marketo", 10)

    # Breaks when the first two batches have arrived: one that is not sent yet would be dropped.
    BREAKS_ONCE = """
import time
from sandbox_in_use import box, turns
def produce():
    turns["read"] += 1
    for i in range(700):
        yield {"email": f"p{i}@example.com"}
        if i == 650 and turns["read"] == 1:
            while box.marketo.calls.of("POST", "/rest/v1/leads.json").total < 2:
                time.sleep(0.01)
            raise OSError("the database went away")
"""

    def test_a_retry_creates_only_the_duplicates_that_were_not_created(
        self, airflow: Airflow, box: Sandbox, tmp_path: Path
    ) -> None:
        run = sync(
            airflow,
            "marketo",
            f'leads=produce, action="createDuplicate", retries=1, outcomes_path="{tmp_path}/outcomes"',
            self.BREAKS_ONCE,
        )
        outcome = succeeded(run)
        assert (outcome["created"], outcome["total"], outcome["resumed"]) == (700, 700, 600)
        assert_everyone_once(box, "marketo", 700)
        assert write_calls(box, "marketo") == 3
        reported = [json.loads(line)["row"] for line in (tmp_path / "outcomes").read_text().splitlines()]
        assert sorted(reported) == list(range(1, 701))

    def test_a_retry_on_another_machine_creates_only_the_duplicates_that_were_not_created(
        self, airflow: Airflow, box: Sandbox, tmp_path: Path
    ) -> None:
        forget = """
import shutil
from airflow_provider_mkt.hooks.state import state_directory
def forget(context):
    shutil.rmtree(state_directory() / "sync")
"""
        run = sync(
            airflow,
            "marketo",
            'leads=produce, action="createDuplicate", retries=1, on_retry_callback=forget, '
            f'outcomes_path="{tmp_path}/outcomes"',
            self.BREAKS_ONCE + forget,
        )
        outcome = succeeded(run)
        assert (outcome["created"], outcome["total"], outcome["resumed"]) == (700, 700, 600)
        assert_everyone_once(box, "marketo", 700)
        reported = [json.loads(line) for line in (tmp_path / "outcomes").read_text().splitlines()]
        assert sorted(line["row"] for line in reported) == list(range(1, 701))
        assert {line["id"] for line in reported} == {
            lead["id"] for lead in world(box, "marketo") if str(lead["email"]).startswith("p")
        }
        assert [path.name for path in tmp_path.iterdir()] == ["outcomes"]


class TestTokens:
    @pytest.mark.parametrize("code", ["601", "602"])
    def test_marketo_token_that_dies_in_the_middle(
        self, airflow: Airflow, box: Sandbox, code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Once: refused with a new token too, which calls that come one by one would be, it is given up.
        box.marketo.faults.add("*/leads.json", method="POST", answer={"code": code}, skip=1)
        count = 5 * send_few_at_once(monkeypatch)
        outcome = succeeded(sync(airflow, "marketo", "leads=leads", people(count)))
        # On a busy machine an answer may come after the shortened time-out, and its call go again.
        assert outcome["created"] + outcome["updated"] == count
        assert_everyone_once(box, "marketo", count)

    def test_marketo_token_that_expires_under_several_calls_is_renewed_once(
        self, airflow: Airflow, box: Sandbox
    ) -> None:
        outcome = succeeded(sync(airflow, "marketo", "leads=produce", an_hour_passes(600, 2_400)))
        assert outcome["created"] + outcome["updated"] == 2_400
        assert box.marketo.calls.of("POST", "/identity/oauth/token").total == 2
        assert_everyone_once(box, "marketo", 2_400)

    def test_hubspot_token_that_expires_in_the_middle(self, airflow: Airflow, oauth: Sandbox) -> None:
        run = sync(airflow, "hubspot", "leads=produce", an_hour_passes(500, 1_000))
        outcome = succeeded(run)
        assert outcome["created"] + outcome["updated"] == 1_000
        assert oauth.hubspot.calls.all.by_status[401] >= 1
        assert_everyone_once(oauth, "hubspot", 1_000)
        for token in [*oauth.hubspot.state.credentials.tokens, hubspot_seed.REFRESH_TOKEN]:
            assert token not in run.log

    @pytest.mark.parametrize("platform", BOTH)
    def test_invalid_credentials_fail_without_retry_and_reveal_no_secret(
        self, airflow: Airflow, box: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = f"AIRFLOW_CONN_{platform.upper()}_DEFAULT"
        given = json.loads(os.environ[name]) | {"password": "wrong-secret-of-mine"}
        monkeypatch.setenv(name, json.dumps(given))
        log = failed(sync(airflow, platform, "leads=leads, retries=3", people(3)))
        assert "wrong-secret-of-mine" not in log
        assert "p1@example.com" not in re.sub(r"(?s)^.*?Pre Execute", "", log)
        assert of(box, platform).calls.total <= 3


class TestLimits:
    @pytest.mark.parametrize(
        ("platform", "answer"),
        [
            ("marketo", {"code": "606"}),
            ("marketo", {"code": "615"}),
            ("hubspot", {"error": "TEN_SECONDLY_ROLLING"}),
            ("hubspot", {"error": "423"}),
        ],
    )
    def test_refusals_because_of_other_clients_are_waited_out(
        self,
        airflow: Airflow,
        box: Sandbox,
        platform: str,
        answer: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        of(box, platform).faults.add(
            ENDPOINTS[platform]["createOrUpdate"], method="POST", answer=answer, times=2, skip=1
        )
        count = 9 * send_few_at_once(monkeypatch)
        outcome = succeeded(sync(airflow, platform, "leads=leads", people(count)))
        assert outcome["created"] + outcome["updated"] == count
        assert_everyone_once(box, platform, count)

    @pytest.mark.parametrize("platform", BOTH)
    def test_an_exhausted_day_defers_the_task_until_the_reset_and_then_it_finishes(
        self, airflow: Airflow, box: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        soon = timedelta(seconds=0.2)
        limits = of(box, platform).limits
        monkeypatch.setattr(marketo_platform, "next_quota_reset", lambda now: now + soon)
        monkeypatch.setattr(hubspot_platform, "_QUOTA_RETRY_INTERVAL", soon)
        monkeypatch.setattr(hubspot_quota, "_moment", lambda reported: datetime.now(UTC) + soon)
        # What is read of the account beside the work must not use the last calls of the day.
        beside = 4 if platform == "hubspot" else 2
        before = f"""
import time
from sandbox_in_use import box, turns
limits = box.{platform}.limits
def answered():
    routes = list(box.{platform}.calls.routes.items())
    return sum(one.by_status.total() for (method, _), one in routes if method == "GET")
def produce():
    turns["read"] += 1
    if turns["read"] == 1:
        while answered() < {beside}:
            time.sleep(0.01)
        limits.daily.limit = limits.daily.used + 2
    for i in range(1500):
        yield {{"email": f"p{{i}}@example.com"}}
"""

        def begin_a_day() -> None:
            limits.daily.limit = None

        with as_soon_as(lambda: limits.refused["daily"] > 0, begin_a_day):
            run = sync(airflow, platform, "leads=produce", before)
        outcome = succeeded(run)
        assert outcome["total"] == 1_500
        assert outcome["rejected"] == 0
        assert "Deferred until" in run.log
        assert_everyone_once(box, platform, 1_500)


class Try:
    """A try in a worker process.

    :param platform: where it writes the leads.
    :param count: number of leads.
    :param ahead: how long its claims outlast their renewal.
    :param quiet: how long the platform may work on a call that nobody waits for.
    """

    def __init__(self, platform: str, count: int, *, ahead: float, quiet: float) -> None:
        self._operator = SyncLeadsOperator(
            task_id="t",
            conn_id=f"{platform}_default",
            max_concurrency=4,
            leads=[{"email": f"p{i}@example.com"} for i in range(count)],
        )
        self._ahead, self._quiet = ahead, quiet

    def execute(self, given: Any) -> Any:
        # The process has only this try: nothing is undone.
        patch = pytest.MonkeyPatch()
        patch.setattr(claims, "AHEAD", self._ahead)
        make = DatabaseLeadWriter.__init__

        def making(writer: DatabaseLeadWriter, **options: Any) -> None:
            make(writer, **options)
            writer.quiet_after = self._quiet

        patch.setattr(DatabaseLeadWriter, "__init__", making)
        return self._operator.run_action(given)

    def on_kill(self) -> None:
        """Nothing is done: these tests kill the process."""


@pytest.mark.parametrize("platform", BOTH)
def test_a_sync_stops_before_the_days_calls_run_out_and_goes_on_after_the_reset(
    box: Sandbox, platform: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow_provider_mkt.client.errors import QuotaExhausted

    monkeypatch.setattr(calls, "POLL_CALLS_MIN", 5)
    limit_day(monkeypatch, box, platform, calls=100, reserve=40)
    limits = of(box, platform).limits
    send_few_at_once(monkeypatch)
    count = 1_000 if platform == "marketo" else 800
    details = {"dag_id": "d", "run_id": str(tmp_path), "task_id": "t", "map_index": -1}

    def attempt(number: int) -> Any:
        operator = SyncLeadsOperator(
            task_id="t",
            conn_id=f"{platform}_default",
            leads=lambda: ({"email": f"p{i}@example.com"} for i in range(count)),
            max_concurrency=4,
        )
        return operator.run_action({"ti": SimpleNamespace(**details, try_number=number)})

    with pytest.raises(QuotaExhausted) as caught:
        attempt(1)
    assert caught.value.resets_at.timestamp() > box.clock.time()
    left = limits.daily.limit - limits.daily.used
    assert 20 <= left <= 40
    box.clock.advance(86_400)
    outcome = attempt(2)
    assert outcome["resumed"] > 0
    assert outcome["total"] == count
    assert_everyone_once(box, platform, count)
    assert of(box, platform).calls.all.by_status[429] == 0


class TestKilled:
    def test_a_second_try_waits_until_the_calls_of_a_killed_one_have_ended(
        self, box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        ahead, quiet, at_work = 0.5, 4.5, 4.0
        box.marketo.faults.add("*/leads.json", method="POST", delay=at_work, times=2)
        monkeypatch.setenv("WORKERS_RUN", str(tmp_path))
        killed = Worker(Try("marketo", 600, ahead=ahead, quiet=quiet))
        calls = box.marketo.calls
        until(lambda: killed.ended or calls.of("POST", "/rest/v1/leads.json").in_flight == 2)
        assert not killed.ended
        killed.kill()
        assert len(world(box, "marketo")) == SEEDED

        monkeypatch.setattr(claims, "AHEAD", ahead)
        leads = [{"email": f"p{i}@example.com"} for i in range(600)]
        outcome = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=leads).run_action(
            context(try_number=2)
        )
        # Otherwise it would have created some of them itself.
        assert counted(outcome) == (0, 600, 0, 0)
        assert_everyone_once(box, "marketo", 600)

    def test_a_retry_after_a_failure_whose_calls_were_answered_does_not_wait(
        self, airflow: Airflow, box: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(claims, "AHEAD", 600.0)
        # Breaks when the first two batches have arrived: one that is not sent yet would be dropped.
        before = """
import time
from sandbox_in_use import box, turns
def produce():
    turns["read"] += 1
    for i in range(700):
        yield {"email": f"p{i}@example.com"}
    if turns["read"] == 1:
        while box.marketo.calls.of("POST", "/rest/v1/leads.json").total < 2:
            time.sleep(0.01)
        raise OSError("the database went away")
"""
        run = sync(airflow, "marketo", "leads=produce, retries=1", before)
        outcome = succeeded(run)
        assert "An earlier try ended early" not in run.log
        assert (outcome["total"], outcome["created"], outcome["resumed"]) == (700, 700, 600)
        assert_everyone_once(box, "marketo", 700)

    @pytest.mark.parametrize("platform", BOTH)
    def test_a_retry_sends_only_what_a_killed_try_is_not_known_to_have_done(
        self, box: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        count, calls = (200, 8) if platform == "marketo" else (600, 30)
        batch = send_few_at_once(monkeypatch)
        of(box, platform).faults.add("*", method="POST", delay=0.05, times=None)
        monkeypatch.setenv("WORKERS_RUN", str(tmp_path))
        killed = Worker(Try(platform, count, ahead=0.2, quiet=0.0))
        until(lambda: killed.ended or write_calls(box, platform) >= calls)
        assert not killed.ended
        killed.kill()
        leads = [{"email": f"p{i}@example.com"} for i in range(count)]
        operator = SyncLeadsOperator(
            task_id="t", conn_id=f"{platform}_default", leads=leads, outcomes_path=str(tmp_path / "reported")
        )
        outcome = operator.run_action(context(try_number=2))
        assert outcome["total"] == outcome["created"] + outcome["updated"] == count
        assert outcome["resumed"] >= batch
        assert outcome["calls"] == (count - outcome["resumed"]) / batch
        assert_everyone_once(box, platform, count)

    def test_a_cleared_task_sends_everything_again(
        self, airflow: Airflow, box: Sandbox, tmp_path: Path
    ) -> None:
        details = {"dag_id": "d", "run_id": str(tmp_path), "task_id": "t", "map_index": -1, "try_number": 1}

        def broken() -> Iterator[dict[str, Any]]:
            yield from leads
            # One that has not arrived yet would be dropped.
            until(lambda: write_calls(box, "marketo") == 1)
            raise OSError

        leads = [{"email": f"p{i}@example.com"} for i in range(400)]
        operator = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=broken)
        with pytest.raises(OSError):  # noqa: PT011 - its own
            operator.run_action({"ti": SimpleNamespace(**details, max_tries=0)})
        again = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=leads)
        outcome = again.run_action({"ti": SimpleNamespace(**details, max_tries=1)})
        assert (outcome["updated"], outcome["resumed"]) == (300, 0)

    @pytest.mark.parametrize("platform", BOTH)
    def test_a_cancelled_task_sends_no_more(self, airflow: Airflow, box: Sandbox, platform: str) -> None:
        of(box, platform).faults.add("*", method="POST", delay=0.2, times=None)
        ti = SimpleNamespace(dag_id="d", run_id="r", task_id=f"end {platform}", map_index=-1, try_number=1)
        operator = SyncLeadsOperator(
            task_id="t",
            conn_id=f"{platform}_default",
            leads=lambda: ({"email": f"p{i}@example.com"} for i in range(1_000_000)),
        )

        def end_in_the_middle() -> None:
            until(lambda: write_calls(box, platform) > 0, 60)
            time.sleep(0.3)
            operator.on_kill()

        threading.Thread(target=end_in_the_middle).start()
        with pytest.raises(TaskCancelled):
            operator.run_action({"ti": ti})
        sent = write_calls(box, platform)
        assert 0 < sent < 300
        time.sleep(0.3)
        assert write_calls(box, platform) == sent
        assert max(emails(box, platform).values()) == 1

    @pytest.mark.parametrize("platform", BOTH)
    def test_a_task_that_is_killed_before_it_starts_sends_nothing(
        self, airflow: Airflow, box: Sandbox, platform: str
    ) -> None:
        operator = SyncLeadsOperator(
            task_id="t", conn_id=f"{platform}_default", leads=lambda: iter([{"email": "p@example.com"}])
        )
        operator.on_kill()
        ti = SimpleNamespace(dag_id="d", run_id="r", task_id=f"early {platform}", map_index=-1, try_number=1)
        with pytest.raises(TaskCancelled):
            operator.execute({"ti": ti})
        assert write_calls(box, platform) == 0


def test_an_operator_can_be_copied_as_airflow_does() -> None:
    import copy

    operator = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=[])
    assert copy.deepcopy(operator).conn_id == "marketo_default"


def test_a_slow_source_lets_no_call_go_after_its_lease(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the source keeps the thread that renews the lease, repeats of calls wait for it."""
    longer_than_the_lease = replace(marketo_platform._RULES["606"], wait=0.5)
    monkeypatch.setitem(marketo_platform._RULES, "606", longer_than_the_lease)
    box.marketo.faults.add("*/leads.json", method="POST", answer={"code": "606"})
    sent: list[int] = []

    def produce() -> Iterator[dict[str, Any]]:
        yield from ({"email": f"p{i}@example.com"} for i in range(300))
        until(lambda: write_calls(box, "marketo") == 1)
        time.sleep(1.0)
        sent.append(write_calls(box, "marketo"))

    ti = SimpleNamespace(dag_id="d", run_id="slow", task_id="t", map_index=-1, try_number=1)
    outcome = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=produce).run_action({"ti": ti})
    assert outcome["created"] + outcome["updated"] == 300
    assert sent == [1]


def test_a_try_that_begins_while_the_one_before_still_lives_waits_for_it(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "READ_MARGIN", 30.0)
    box.marketo.faults.add("*/leads.json", method="POST", delay=1.0, times=3)
    details = {"dag_id": "d", "run_id": str(tmp_path), "task_id": "t", "map_index": -1}
    leads = [{"email": f"p{i}@example.com"} for i in range(900)]
    outcomes: dict[int, Any] = {}

    def attempt(number: int) -> None:
        operator = SyncLeadsOperator(task_id="t", conn_id="marketo_default", leads=leads)
        outcomes[number] = operator.run_action({"ti": SimpleNamespace(**details, try_number=number)})

    first, second = (threading.Thread(target=attempt, args=(number,)) for number in (1, 2))
    first.start()
    until(lambda: write_calls(box, "marketo"))
    second.start()
    for one in (first, second):
        one.join()
    assert [(outcomes[n]["created"], outcomes[n]["resumed"]) for n in (1, 2)] == [(900, 0), (900, 900)]
    assert_everyone_once(box, "marketo", 900)
    assert write_calls(box, "marketo") == 3


def test_leads_that_must_not_be_sent_twice_are_sent_after_a_day_that_was_used_up_before_any_was(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow_provider_mkt.client.errors import QuotaExhausted

    # No call before it is known how many are left.
    monkeypatch.setattr(calls, "POLL_CALLS_MIN", 0)
    given = json.loads(os.environ["AIRFLOW_CONN_MARKETO_DEFAULT"])
    given["extra"] = {"daily_quota": 1}
    monkeypatch.setenv("AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(given))

    def attempt() -> Any:
        operator = SyncLeadsOperator(
            task_id="t",
            conn_id="marketo_default",
            action="createDuplicate",
            leads=[{"email": f"p{i}@example.com"} for i in range(10)],
        )
        details = {"dag_id": "d", "run_id": str(tmp_path), "task_id": "t", "map_index": -1}
        return operator.run_action({"ti": SimpleNamespace(**details, try_number=1)})

    with pytest.raises(QuotaExhausted):
        attempt()
    assert write_calls(box, "marketo") == 0
    given["extra"] = {}
    monkeypatch.setenv("AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(given))
    assert attempt()["created"] == 10
    assert_everyone_once(box, "marketo", 10)
