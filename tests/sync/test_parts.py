from __future__ import annotations

import gc
import io
import json
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus, rejected
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.operators._parameters import RejectThreshold
from airflow_provider_mkt.sync import rows
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency, _frozen_elsewhere, older_objects_frozen
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import Row


def test_the_garbage_collector_is_as_it_was_after_a_run() -> None:
    # What was imported is frozen in tests: see conftest.py.
    gc.unfreeze()
    _frozen_elsewhere.cache_clear()
    with older_objects_frozen():
        assert gc.get_freeze_count()
        with older_objects_frozen():
            pass
        assert gc.get_freeze_count(), "the inner one must not end what the outer one began"
    assert not gc.get_freeze_count()
    gc.freeze()
    _frozen_elsewhere.cache_clear()


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestAdaptiveConcurrency:
    def test_it_grows_by_one_with_each_clean_answer_up_to_the_ceiling(self) -> None:
        concurrency = AdaptiveConcurrency(6, start=4)
        seen = []
        for _ in range(4):
            seen.append(concurrency.limit)
            concurrency.clean()
        assert seen == [4, 5, 6, 6]

    def test_refusals_that_come_together_count_once(self) -> None:
        clock = Hand()
        concurrency = AdaptiveConcurrency(10, start=10, clock=clock)
        for _ in range(10):
            concurrency.refused()
        assert concurrency.limit == 6
        clock.now += 1.0
        concurrency.refused()
        assert concurrency.limit == 3

    def test_it_never_goes_below_one(self) -> None:
        clock = Hand()
        concurrency = AdaptiveConcurrency(3, clock=clock)
        for _ in range(20):
            concurrency.refused()
            clock.now += 2.0
        assert concurrency.limit == 1

    def test_no_more_calls_are_in_flight_than_twice_what_the_limit_needs_at_the_current_latency(self) -> None:
        concurrency = AdaptiveConcurrency(100, start=100, rate=lambda: Rate(190, 10.0))
        assert concurrency.limit == 100
        for _ in range(100):
            concurrency.clean(0.1)
        # 19 calls a second of 0.1 s each are 1.9 at once.
        assert concurrency.limit == 8
        for _ in range(100):
            concurrency.clean(1.0)
        assert concurrency.limit == 42
        for _ in range(100):
            concurrency.clean(3.0)
        assert concurrency.limit == 100

    def test_calls_that_have_their_permit_leave_room_for_others_that_wait(self) -> None:
        at_work = [0]
        concurrency = AdaptiveConcurrency(
            100, start=100, rate=lambda: Rate(190, 10.0), working=lambda: at_work[-1]
        )
        concurrency.clean(0.1)
        seen = []
        for count in (0, 30, 99):
            at_work.append(count)
            seen.append(concurrency.limit)
        assert seen == [8, 38, 100]

    @given(st.integers(-3, 40), st.lists(st.sampled_from(["clean", "refused"]), max_size=60))
    def test_whatever_happens_it_stays_between_one_and_the_ceiling(
        self, ceiling: int, events: list[str]
    ) -> None:
        clock = Hand()
        concurrency = AdaptiveConcurrency(ceiling, clock=clock)
        for event in events:
            getattr(concurrency, event)()
            clock.now += 0.6
            assert 1 <= concurrency.limit <= max(1, ceiling)

    def test_threads_may_use_it_at_once(self) -> None:
        concurrency = AdaptiveConcurrency(100_000, start=1)

        def clean() -> None:
            for _ in range(2_000):
                concurrency.clean()

        threads = [threading.Thread(target=clean) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert concurrency.limit == 8_001


class TestReport:
    def test_the_counts_add_up_and_reasons_are_counted_for_what_was_not_written(self) -> None:
        report = SyncReport()
        for result in (
            RecordResult(RecordStatus.CREATED),
            RecordResult(RecordStatus.UPDATED),
            RecordResult(RecordStatus.SKIPPED, code="1005"),
            rejected("1003", "bad"),
            rejected("1003", "bad"),
            rejected("", "no code"),
        ):
            report.add(result)
        outcome = report.outcome("marketo", "file:///r", None)
        four = (outcome["created"], outcome["updated"], outcome["skipped"], outcome["rejected"])
        assert four == (1, 1, 1, 3)
        assert outcome["total"] == sum(four)
        assert outcome["reasons"] == {"1003": 2, "1005": 1, "UNKNOWN": 1}
        json.dumps(outcome)

    def test_endless_kinds_of_reasons_do_not_flood_xcom(self) -> None:
        report = SyncReport()
        for number in range(1_000):
            report.add(rejected(str(number), ""))
        assert len(report.outcome("hubspot", None, None)["reasons"]) == 50

    @pytest.mark.parametrize(
        ("seconds", "expected", "reported"),
        [(10.0, 99, "about 89 s left"), (10.0, 1_000, "about 16 min left"), (10.0, 100_000, "h left")],
    )
    def test_the_line_has_the_time_left_where_the_end_is_known(
        self, seconds: float, expected: int, reported: str
    ) -> None:
        clock = Hand()
        report = SyncReport(clock)
        for _ in range(10):
            report.add(RecordResult(RecordStatus.CREATED))
        clock.now += seconds
        assert reported in report.line(expected)
        assert "left" not in report.line()
        assert "left" not in report.line(10)

    def test_a_line_can_be_formatted_at_once(self) -> None:
        assert "0 leads done" in SyncReport(Hand()).line(100)


class TestResultFiles:
    def test_no_rejects_make_no_file(self, tmp_path: Path) -> None:
        outcomes: list[tuple[int, str]] = []
        with ResultFiles(
            lambda: (tmp_path / "r").open("w"), lambda number, line: outcomes.append((number, line))
        ) as result_files:
            result_files.write(Row(1, {}), RecordResult(RecordStatus.CREATED, id="7"))
        assert not result_files.has_rejects
        assert list(tmp_path.iterdir()) == []
        ((number, line),) = outcomes
        assert number == 1
        assert json.loads(line) == {"row": 1, "outcome": "created", "id": "7"}

    def test_a_reject_keeps_row_code_reason_and_the_whole_input(self, tmp_path: Path) -> None:
        path = tmp_path / "r"
        with ResultFiles(lambda: path.open("w", encoding="utf-8")) as result_files:
            result_files.write(Row(9, {}, raw={"email": "zoë@x.io", "n": 1}), rejected("1003", "bad"))
        assert json.loads(path.read_text("utf-8")) == {
            "row": 9,
            "code": "1003",
            "reason": "bad",
            "record": {"email": "zoë@x.io", "n": 1},
        }
        assert "zoë" in path.read_text("utf-8")

    @pytest.mark.parametrize(
        "value",
        [
            "half a character: \ud800",
            b"bytes",
            {1, 2},
            object(),
            {("a", "tuple"): 1},
            [float("inf")],
        ],
    )
    def test_any_input_can_be_written(self, tmp_path: Path, value: Any) -> None:
        path = tmp_path / "r"
        with ResultFiles(lambda: path.open("w", encoding="utf-8")) as result_files:
            result_files.write(Row(1, {}, raw={"email": "a@x.io", "odd": value}), rejected("X", "bad"))
        assert json.loads(path.read_text("utf-8"))["record"]["email"] == "a@x.io"

    def test_times_are_written_as_the_platforms_take_them(self, tmp_path: Path) -> None:
        path = tmp_path / "r"
        raw = {"at": datetime(2026, 1, 2, 3, tzinfo=UTC), "on": date(2026, 1, 2)}
        with ResultFiles(lambda: path.open("w")) as result_files:
            result_files.write(Row(1, {}, raw=raw), rejected("X", "bad"))
        record = json.loads(path.read_text())["record"]
        assert record == {"at": "2026-01-02T03:00:00+00:00", "on": "2026-01-02"}

    @given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.none(), max_size=4))
    def test_a_reject_fed_back_is_the_record_again(self, record: dict[str, Any]) -> None:
        kept = io.StringIO()
        kept.close = lambda: None  # type: ignore[method-assign]
        with ResultFiles(lambda: kept) as result_files:
            result_files.write(Row(3, record, raw=record), rejected("X", "bad"))
        (row,) = rows.of_file(io.BytesIO(kept.getvalue().encode()), "jsonl", blank="clear")
        assert row.record == record


class TestRejectThreshold:
    @pytest.mark.parametrize("value", [None, "", "None"])
    def test_nothing_allows_any_number(self, value: Any) -> None:
        threshold = RejectThreshold.of("max_rejected", value)
        assert threshold.allows(10**9, 1)
        assert str(threshold) == "any number"

    @pytest.mark.parametrize("value", [10, "10", " 10 "])
    def test_a_whole_number_is_a_count(self, value: Any) -> None:
        threshold = RejectThreshold.of("max_rejected", value)
        assert threshold.allows(10, 10)
        assert not threshold.allows(11, 10**6)
        assert str(threshold) == "10"

    @pytest.mark.parametrize("value", [0.05, "0.05", "5%", " 5 %", "5.0%"])
    def test_a_share_is_of_all(self, value: Any) -> None:
        threshold = RejectThreshold.of("max_rejected", value)
        assert threshold.allows(5, 100)
        assert not threshold.allows(6, 100)
        assert threshold.allows(0, 0)
        assert str(threshold) == "5.00%"

    @pytest.mark.parametrize("value", [-1, "-1", 1.5, "150%", True, "many", [], "nan", "inf", float("nan")])
    def test_anything_else_is_refused(self, value: Any) -> None:
        with pytest.raises(InvalidInput, match="max_rejected"):
            RejectThreshold.of("max_rejected", value)

    @given(st.integers(0, 100))
    def test_so_many_percent_allow_just_so_many_of_a_hundred(self, percent: int) -> None:
        for value in (f"{percent}%", percent / 100):
            threshold = RejectThreshold.of("max_rejected", value)
            assert threshold.allows(percent, 100)
            assert not threshold.allows(percent + 1, 100)
