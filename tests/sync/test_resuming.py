"""A sync that is killed resumes: nothing is lost, reported twice or needlessly sent again."""

from __future__ import annotations

import json
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline_tools import FINE, REFUSED, REJECTED, REJECTED_TOGETHER, UNKNOWN, Server, Writer, _Kept

from airflow_provider_mkt.actions.leads import RecordStatus
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.state.sync_progress import NOT_DONE, SyncProgress
from airflow_provider_mkt.sync import pipeline, rows
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency, Pipeline, digest_of
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_TICK", 0.005)


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


class Task:
    """The tries of one task."""

    def __init__(self, directory: Path, writer: Writer, server: Server, ceiling: int) -> None:
        self.path, self.writer, self.server, self.ceiling = directory / "rows.db", writer, server, ceiling
        self.lines: list[bytes] = []

    def attempt(self, records: list[dict[str, Any]], moments: int | None = None) -> SyncReport | None:
        """One try, killed after so many moments; its report when it was not."""
        life, report = Life(moments), SyncReport()
        progress = MortalProgress(self.path)
        progress.life = life

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
                ).run(rows.of_iterable(numbered))
                self.lines = list(progress.outcomes())
            except Killed:
                return None
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
kills = st.lists(st.integers(0, 60), max_size=4)


def in_a_directory(test: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        test(Path(directory))


@settings(max_examples=150, deadline=None)
@given(
    records=records_with_keys,
    kills=kills,
    batch_max=st.integers(1, 6),
    ceiling=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
@example(
    records=[{"key": key, "kind": FINE} for key in (None, None, "a", "a", None, None)],
    kills=[4, 3],
    batch_max=4,
    ceiling=1,
    seed=0,
)
def test_every_record_has_one_result_whenever_the_task_is_killed(
    records: list[dict[str, Any]], kills: list[int], batch_max: int, ceiling: int, seed: int
) -> None:
    def check(directory: Path) -> None:
        draw = random.Random(seed)
        server = Server(seconds=lambda: draw.choice([0.0, 0.0, 0.001]))
        task = Task(directory, Writer(batch_max), server, ceiling)
        report = None
        for moments in kills:
            if report is None:
                report = task.attempt(records, moments)
                server.at_work.clear()
        if report is None:
            report = task.attempt(records)
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
    kinds=st.lists(st.sampled_from([FINE] * 8 + [REFUSED, REJECTED, UNKNOWN]), max_size=40),
    kills=kills,
    batch_max=st.integers(1, 6),
    ceiling=st.integers(1, 4),
)
def test_leads_that_would_be_created_twice_are_never_sent_twice(
    kinds: list[str], kills: list[int], batch_max: int, ceiling: int
) -> None:
    records = [{"key": None, "kind": kind} for kind in kinds]

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
        for moments in kills:
            report = report or task.attempt(records, moments)
        report = report or task.attempt(records)
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
    assert task.attempt(fine(20), moments=6) is None
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
            assert progress.last == -1
            assert not progress.begun
            progress.finish(
                [
                    (1, 11, "created", ""),
                    (3, 33, "skipped", "1005"),
                    (4, *NOT_DONE),
                    (100_000, 5, "updated", ""),
                ]
            )
            assert progress.begun
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert progress.last == 100_000
            assert progress.known(1, 11) == ("created", "")
            assert progress.known(1, 12) is None
            assert progress.known(2, 22) is None
            assert progress.known(3, 33) == ("skipped", "1005")
            assert progress.known(4, 44) is None
            assert progress.known(100_000, 5) == ("updated", "")
            assert progress.known(200_000, 5) is None
            progress.remove()
        assert list(tmp_path.iterdir()) == []

    def test_a_row_that_was_sent_is_ambiguous_until_its_result_is_recorded(self, tmp_path: Path) -> None:
        with SyncProgress(tmp_path / "rows.db") as progress:
            progress.start([(1, 11), (2, 22)])
            progress.finish([(2, 22, "created", "")])
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert [progress.ambiguous(1, 11), progress.ambiguous(2, 22)] == [True, False]
            assert [progress.changed(1, 11), progress.changed(1, 12)] == [False, True]

    def test_a_source_of_which_all_rows_were_rejected_counts_as_begun(self, tmp_path: Path) -> None:
        with SyncProgress(tmp_path / "rows.db") as progress:
            progress.finish([(1, *NOT_DONE)])
        with SyncProgress(tmp_path / "rows.db") as progress:
            assert (progress.last, progress.begun) == (1, True)
            assert progress.known(1, 0) is None

    def test_the_last_outcome_line_of_a_row_counts_and_a_retry_keeps_those_of_rows_that_are_done(
        self, tmp_path: Path
    ) -> None:
        with SyncProgress(tmp_path / "rows.db") as progress:
            for number in (3, 1, 2, 1):
                progress.add_outcome(number, f"{number}\n")
            progress.add_outcome(3, "three\n")
            progress.finish([(1, 11, "created", ""), (3, 33, "updated", ""), (2, *NOT_DONE)])
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
                    progress.finish([(number, number + 1, "created", "") for number in numbers])
                database, tail = path.read_bytes(), log.read_bytes()
            path.write_bytes(database)
            log.write_bytes(tail[: int(len(tail) * share)])
            if share < 0.01:
                # Killed before its tables were stored.
                return
            with SyncProgress(path) as progress:
                done = [number for number in range(400) if progress.known(number, number + 1)]
                assert done == list(range(len(done)))
                assert len(done) % 10 == 0
                assert len(list(progress.outcomes())) == len(done)
                assert share < 1 or len(done) == 400

        in_a_directory(check)

    @given(st.text(st.characters()))
    def test_any_record_has_a_digest(self, text: str) -> None:
        assert 0 < digest_of(text) < 2**32
