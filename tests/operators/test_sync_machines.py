"""Syncs whose tries run on several machines: nothing is sent twice, nothing is lost, nothing is made up."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow_runs import connected, lift_rate_limits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_runs import SEEDED, emails, lines, of
from workers import until

from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
from airflow_provider_mkt.actions.marketo import leads as marketo_leads
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.base import MarketingHook
from airflow_provider_mkt.operators._finished import FinishedTry
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import PUSH_LEAD
from airflow_provider_mkt.state import claims, compact_progress, sync_progress
from airflow_provider_mkt.state.claims import FileClaims
from airflow_provider_mkt.state.sync_progress import SyncProgress
from airflow_provider_mkt.sync import pipeline

KINDS = ("hubspot", "marketo", "duplicate", "push")
_numbers = itertools.count(1)


class Killed(BaseException):
    """Ends a try as a kill would."""


class Life:
    """A process that dies at one of the moments at which something leaves it: after that, nothing does."""

    def __init__(self, moments: int | None = None) -> None:
        self.left, self.dead, self._lock = moments, False, threading.Lock()

    def moment(self) -> None:
        with self._lock:
            if self.left is not None and not self.dead:
                self.left -= 1
                self.dead = self.left < 0
            if self.dead:
                raise Killed


class Store:
    """A task state store that outlasts the machine, as Airflow's does."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.largest = self.writes = 0
        self.life = Life()

    def get(self, key: str) -> Any:
        return json.loads(self.values[key]) if key in self.values else None

    def set(self, key: str, value: Any) -> None:
        self.life.moment()
        self.values[key] = json.dumps(value)
        self.largest, self.writes = max(self.largest, len(self.values[key])), self.writes + 1
        self.life.moment()

    def delete(self, key: str) -> None:
        self.life.moment()
        self.values.pop(key, None)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marketo_leads, "QUIET_AFTER", 0.1)
    monkeypatch.setattr(claims, "AHEAD", 0.5)
    monkeypatch.setattr(pipeline, "_TICK", 0.02)
    monkeypatch.setattr(sync_progress, "_SAVE_EVERY", 0.0)
    # So that a few rows are several batches and several blocks.
    monkeypatch.setattr(compact_progress, "_FIRST_SHIFT", 3)
    for writer in (ContactWriter, DatabaseLeadWriter):
        monkeypatch.setattr(writer, "batch_max", 4)


class Task:
    """One task, tried on several machines."""

    def __init__(self, kind: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kind, self.directory, self._monkeypatch = kind, directory, monkeypatch
        self.run, self.store, self.tries = f"r{next(_numbers)}", Store(), 0
        self.outcomes = directory / f"{self.run}.jsonl"

    def attempt(
        self, people: Any, machine: str = "a", life: Life | None = None, *, cleared: int = 0, **more: Any
    ) -> dict[str, Any] | None:
        """One try; None when it was killed."""
        self._monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(self.directory / machine))
        self.tries += 1
        self.store.life = life or Life()
        ti = SimpleNamespace(
            dag_id="d",
            run_id=self.run,
            task_id="t",
            map_index=-1,
            try_number=self.tries,
            max_tries=9 + cleared,
            xcom_push=lambda key, value: None,
        )
        context: Any = {"ti": ti, "task_state_store": self.store}
        with mortal(life) if life is not None else nullcontext():
            try:
                return dict(self._operator(people, more).run_action(context))
            except Killed:
                return None

    def _operator(self, people: Any, more: dict[str, Any]) -> SyncLeadsOperator | PushLeadsOperator:
        conn_id = "hubspot_default" if self.kind == "hubspot" else "marketo_default"
        shared: dict[str, Any] = {
            "task_id": "t",
            "conn_id": conn_id,
            "leads": people,
            "max_rejected": None,
            "max_concurrency": 2,
            "outcomes_path": str(self.outcomes),
            **more,
        }
        if self.kind == "push":
            return PushLeadsOperator(program_name="Website Contacts", **shared)
        action = "createDuplicate" if self.kind == "duplicate" else "createOrUpdate"
        return SyncLeadsOperator(action=action, **shared)


@contextmanager
def mortal(life: Life) -> Iterator[None]:
    """Let a process end at any moment at which something leaves it: requests, answers, and what is stored."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (MarketingHook, "reply"),
            (SyncProgress, "_write"),
            (FileClaims, "claim"),
            (FileClaims, "expire"),
            (FinishedTry, "save"),
        ):
            whole = getattr(owner, name)

            def dying(self: Any, *given: Any, whole: Any = whole, **named: Any) -> Any:
                life.moment()
                done = whole(self, *given, **named)
                life.moment()
                return done

            patch.setattr(owner, name, dying)
        yield


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with connected() as sandbox:
        lift_rate_limits(sandbox)
        yield sandbox


people = st.lists(st.integers(0, 14), min_size=1, max_size=24)
"""Who the rows are of; some come twice."""
tries = st.lists(st.tuples(st.integers(0, 90), st.sampled_from("aab")), max_size=3)
"""After how many moments a try is killed, and on which machine it ran."""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS), who=people, killed=tries, last=st.sampled_from("ab"), overlap=st.booleans()
)
def test_any_kill_on_any_machine(
    box: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    who: list[int],
    killed: list[tuple[int, str]],
    last: str,
    overlap: bool,
) -> None:
    box.marketo.latency = 0.01
    name = f"x{next(_numbers)}"
    leads = [{"email": f"{name}-{number}@example.com"} for number in who]
    task = Task(kind, tmp_path, monkeypatch)
    for moments, machine in killed:
        if task.attempt(leads, machine, Life(moments)) is not None:
            break
    if overlap and kind in ("hubspot", "marketo"):
        # Another run writes the same people meanwhile, on the same machine.
        other = Task(kind, tmp_path, monkeypatch)
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(other.attempt, leads, last)
            outcome = task.attempt(leads, last)
            assert beside.result() is not None
    else:
        outcome = task.attempt(leads, last)
    assert outcome is not None
    counts = [outcome[status] for status in ("created", "updated", "skipped", "rejected")]
    assert sum(counts) == outcome["total"] == len(leads)
    reported = lines(str(task.outcomes))
    assert [line["row"] for line in reported] == list(range(1, len(leads) + 1))
    unknown = {leads[line["row"] - 1]["email"] for line in reported if line.get("code") == "OUTCOME_UNKNOWN"}
    held = Counter({email: count for email, count in emails(box, _platform(kind)).items() if name in email})
    given = Counter(lead["email"] for lead in leads)
    if kind in ("hubspot", "marketo"):
        assert held == Counter(set(given))
        assert not unknown
        assert all(line["id"] for line in reported if line["outcome"] != "skipped")
    elif kind == "duplicate":
        for email, count in given.items():
            assert held[email] <= count
            assert held[email] == count or email in unknown
    else:
        assert set(held.values()) <= {1}
        marketo = box.marketo.state
        pushed = Counter(
            lead.values["email"]
            for row in marketo.log.all(PUSH_LEAD)
            if (lead := marketo.leads.get(row.lead_id)) is not None and name in str(lead.values["email"])
        )
        for email in given:
            if given[email] == 1:
                assert pushed[email] <= 1
                assert pushed[email] == 1 or email in unknown
    # Its success may not have reached Airflow: nothing is sent, and the counts are the same.
    before = sent(box, kind)
    for machine in "ab":
        again = task.attempt(leads, machine)
        assert again is not None
        assert {**again, "resumed": 0, "calls": 0, "seconds": 0} == {
            **outcome,
            "resumed": 0,
            "calls": 0,
            "seconds": 0,
        }
    assert sent(box, kind) == before
    assert task.store.largest < 65_535


def breaking(box: Sandbox, kind: str, leads: list[dict[str, str]]) -> Callable[[], Iterator[dict[str, str]]]:
    """A source that breaks when all batches of these leads have arrived; others would be dropped."""
    before = sent(box, kind)

    def read() -> Iterator[dict[str, str]]:
        yield from leads
        until(lambda: sent(box, kind) - before == len(leads) // 4)
        raise OSError

    return read


def sent(box: Sandbox, kind: str) -> int:
    """How many calls have written leads."""
    routes = of(box, _platform(kind)).calls.routes
    wanted = ("/batch/upsert", "/leads.json", "/leads/push.json")
    return sum(
        counter.total
        for (method, path), counter in routes.items()
        if method == "POST" and path.endswith(wanted)
    )


def _platform(kind: str) -> str:
    return "hubspot" if kind == "hubspot" else "marketo"


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_on_another_machine_sends_what_is_not_done(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    box.marketo.latency = 0.0
    name, before = f"x{next(_numbers)}", emails(box, _platform(kind))
    leads = [{"email": f"{name}-{number}@example.com"} for number in range(40)]
    task = Task(kind, tmp_path, monkeypatch)

    with pytest.raises(OSError):  # noqa: PT011 - its own
        task.attempt(breaking(box, kind, leads[:20]), "a")
    outcome = task.attempt(leads, "b")
    assert outcome is not None
    # A call that was refused for the account's rate is not sent after the source broke.
    assert outcome["resumed"] >= 12
    assert (outcome["created"], outcome["calls"]) == (40, 10 - outcome["resumed"] // 4)
    assert emails(box, _platform(kind)) - before == Counter({lead["email"]: 1 for lead in leads})
    # The lines of what was done on the first machine have the ids too.
    assert all(line["id"] for line in lines(str(task.outcomes)))
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", task.outcomes.name}


@pytest.mark.parametrize("kind", KINDS)
def test_another_source_on_another_machine(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Rows that are not what they were are sent where that is harmless; else nothing more is sent."""
    box.marketo.latency = 0.0
    name = f"x{next(_numbers)}"
    leads = [{"email": f"{name}-{number}@example.com"} for number in range(40)]
    task = Task(kind, tmp_path, monkeypatch)

    with pytest.raises(OSError):  # noqa: PT011 - its own
        task.attempt(breaking(box, kind, leads[:20]), "a")
    calls = sent(box, kind)
    # The first of the blocks of eight rows is another one.
    leads[2] = {"email": f"{name}-other@example.com"}
    if kind in ("duplicate", "push"):
        with pytest.raises(InvalidInput, match="one of rows 1 to 8 is not what it was"):
            task.attempt(leads, "b")
        assert sent(box, kind) == calls
        # Nor by a further try.
        with pytest.raises(InvalidInput, match="is not what it was"):
            task.attempt(leads, "b")
        assert sent(box, kind) == calls
    else:
        outcome = task.attempt(leads, "b")
        assert outcome is not None
        assert outcome["total"] == 40
        # The seven others of the block are sent a second time.
        assert outcome["updated"] == 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_is_corrected_to_another_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    leads = [{"email": f"p{number}@example.com"} for number in range(40)]
    task = Task(kind, tmp_path, monkeypatch)

    with connected() as wrong:
        with pytest.raises(OSError):  # noqa: PT011 - its own
            task.attempt(breaking(wrong, kind, leads[:20]))
        with connected() as right:
            outcome = task.attempt(leads)
            assert outcome is not None
            assert (outcome["created"], outcome["resumed"]) == (40, 0)
            assert len(emails(right, _platform(kind))) == SEEDED + 40
        # The first account has its own memory.
        outcome = task.attempt(leads)
        assert outcome is not None
        assert outcome["created"] == 40
        assert outcome["resumed"] >= 12
        assert emails(wrong, _platform(kind)) == emails(right, _platform(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_task_that_is_cleared_sends_everything_again(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    box.marketo.latency = 0.0
    name = f"x{next(_numbers)}"
    leads = [{"email": f"{name}-{number}@example.com"} for number in range(8)]
    task = Task(kind, tmp_path, monkeypatch)
    first, calls = task.attempt(leads), sent(box, kind)
    assert task.attempt(leads) is not None
    assert sent(box, kind) == calls
    cleared = task.attempt(leads, cleared=1)
    assert first is not None
    assert cleared is not None
    assert (cleared["total"], cleared["resumed"], cleared["calls"]) == (8, 0, first["calls"])
    assert cleared["created"] == (8 if kind == "duplicate" else 0)
    # And once more: its own success may be lost too.
    again = task.attempt(leads, "b", cleared=1)
    assert again is not None
    assert (again["total"], again["calls"]) == (8, 0)


def test_progress_is_not_taken_for_that_of_another_action(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.marketo.latency = 0.0
    leads = [{"email": f"x{next(_numbers)}@example.com", "city": "Bern"} for _ in range(8)]
    task = Task("hubspot", tmp_path, monkeypatch)
    assert task.attempt(leads) is not None
    task.kind = "marketo"
    assert (task.attempt(leads) or {})["created"] == 8
    # The mapping was corrected: these are other records, and another sync.
    outcome = task.attempt(leads, columns={"city": None})
    assert outcome is not None
    assert (outcome["updated"], outcome["resumed"]) == (8, 0)
    task.kind = "duplicate"
    assert (task.attempt(leads) or {})["created"] == 8


def test_a_try_on_another_machine_waits_for_calls_that_no_claim_shows(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only there: on the same machine the claims show which keys may still be written."""
    monkeypatch.setattr(claims, "AHEAD", 1.0)
    box.marketo.latency = 0.0
    leads = [{"email": f"x{next(_numbers)}@example.com"} for _ in range(8)]
    for machine, waits in (("a", False), ("b", True)):
        task = Task("marketo", tmp_path, monkeypatch)
        # Killed while the first call is at work.
        killed = Life()
        whole = MarketingHook.reply

        def reply(self: Any, call: Any, whole: Any = whole, killed: Life = killed) -> Any:
            if call.name == "leads.sync":
                killed.dead = True
            return whole(self, call)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MarketingHook, "reply", reply)
            assert task.attempt(leads, "a", killed) is None
        capsys.readouterr()
        assert task.attempt(leads, machine) is not None
        assert ("An earlier try ended early; waiting" in capsys.readouterr().out) == waits
        assert {emails(box, "marketo")[lead["email"]] for lead in leads} == {1}
