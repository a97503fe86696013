"""A sync that is killed resumes: nothing is lost, reported twice or needlessly sent again."""

from __future__ import annotations

import json
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline_tools import FINE, REFUSED, REJECTED, REJECTED_TOGETHER, UNKNOWN, Server, Writer, _Kept

from airflow_provider_mkt.actions.leads import RecordStatus
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.state import compact_progress, sync_progress
from airflow_provider_mkt.state.compact_progress import Done
from airflow_provider_mkt.state.sync_progress import RowMark, SharedProgress, SyncProgress
from airflow_provider_mkt.state.task_state import InMemoryTaskState
from airflow_provider_mkt.sync import pipeline, rows
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency, Pipeline, digest_of
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_TICK", 0.005)
    monkeypatch.setattr(sync_progress, "_SAVE_EVERY", 0.0)
    # So that a few rows are several blocks.
    monkeypatch.setattr(compact_progress, "_FIRST_SHIFT", 3)


class Killed(RuntimeError):
    pass


class Life:
    """A process that dies at one of the moments at which something leaves it: after that, nothing does."""

    def __init__(self, moments: int | None) -> None:
        self.left, self.dead, self._lock = moments, False, threading.Lock()

    def moment(self) -> None:
        with self._lock:
            if self.left is not None and not self.dead:
                self.left -= 1
                self.dead = self.left < 0
            if self.dead:
                raise Killed


class MortalProgress(SyncProgress):
    """Progress of a process that may die before or after a batch is stored. What was not stored is lost."""

    life: Life

    def _write(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        self.life.moment()
        super()._write(rows)
        self.life.moment()


class MortalState(InMemoryTaskState):
    """The task's state, which outlasts the machine; the process may die before or after it is set."""

    life: Life

    def set(self, key: str, value: Json) -> None:
        self.life.moment()
        super().set(key, json.loads(json.dumps(value)))
        self.life.moment()


class Parts:
    """Outcome lines on storage that outlasts the machine."""

    def __init__(self) -> None:
        self.files: dict[int, list[str]] = {}

    def write(self, number: int, lines: Sequence[str]) -> None:
        self.files[number] = list(lines)

    def read(self) -> Iterator[bytes]:
        return (line.encode() for number in sorted(self.files) for line in self.files[number])

    def remove(self) -> None:
        self.files.clear()


class Task:
    """The tries of one task."""

    def __init__(self, directory: Path, writer: Writer, server: Server, ceiling: int) -> None:
        self.directory, self.writer, self.server, self.ceiling = directory, writer, server, ceiling
        self.lines: list[bytes] = []
        self.state, self.parts = MortalState(), Parts()

    def attempt(
        self, records: list[dict[str, Any]], moments: int | None = None, machine: str = "a"
    ) -> SyncReport | None:
        """One try, killed after so many moments; its report when it was not."""
        life, report = Life(moments), SyncReport()
        self.state.life = Life(None)
        shared = SharedProgress(
            self.state, "leads", generation=0, repeatable=self.writer.repeatable, parts=self.parts
        )
        progress = MortalProgress(self.directory / f"{machine}.db", shared=shared)
        progress.life = self.state.life = life

        def send(call: Any) -> Any:
            life.moment()
            answer = self.server(call)
            life.moment()
            return answer

        with progress, ResultFiles(_Kept, progress.add_outcome) as result_files:
            numbered = [record | {"row": number} for number, record in enumerate(records, start=1)]
            try:
                Pipeline(
                    self.writer,
                    send,
                    AdaptiveConcurrency(self.ceiling),
                    result_files,
                    report,
                    progress=progress,
                    on_tick=progress.save_if_due,
                ).run(rows.of_iterable(numbered, blank="clear"))
                progress.save(at_rest=True)
                self.lines = list(progress.outcomes())
            except Killed:
                return None
            except PlatformError:
                progress.save(at_rest=True)
                raise
        return report

    def outcomes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


records_with_keys = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from([None, *"abcdefgh"]),
            "kind": st.sampled_from([FINE] * 8 + [REFUSED, REJECTED_TOGETHER, REJECTED, UNKNOWN]),
        }
    ),
    max_size=50,
)
machines = st.sampled_from("aab")
kills = st.lists(st.tuples(st.integers(0, 80), machines), max_size=4)
"""After how many moments a try is killed, and on which machine it ran."""


def in_a_directory(test: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        test(Path(directory))


@settings(max_examples=150, deadline=None)
@given(
    records=records_with_keys,
    kills=kills,
    last=machines,
    batch_max=st.integers(1, 6),
    ceiling=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
@example(
    records=[{"key": key, "kind": FINE} for key in (None, None, "a", "a", None, None)],
    kills=[(4, "a"), (3, "a")],
    last="a",
    batch_max=4,
    ceiling=1,
    seed=0,
)
def test_every_record_has_one_result_whenever_the_task_is_killed(
    records: list[dict[str, Any]],
    kills: list[tuple[int, str]],
    last: str,
    batch_max: int,
    ceiling: int,
    seed: int,
) -> None:
    def check(directory: Path) -> None:
        draw = random.Random(seed)
        server = Server(seconds=lambda: draw.choice([0.0, 0.0, 0.001]))
        task = Task(directory, Writer(batch_max), server, ceiling)
        report = None
        for moments, machine in kills:
            if report is None:
                report = task.attempt(records, moments, machine)
                server.at_work.clear()
        if report is None:
            report = task.attempt(records, machine=last)
        assert report is not None
        outcomes = task.outcomes()
        assert sorted(line["row"] for line in outcomes) == list(range(1, len(records) + 1))
        assert report.total == len(records)
        assert Counter(line["outcome"] for line in outcomes) == report.statuses
        for line in outcomes:
            kind = records[line["row"] - 1]["kind"]
            if line["outcome"] in ("created", "updated"):
                assert kind == FINE
            if line["outcome"] == "rejected":
                assert kind != FINE or line["code"] == "OUTCOME_UNKNOWN"
        written = {line["row"] for line in outcomes if line["outcome"] in ("created", "updated")}
        for key in {record["key"] for record in records if record["key"] is not None}:
            mine = [row for row in sorted(written) if records[row - 1]["key"] == key]
            if mine:
                assert server.stored[key] == mine[-1]
        assert server.wrong == []

    in_a_directory(check)


@settings(max_examples=100, deadline=None)
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from([None, None, *"abcdefgh"]),
                "kind": st.sampled_from([FINE] * 8 + [REFUSED, REJECTED, UNKNOWN]),
            }
        ),
        max_size=40,
    ),
    kills=kills,
    last=machines,
    batch_max=st.integers(1, 6),
    ceiling=st.integers(1, 4),
)
def test_leads_that_would_be_created_twice_are_never_sent_twice(
    records: list[dict[str, Any]], kills: list[tuple[int, str]], last: str, batch_max: int, ceiling: int
) -> None:
    def check(directory: Path) -> None:
        accepted: Counter[int] = Counter()

        class Noting(Server):
            def _answer(self, records: list[Any]) -> Any:
                answer = super()._answer(records)
                accepted.update(
                    record["row"]
                    for record, result in zip(records, answer.value, strict=True)
                    if result.result is not RecordStatus.REJECTED
                )
                return answer

        writer = Writer(batch_max)
        writer.repeatable = False
        task = Task(directory, writer, Noting(), ceiling)
        report = None
        for moments, machine in kills:
            report = report or task.attempt(records, moments, machine)
        report = report or task.attempt(records, machine=last)
        assert report is not None
        assert max(accepted.values(), default=0) <= 1
        outcomes = task.outcomes()
        assert sorted(line["row"] for line in outcomes) == list(range(1, len(records) + 1))
        for line in outcomes:
            if line["outcome"] in ("created", "updated"):
                assert accepted[line["row"]] == 1
            elif line.get("code") != "OUTCOME_UNKNOWN":
                assert accepted[line["row"]] == 0

    in_a_directory(check)


def fine(count: int) -> list[dict[str, Any]]:
    return [{"key": f"k{number}", "kind": FINE} for number in range(count)]


def test_what_is_done_is_not_sent_again(tmp_path: Path) -> None:
    server = Server()
    task = Task(tmp_path, Writer(10), server, 2)
    assert task.attempt(fine(200), moments=40) is None
    before = server.calls
    report = task.attempt(fine(200))
    assert report is not None
    assert before > 5
    assert server.calls - before <= 20 - before + 3
    assert report.resumed >= 200 - 10 * (server.calls - before)
    again = task.attempt(fine(200))
    assert again is not None
    assert again.resumed == 200


def test_a_row_with_changed_content_is_sent(tmp_path: Path) -> None:
    server = Server()
    task = Task(tmp_path, Writer(10), server, 2)
    assert task.attempt(fine(20)) is not None
    changed = fine(20)
    changed[7] = {"key": "another", "kind": FINE}
    report = task.attempt(changed)
    assert report is not None
    assert report.resumed == 19
    assert server.stored["another"] == 8


def test_a_changed_source_is_refused_where_leads_would_be_created_twice(tmp_path: Path) -> None:
    writer = Writer(10)
    writer.repeatable = False
    task = Task(tmp_path, writer, Server(), 2)
    assert task.attempt(fine(20), moments=10) is None
    with pytest.raises(InvalidInput, match="is not what it was"):
        task.attempt(list(reversed(fine(20))))


def test_rows_refused_for_the_days_quota_are_sent_by_the_next_try_even_if_they_must_not_be_sent_twice(
    tmp_path: Path,
) -> None:
    class Exhausted(PlatformError):
        pass

    server = Server()
    writer = Writer(5)
    writer.repeatable = False
    server.fatal = lambda records: Exhausted("no calls left") if server.calls > 2 else None
    task = Task(tmp_path, writer, server, 1)
    with pytest.raises(Exhausted):
        task.attempt([{"key": None, "kind": FINE}] * 30)
    server.fatal = lambda records: None
    report = task.attempt([{"key": None, "kind": FINE}] * 30)
    assert report is not None
    assert report.statuses[RecordStatus.REJECTED] == 0
    assert report.resumed == 10


class TestSyncProgress:
    def test_results_and_codes_are_kept_and_rejected_rows_count_as_not_done(self, tmp_path: Path) -> None:
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert not progress.resumed
            progress.finish(
                [
                    (RowMark(1, 0, 11), Done("created", "")),
                    (RowMark(3, 1, 33), Done("skipped", "1005")),
                    (RowMark(4, 2, 44), None),
                    (RowMark(100_000, 3, 5), Done("updated", "")),
                ]
            )
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert progress.resumed
            assert progress.known(RowMark(1, 0, 11)) == ("created", "")
            assert progress.known(RowMark(1, 0, 12)) is None
            assert progress.known(RowMark(2, 9, 22)) is None
            assert progress.known(RowMark(3, 1, 33)) == ("skipped", "1005")
            assert progress.known(RowMark(4, 2, 44)) is None
            assert progress.known(RowMark(100_000, 3, 5)) == ("updated", "")
            assert progress.known(RowMark(200_000, 4, 5)) is None

    def test_a_row_that_was_sent_is_ambiguous_until_its_result_is_recorded(self, tmp_path: Path) -> None:
        one, two = RowMark(1, 0, 11), RowMark(2, 1, 22)
        with SyncProgress(tmp_path / "rows.db") as progress:
            progress.start([one, two])
            progress.finish([(two, Done("created", ""))])
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert [progress.ambiguous(one), progress.ambiguous(two)] == [True, False]
            assert [progress.changed(one), progress.changed(RowMark(1, 0, 12))] == [False, True]

    def test_the_last_outcome_line_of_a_row_counts_and_a_retry_keeps_those_of_rows_that_are_done(
        self, tmp_path: Path
    ) -> None:
        with SyncProgress(tmp_path / "rows.db") as progress:
            for number in (3, 1, 2, 1):
                progress.add_outcome(number, f"{number}\n")
            progress.add_outcome(3, "three\n")
            progress.finish(
                [
                    (RowMark(1, 0, 11), Done("created", "")),
                    (RowMark(3, 2, 33), Done("updated", "")),
                    (RowMark(2, 1, 22), None),
                ]
            )
            assert list(progress.outcomes()) == [b"1\n", b"2\n", b"three\n"]
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert list(progress.outcomes()) == [b"1\n", b"three\n"]

    @settings(max_examples=60, deadline=None)
    @given(st.floats(0, 1))
    def test_a_kill_at_any_byte_leaves_whole_batches(self, share: float) -> None:
        def check(directory: Path) -> None:
            path, log = directory / "rows.db", directory / "rows.db-wal"
            with SyncProgress(path) as progress:
                for batch in range(40):
                    numbers = range(batch * 10, batch * 10 + 10)
                    for number in numbers:
                        progress.add_outcome(number, f"{number}\n")
                    marks = [RowMark(number, number, number + 1) for number in numbers]
                    progress.finish([(mark, Done("created", "")) for mark in marks])
                database, tail = path.read_bytes(), log.read_bytes()
            path.write_bytes(database)
            log.write_bytes(tail[: int(len(tail) * share)])
            if share < 0.01:
                # Killed before its tables were stored.
                return
            with SyncProgress(path) as progress:
                marks = [RowMark(number, number, number + 1) for number in range(400)]
                done = [mark.number for mark in marks if progress.known(mark)]
                assert done == list(range(len(done)))
                assert len(done) % 10 == 0
                assert len(list(progress.outcomes())) == len(done)
                assert share < 1 or len(done) == 400

        in_a_directory(check)

    @given(st.text(st.characters()))
    def test_any_record_has_a_digest(self, text: str) -> None:
        assert 0 < digest_of(text) < 2**32
