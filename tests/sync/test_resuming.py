"""A sync that is killed goes on where it was: nothing is lost, told twice or needlessly sent again."""

from __future__ import annotations

import io
import json
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline_tools import BLAMED, FINE, REFUSED, REJECTED, UNKNOWN, Server, Writer, _Kept

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus, rejected
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.sync import pipeline, rows
from airflow_provider_mkt.sync.checkpoint import Checkpoint, digest_of
from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
from airflow_provider_mkt.sync.outcome_lines import OutcomeLines
from airflow_provider_mkt.sync.pipeline import Pipeline
from airflow_provider_mkt.sync.report import Report
from airflow_provider_mkt.sync.result_files import ResultFiles


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


class MortalCheckpoint(Checkpoint):
    life: Life

    def _write(self, entries: Iterable[tuple[int, bytes]]) -> None:
        self.life.moment()
        super()._write(entries)


class MortalFile(io.TextIOBase):
    """Lines that are on disk once they were flushed; a part of them may be before."""

    def __init__(self, file: Any, life: Life) -> None:
        self._file, self._life, self._waiting = file, life, ""

    def write(self, text: str) -> int:
        self._waiting += text
        return len(text)

    def flush(self) -> None:
        if self._life.dead:
            return
        try:
            self._life.moment()
        except Killed:
            self._file.write(self._waiting[: len(self._waiting) // 2])
            self._file.flush()
            raise
        self._file.write(self._waiting)
        self._file.flush()
        self._waiting = ""

    def close(self) -> None:
        if not self._life.dead:
            self._file.write(self._waiting)
        self._file.close()


class Task:
    """The tries of one task."""

    def __init__(self, directory: Path, writer: Writer, server: Server, ceiling: int) -> None:
        self.directory, self.writer, self.server, self.ceiling = directory, writer, server, ceiling
        self.lines = OutcomeLines(directory / "outcomes.part")

    def attempt(self, records: list[dict[str, Any]], moments: int | None = None) -> Report | None:
        """One try, killed after so many moments; its report when it was not."""
        life, report = Life(moments), Report()
        checkpoint = MortalCheckpoint(self.directory / "rows")
        checkpoint.life = life
        self.lines.recover(checkpoint)

        def send(call: Any) -> Any:
            life.moment()
            answer = self.server(call)
            life.moment()
            return answer

        with (
            checkpoint,
            ResultFiles(_Kept, lambda: MortalFile(self.lines.append(), life)) as ledger,  # type: ignore[arg-type, return-value]
        ):
            numbered = [record | {"row": number} for number, record in enumerate(records, start=1)]
            try:
                Pipeline(
                    self.writer,
                    send,
                    AdaptiveConcurrency(self.ceiling),
                    ledger,
                    report,
                    checkpoint=checkpoint,
                ).run(rows.of_iterable(numbered))
            except Killed:
                return None
        return report

    def outcomes(self) -> list[dict[str, Any]]:
        told = io.BytesIO()
        if self.lines.exists():
            self.lines.copy(told)
        return [json.loads(line) for line in told.getvalue().splitlines()]


records_with_keys = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from([None, *"abcdefgh"]),
            "kind": st.sampled_from([FINE] * 8 + [REFUSED, BLAMED, REJECTED, UNKNOWN]),
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
def test_every_record_has_one_fate_whenever_the_task_is_killed(
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
        assert Counter(line["outcome"] for line in outcomes) == report.record_results
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


def test_a_row_that_says_something_else_now_is_sent(tmp_path: Path) -> None:
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
    assert report.record_results[RecordStatus.REJECTED] == 0
    assert report.resumed == 10


class TestCheckpoint:
    def test_fates_and_codes_are_kept_and_rejected_rows_count_as_not_done(self, tmp_path: Path) -> None:
        with Checkpoint(tmp_path / "rows") as checkpoint:
            assert checkpoint.last == -1
            checkpoint.settled(
                [
                    (1, 11, RecordResult(RecordStatus.CREATED)),
                    (3, 33, RecordResult(RecordStatus.SKIPPED, code="1005")),
                    (4, 44, rejected("NO", "no")),
                    (100_000, 5, RecordResult(RecordStatus.UPDATED)),
                ]
            )
        with Checkpoint(tmp_path / "rows") as checkpoint:
            assert checkpoint.last == 100_000
            assert checkpoint.known(1, 11) == RecordResult(RecordStatus.CREATED)
            assert checkpoint.known(1, 12) is None
            assert checkpoint.known(2, 22) is None
            assert checkpoint.known(3, 33) == RecordResult(RecordStatus.SKIPPED, code="1005")
            assert checkpoint.known(4, 44) is None
            assert checkpoint.known(100_000, 5) == RecordResult(RecordStatus.UPDATED)
            assert checkpoint.known(200_000, 5) is None
            checkpoint.remove()
        assert list(tmp_path.iterdir()) == []

    def test_a_row_that_was_sent_is_in_doubt_until_it_is_settled(self, tmp_path: Path) -> None:
        with Checkpoint(tmp_path / "rows") as checkpoint:
            checkpoint.sending([(1, 11), (2, 22)])
            checkpoint.settled([(2, 22, RecordResult(RecordStatus.CREATED))])
        with Checkpoint(tmp_path / "rows") as checkpoint:
            assert [checkpoint.ambiguous(1, 11), checkpoint.ambiguous(2, 22)] == [True, False]
            assert [checkpoint.changed(1, 11), checkpoint.changed(1, 12)] == [False, True]

    @given(st.text(st.characters()))
    def test_any_record_has_a_digest(self, text: str) -> None:
        assert 0 < digest_of(text) < 2**32
