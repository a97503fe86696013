"""Any order of runs: rows come, go, change and are rejected, answers are lost, and runs end early."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from change_tools import Memory, Rejected, Source, Sync, decisions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_mkt.sync.changes import EngineName, Operation, PlannedRow, Status, normalized_key

IDS = st.integers(0, 5)
EMAILS = st.sampled_from(["a@x.de", "A@x.de", "b@x.de", "c@x.de", "d@x.de", "e@x.de", "f@x.de", None])
RECORDS = st.fixed_dictionaries(
    {"id": IDS, "email": EMAILS},
    optional={
        "score": st.sampled_from([1, 1.0, 2, None, ""]),
        "city": st.sampled_from(["Rome", "Oslo"]),
        "bad": st.just(True),
    },
)
RUNS = st.fixed_dictionaries(
    {
        "source": st.lists(RECORDS, max_size=7),
        "remove": st.booleans(),
        # Rows whose answer is lost, and whether the call had arrived.
        "lost": st.sets(st.integers(0, 6), max_size=2),
        "arrived": st.booleans(),
        # After so many rows the run ends: with an error, or it is killed.
        "ends_after": st.none() | st.integers(0, 6),
        "killed": st.booleans(),
        "refresh": st.sampled_from(["changed", "changed", "changed", "failed", "all"]),
    }
)


PHASES = [Phase.explicit, Phase.generate]
"""Without a search for the smallest example, which takes minutes."""


class History:
    """Runs of one sync, and what must hold after each."""

    def __init__(self, folder: Path) -> None:
        self.sync = Sync(folder, files=Memory())
        self.acknowledged: dict[str, dict[str, Any]] = {}
        """What the platform has acknowledged last, by row key, if nothing was sent after it."""
        self.created: dict[str, str] = {}
        """Emails of records that were created without an answer, with the keys of their rows."""

    def run(self, plan: dict[str, Any], engine: EngineName) -> None:
        sync, source = self.sync, plan["source"]
        other: EngineName = "arrow" if engine == "duckdb" else "duckdb"
        if plan["remove"]:
            # Only one engine in most runs: DuckDB takes a while to start.
            with sync.begin(other) as run:
                sync.read(run, source)
                expected = run.compare(refresh=plan["refresh"]), decisions(run)
        run = sync.begin(engine)
        try:
            sync.read(run, source)
            comparison = run.compare(refresh=plan["refresh"])
            if plan["remove"]:
                assert (comparison, decisions(run)) == expected
            present = {Operation.GONE, Operation.REPLACED}
            assert sum(n for name, n in comparison.counts.items() if name not in present) == len(source)
            remove = plan["remove"] and not comparison.no_removals
            run.start(remove=remove)
            ended = False
            for place, planned in enumerate(self._handed_out(run)):
                if place == plan["ends_after"]:
                    ended = True
                    break
                lost = place in plan["lost"]
                self._call(run, planned, lost=lost, arrived=plan["arrived"], refresh=plan["refresh"])
            if not ended:
                run.commit()
            elif plan["killed"]:
                # What a killed process does not do any more.
                run._planned = False
        finally:
            run.close()
        if not ended and not plan["lost"]:
            self._check(source, removed=remove)

    @staticmethod
    def _handed_out(run: Any) -> Iterator[PlannedRow]:
        yield from run.to_send()
        yield from run.to_remove()

    def _call(self, run: Any, planned: PlannedRow, *, lost: bool, arrived: bool, refresh: str) -> None:
        table, key = self.sync.table, planned.row_key
        if lost:
            if arrived and planned.row is not None:
                try:
                    table.write(planned)
                except Rejected:
                    run.record(planned, Status.FAILED, reason="BAD")
                    return
            elif arrived:
                table.remove(planned)
            self.acknowledged.pop(key, None)
            if planned.platform_id is None:
                self.created[planned.match_key] = key
            return
        if planned.row is None:
            assert planned.operation is Operation.GONE
            table.remove(planned)
            run.record(planned, Status.REMOVED)
            self.acknowledged.pop(key, None)
            return
        if refresh != "all" and key in self.acknowledged:
            assert payload(planned.row.record) != self.acknowledged[key], "an unchanged row was sent"
        before = len(table.writes)
        self.sync.send(run, planned)
        if len(table.writes) > before:
            self.acknowledged[key] = payload(planned.row.record)
        else:
            self.acknowledged.pop(key, None)

    def _check(self, source: Source, *, removed: bool) -> None:
        """After a clean run the platform has what the source says."""
        state, found = self.sync.state(), self.sync.table.by_email()
        wanted = set()
        for record in valid(source):
            row = state[str(record["id"])]
            assert row["status"] in (Status.SYNCED, Status.FAILED)
            email = normalized_key(record["email"], "email")
            wanted.add(email)
            if row["status"] == Status.SYNCED:
                sent = {name: value for name, value in record.items() if name != "email"}
                assert sent.items() <= found[email].items()
        if removed:
            # Rows that are rejected did not leave the source, and the records that they name stay.
            ids = {str(record["id"]) for record in source}
            rejected = {row["match_key"] for key, row in state.items() if key in ids}
            rejected |= {normalized_key(record["email"], "email") for record in source}
            # The id of such a record is not known, and its row has another email since.
            lost = {email for email, key in self.created.items() if state[key]["match_key"] != email}
            assert set(found) <= wanted | rejected | lost


def payload(record: Any) -> dict[str, Any]:
    """A record as it is compared: fields that are not sent do not count, and emails by their key."""
    return {**record, "email": normalized_key(record["email"], "email")}


def valid(source: Source) -> list[dict[str, Any]]:
    """The rows whose keys are theirs alone."""
    ids = [record["id"] for record in source]
    emails = [normalized_key(record["email"], "email") for record in source]
    return [
        record
        for record, email in zip(source, emails, strict=True)
        if email is not None and ids.count(record["id"]) == 1 and emails.count(email) == 1
    ]


@pytest.mark.parametrize("engine", ["arrow", "duckdb"])
def test_after_each_clean_run_the_platform_is_as_the_source_says(engine: EngineName) -> None:
    @settings(
        max_examples=25 if engine == "arrow" else 3,
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(RUNS, min_size=2, max_size=6))
    def check(runs: list[dict[str, Any]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            history = History(Path(folder))
            for plan in runs:
                history.run(plan, engine)
            last = {**runs[-1], "lost": set(), "ends_after": None, "refresh": "changed"}
            history.run(last, engine)

    check()
