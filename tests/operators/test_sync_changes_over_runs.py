"""Many runs of one sync: after each clean one the platform equals the source, and nothing was sent twice."""

from __future__ import annotations

import itertools
import random
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected, lift_rate_limits
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from reliability.waits import with_short_quiet_time
from sync_runs import BOTH, FIRST, of, world
from workers import context

from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sync import calls
from airflow_provider_mkt.sync.changes import engines

pytestmark = pytest.mark.usefixtures("short_waits")
KEYS = range(14)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    with connected() as box:
        lift_rate_limits(box)
        # In which an import of a run that ended early is over.
        with_short_quiet_time(monkeypatch, BulkLeadImporter, 0.5)
        # A failing run ends after a number of calls, so that each run makes all of its calls.
        monkeypatch.setattr(calls, "FIELDS_KEPT", 0.0)
        monkeypatch.setattr(calls, "POLL_INTERVAL", 0.0)
        yield box


class WorkerGone(Exception):
    """The worker ends in the middle of a run."""


class Source:
    """Rows that change from run to run: added, changed, gone, back again, with another address."""

    def __init__(self, platform: str, choice: random.Random) -> None:
        self.platform, self.choice = platform, choice
        self.rows: dict[int, dict[str, Any]] = {}
        self.addresses = 0

    def change(self) -> None:
        choice, first = self.choice, FIRST[self.platform]
        for key in KEYS:
            what = choice.random()
            row = self.rows.get(key)
            if row is None and what < 0.4:
                self.rows[key] = {"id": key, "email": self._address(), first: "A", "city": "Bern"}
            elif row is not None and what < 0.12:
                del self.rows[key]
            elif row is not None and what < 0.35:
                row[first] = choice.choice("ABC")
            elif row is not None and what < 0.45:
                row["city"] = choice.choice([None, "Bern", "Thun"])
            elif row is not None and what < 0.55:
                row["email"] = self._address()

    def given(self) -> list[dict[str, Any]]:
        rows = list(self.rows.values())
        self.choice.shuffle(rows)
        return rows

    def _address(self) -> str:
        self.addresses += 1
        return f"w{self.addresses}@example.com"


def written(box: Sandbox, platform: str) -> int:
    """Records in the calls that write leads so far."""
    return sum(
        counter.total
        for (method, path), counter in of(box, platform).calls.routes.items()
        if method == "POST" and path.endswith(("/batch/upsert", "/batch/update", "/leads.json"))
    )


@pytest.mark.parametrize("mode", ["calls", "bulk"])
@pytest.mark.parametrize("platform", BOTH)
def test_after_each_clean_run_the_platform_equals_the_source(
    sandbox: Sandbox, tmp_path: Path, platform: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, first = random.Random(f"{platform} {mode}"), FIRST[platform]
    source = Source(platform, choice)
    others = {str(lead["email"]) for lead in world(sandbox, platform)}
    last: dict[int, dict[str, Any]] = {}
    for run in range(6):
        # As if there were many rows in every second run: each engine continues the state of the other one.
        monkeypatch.setattr(engines, "DUCKDB_ROWS", 0 if run % 2 else 10_000)
        source.change()
        if run and choice.random() < 0.3:
            # The answers of a whole run are lost, or it fails after its first call.
            assert _failing_run(sandbox, platform, tmp_path, source.given(), mode, run)
            source.change()
            last = {}
        operator = _operator(platform, tmp_path, source.given(), mode)
        outcome: Any = operator.execute(context(run=f"run {run}"))
        names = ("written", "unchanged", "skipped", "rejected", "unknown", "suppressed", "not_sent")
        assert sum(outcome[name] for name in names) == outcome["total"] == len(source.rows)
        assert (outcome["rejected"], outcome["unknown"], outcome["not_removed"]) == (0, 0, 0)
        held = {str(lead["email"]): lead for lead in world(sandbox, platform)}
        wanted = {row["email"]: row for row in source.rows.values()}
        assert held.keys() == others | wanted.keys()
        for address, row in wanted.items():
            shown = (held[address].get(first) or "", held[address].get("city") or "")
            assert shown == (row[first], row["city"] or ""), address
        if last:
            same = sum(1 for key, row in source.rows.items() if last.get(key) == row)
            assert outcome["unchanged"] == same
            assert outcome["removed"] == len(last.keys() - source.rows.keys())
        last = {key: dict(row) for key, row in source.rows.items()}


def _operator(platform: str, folder: Path, rows: list[dict[str, Any]], mode: str) -> SyncLeadsOperator:
    return SyncLeadsOperator(
        task_id="sync",
        conn_id=f"{platform}_default",
        leads=rows,
        changes="changed",
        row_key="id",
        state_path=str(folder / "sync"),
        blank={"city": "clear"},
        leave="archive" if platform == "hubspot" else "delete",
        max_removed=None,
        min_rows=0,
        mode=mode,
        poll_interval=0.02,
    )


def _failing_run(
    box: Sandbox,
    platform: str,
    folder: Path,
    rows: list[dict[str, Any]],
    mode: str,
    run: int,
    calls_made: int = 5,
    *,
    posts_only: bool = False,
) -> bool:
    """Run until the response of a call is lost, after some calls; or to the end, if that comes first.

    :param posts_only: whether only calls count that may change something.
    :returns: whether it failed.
    """
    operator = _operator(platform, folder, rows, mode)
    run_call, left = type(operator.hook).reply, [calls_made]

    def reply(hook: Any, call: Any) -> Any:
        left[0] -= not posts_only or call.route.method == "POST"
        answer = run_call(hook, call)
        if left[0] < 0:
            raise WorkerGone
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(operator.hook), "reply", reply)
        try:
            operator.execute(context(run=f"{folder} failing {run}"))
        except WorkerGone:
            return True
        return False


@pytest.mark.parametrize(
    ("new_address", "calls_made", "taker"),
    [
        ("b", 0, 4),
        ("b", 1, 4),
        ("b", 0, 2),
        # Nothing failed.
        ("a", None, 2),
    ],
)
@pytest.mark.parametrize("mode", ["calls", "bulk"])
@pytest.mark.parametrize("platform", BOTH)
def test_the_address_of_a_row_that_is_gone_can_be_that_of_another_row(
    sandbox: Sandbox,
    tmp_path: Path,
    platform: str,
    mode: str,
    new_address: str,
    calls_made: int | None,
    taker: int,
) -> None:
    first = FIRST[platform]
    before = len(world(sandbox, platform))

    def row(key: int, name: str) -> dict[str, Any]:
        return {"id": key, "email": f"{name}@example.com", first: f"P{key}", "city": "Bern"}

    def run(number: int, rows: list[dict[str, Any]]) -> Any:
        outcome: Any = _operator(platform, tmp_path, rows, mode).execute(context(run=f"run {number}"))
        held = [(lead["email"], lead[first]) for lead in world(sandbox, platform)[before:]]
        assert sorted(held) == sorted((row["email"], row[first]) for row in rows)
        assert (outcome["rejected"], outcome["unknown"], outcome["not_removed"]) == (0, 0, 0)
        return outcome

    run(0, [row(1, "a"), row(2, "c"), row(3, "x")])
    if calls_made is not None:
        rows = [row(1, new_address), row(2, "c"), row(3, "x")]
        _failing_run(sandbox, platform, tmp_path, rows, mode, 1, calls_made, posts_only=True)
    # The first row is gone, and another one has its address: a new one, or one that had another address.
    rows = [row(number, "a" if number == taker else "cx"[number - 2]) for number in {2, 3, taker}]
    run(2, rows)
    assert run(3, rows)["unchanged"] == len(rows)


FAILS = ("fails after posts", 0)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("other address"), st.integers(0, 2)),
        st.tuples(st.just("earlier address"), st.integers(0, 2)),
        st.tuples(st.just("gone"), st.integers(0, 2)),
        st.tuples(st.just("gone, and a new row has its address"), st.integers(0, 2)),
        st.tuples(st.just("gone, and the next row has its address"), st.integers(0, 2)),
        st.tuples(st.just("other address, and the next row has its own"), st.integers(0, 2)),
        st.tuples(st.just("fails after calls"), st.integers(1, 12)),
        st.tuples(st.just("fails after posts"), st.integers(0, 2)),
        st.just("run"),
    ),
    min_size=4,
    max_size=12,
).map(lambda steps: ["run", *steps])
"""The first run is a clean one: before it, nothing is removed."""


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # A run of an operator takes too long for hundreds of smaller examples.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@example(steps=["run", ("other address", 0), FAILS, ("other address", 0), "run"])
@example(steps=["run", ("other address", 0), FAILS, ("earlier address", 0), "run"])
@example(steps=["run", ("other address", 0), FAILS, ("gone", 0), "run"])
@example(
    steps=[
        ("fails after posts", 0),
        ("other address", 0),
        ("fails after posts", 0),
        ("other address", 0),
        "run",
    ]
)
@given(steps=STEPS)
@pytest.mark.parametrize("mode", ["calls", "bulk"])
@pytest.mark.parametrize("platform", BOTH)
def test_addresses_of_runs_without_outcomes_leave_no_records(
    sandbox: Sandbox, platform: str, mode: str, steps: list[Any]
) -> None:
    first = FIRST[platform]
    before = {str(lead["email"]) for lead in world(sandbox, platform)}
    addresses = (f"a{uuid.uuid4().hex}@example.com" for _ in itertools.count())
    rows = {key: {"id": key, "email": next(addresses), first: "A", "city": "Bern"} for key in range(4)}
    earlier = {key: [str(row["email"])] for key, row in rows.items()}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for number, step in enumerate([*steps, "run"]):
            match step:
                case "run":
                    run = context(run=f"{directory} {number}")
                    _operator(platform, folder, list(rows.values()), mode).execute(run)
                    held = {str(lead["email"]) for lead in world(sandbox, platform)}
                    assert held == before | {row["email"] for row in rows.values()}
                case ("fails after calls" | "fails after posts") as how, count:
                    given, posts = list(rows.values()), how.endswith("posts")
                    _failing_run(sandbox, platform, folder, given, mode, number, count, posts_only=posts)
                case "gone", key:
                    # The last one stays: nothing is removed when the source is empty.
                    rows.pop(key, None)
                case str() as how, key if how.endswith("address") and ", and" in how and key in rows:
                    address = rows.pop(key)["email"]
                    heir = 10 + number if "new row" in how else key + 1
                    if heir in rows or "new row" in how:
                        rows[heir] = {"id": heir, "email": address, first: "A", "city": "Bern"}
                        earlier.setdefault(heir, []).append(address)
                case "other address, and the next row has its own", key if {key, key + 1} <= rows.keys():
                    rows[key + 1] = {**rows[key + 1], "email": rows[key]["email"]}
                    rows[key] = {**rows[key], "email": next(addresses)}
                case ("other address" | "earlier address") as how, key if key in rows:
                    back = earlier[key][0] if how == "earlier address" else next(addresses)
                    if back in {row["email"] for row in rows.values()}:
                        # Two rows of one address would be rejected.
                        back = next(addresses)
                    rows[key] = {**rows[key], "email": back}
                    earlier[key].append(back)
        rows.clear()
        _operator(platform, folder, [{"id": 9, "email": next(addresses)}], mode).execute(
            context(run=f"{directory} end")
        )
        assert len(world(sandbox, platform)) == len(before) + 1
