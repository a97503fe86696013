from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_tools import (
    FINE,
    REFUSED,
    REJECTED,
    REJECTED_TOGETHER,
    RESULTS,
    UNCHECKED,
    UNKNOWN,
    UNSENDABLE,
    Outcome,
    Server,
    Writer,
    run,
)

from airflow_provider_mkt.actions.leads import KnownFields, RecordStatus
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import AuthenticationError, InvalidRequest
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.sync import pipeline
from airflow_provider_mkt.sync.calls import _AtWork
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency, Pipeline
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import of_iterable


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_TICK", 0.005)


def leads(count: int, kind: str = FINE) -> list[dict[str, Any]]:
    return [{"key": f"k{number}", "kind": kind} for number in range(count)]


def assert_one_result_each(outcome: Outcome, records: list[dict[str, Any]]) -> None:
    """Every record has one result, and it is one that its kind allows."""
    assert sorted(line["row"] for line in outcome.outcomes) == list(range(1, len(records) + 1))
    assert outcome.report.total == len(records)
    assert Counter(line["outcome"] for line in outcome.outcomes) == outcome.report.statuses
    reported = [line for line in outcome.outcomes if line["outcome"] in ("rejected", "skipped")]
    assert Counter(line["code"] for line in reported) == outcome.report.reasons
    rejects = [line["row"] for line in outcome.outcomes if line["outcome"] == "rejected"]
    assert [line["row"] for line in outcome.rejects] == rejects
    for line in outcome.rejects:
        assert line["record"] == records[line["row"] - 1] | {"row": line["row"]}


KINDS = [FINE] * 6 + [REFUSED, REJECTED_TOGETHER, REJECTED, UNKNOWN, UNSENDABLE, UNCHECKED]
some_records = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from([None, *"abcdefgh"]), "kind": st.sampled_from(KINDS)},
    ),
    max_size=60,
)


@settings(max_examples=120, deadline=None)
@given(
    records=some_records,
    batch_max=st.integers(1, 7),
    ceiling=st.integers(1, 5),
    quiet_after=st.sampled_from([0.0, 0.02]),
    seed=st.integers(0, 1000),
)
def test_every_record_has_one_result_and_no_key_is_in_flight_twice(
    records: list[dict[str, Any]], batch_max: int, ceiling: int, quiet_after: float, seed: int
) -> None:
    draw = random.Random(seed)
    server = Server(seconds=lambda: draw.choice([0.0, 0.0, 0.001, 0.004]), quiet_after=quiet_after)
    outcome = run(Writer(batch_max, quiet_after=quiet_after), server, records, ceiling=ceiling)
    assert outcome.error is None
    assert server.wrong == []
    assert_one_result_each(outcome, records)

    unknown_with_others = RESULTS[UNKNOWN]
    for line in outcome.outcomes:
        result = (RecordStatus(line["outcome"]), line.get("code", ""))
        record = records[line["row"] - 1]
        allowed = RESULTS[record["kind"]] | unknown_with_others
        if record["key"] is not None:
            allowed = allowed | {(RecordStatus.SKIPPED, "DUPLICATE_KEY")}
        assert result in allowed, record

    for key in "abcdefgh":
        sent = server.sent.get(key, [])
        assert sent == sorted(sent), "an earlier record was sent after a later one with its key"
        of_key = [n for n, one in enumerate(records, 1) if one["key"] == key]
        sendable = [n for n in of_key if records[n - 1]["kind"] not in (UNCHECKED, UNSENDABLE)]
        if sendable and sendable[-1] == of_key[-1]:
            assert sent[-1] == of_key[-1], "the last record read was not the last one sent"
        accepted = [
            line["row"]
            for line in outcome.outcomes
            if line["row"] in of_key and line["outcome"] in ("created", "updated")
        ]
        assert server.stored.get(key) == max(accepted, default=None)


def test_in_one_batch_only_the_later_of_two_records_with_one_key_is_sent() -> None:
    server = Server()
    outcome = run(Writer(10), server, [{"key": "a", "kind": FINE}] * 3)
    assert server.sent["a"] == [3]
    skipped = [line for line in outcome.outcomes if line["outcome"] == "skipped"]
    assert [line["reason"] for line in skipped] == [
        "row 2 has the same key and came later",
        "row 3 has the same key and came later",
    ]


def test_a_refused_batch_costs_few_calls_more_than_its_bad_records() -> None:
    server = Server()
    records = leads(100)
    records[37] = {"key": "bad", "kind": REFUSED}
    outcome = run(Writer(100), server, records)
    assert outcome.report.statuses == {RecordStatus.CREATED: 99, RecordStatus.REJECTED: 1}
    assert server.calls <= 2 * 7 + 1


def test_a_refusal_that_names_its_records_costs_one_call_more() -> None:
    server = Server()
    records = leads(100)
    records[37] = records[73] = {"key": "bad", "kind": REJECTED_TOGETHER}
    outcome = run(Writer(100), server, records)
    assert outcome.report.statuses[RecordStatus.CREATED] == 98
    assert server.calls == 2


def test_a_request_that_is_refused_whatever_its_records_ends_the_run_early() -> None:
    server = Server(fatal=lambda records: InvalidRequest("no such partition", code="1013"))
    outcome = run(Writer(300), server, leads(30_000))
    assert isinstance(outcome.error, InvalidRequest)
    assert "none accepted: no such partition" in str(outcome.error)
    assert server.calls < 700
    assert outcome.read_ahead < 3_000


def test_many_bad_records_do_not_end_a_run_in_which_others_are_accepted() -> None:
    records = leads(50) + leads(400, REFUSED) + leads(50)
    outcome = run(Writer(50), Server(), records, ceiling=1)
    assert outcome.error is None
    assert outcome.report.statuses[RecordStatus.REJECTED] == 400


def test_rows_are_read_no_further_ahead_than_there_are_calls() -> None:
    outcome = run(Writer(10), Server(seconds=lambda: 0.002), leads(1_000), ceiling=4)
    assert outcome.report.total == 1_000
    assert outcome.read_ahead <= (4 + 1) * 10


def test_rows_held_back_for_a_key_in_flight_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_HELD_MAX", 30)
    server = Server(seconds=lambda: 0.002)
    records = [{"key": f"k{number % 10}", "kind": FINE} for number in range(1_000)]
    outcome = run(Writer(10), server, records, ceiling=4)
    assert server.wrong == []
    assert_one_result_each(outcome, records)
    assert outcome.read_ahead <= 30 + (4 + 1) * 10


def test_a_key_of_unknown_outcome_is_held_back_until_the_server_must_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "_HELD_MAX", 3)
    server = Server(quiet_after=0.15)
    records = [{"key": "a", "kind": UNKNOWN}, *leads(4), *[{"key": "a", "kind": FINE}] * 5, *leads(4)]
    began = time.monotonic()
    outcome = run(Writer(1, quiet_after=0.15), server, records)
    assert server.wrong == []
    assert time.monotonic() - began >= 0.15
    assert_one_result_each(outcome, records)
    assert server.stored["a"] == 10


def test_a_run_does_not_wait_for_a_held_key_that_no_row_needs() -> None:
    began = time.monotonic()
    outcome = run(Writer(1, quiet_after=60), Server(), [{"key": "a", "kind": UNKNOWN}, *leads(4)])
    assert outcome.report.total == 5
    assert time.monotonic() - began < 50


def test_an_error_for_every_record_ends_the_run_and_records_the_results_of_what_was_sent() -> None:
    def refuse(records: list[Any]) -> AuthenticationError | None:
        return AuthenticationError("dead") if any(r["key"] == "k50" for r in records) else None

    server = Server(seconds=lambda: 0.002, fatal=refuse)
    outcome = run(Writer(10), server, leads(1_000))
    assert isinstance(outcome.error, AuthenticationError)
    assert outcome.abandoned
    assert server.calls < 20
    # Whatever the platform took is in the outcomes, and nothing else.
    assert {line["row"] for line in outcome.outcomes} == set(server.stored.values())


def test_a_callback_that_raises_ends_the_run() -> None:
    def give_up() -> None:
        raise RuntimeError("enough")

    outcome = run(Writer(10), Server(), leads(100), on_tick=give_up)
    assert str(outcome.error) == "enough"
    assert outcome.abandoned


def test_after_a_source_that_fails_the_results_of_what_was_sent_are_recorded() -> None:
    def source() -> Any:
        yield from leads(35)
        raise RuntimeError("the database went away")

    server = Server(seconds=lambda: 0.005)
    outcome = run(Writer(10), server, source())
    assert str(outcome.error) == "the database went away"
    assert {line["row"] for line in outcome.outcomes} == set(server.stored.values())
    assert len(server.stored) == 30


def test_a_field_that_does_not_exist_rejects_its_record_before_anything_is_sent() -> None:
    records = [{"key": "a", "kind": FINE, "shoe": 1}, {"key": "b", "kind": FINE}]
    outcome = run(Writer(10), Server(), records, known_fields=KnownFields(frozenset({"key", "kind", "row"})))
    assert outcome.rejects[0]["code"] == "UNKNOWN_FIELD"
    assert "'shoe'" in outcome.rejects[0]["reason"]
    assert outcome.report.statuses[RecordStatus.CREATED] == 1


def test_a_record_larger_than_a_call_is_rejected_and_batches_keep_to_the_bytes() -> None:
    writer, server = Writer(100), Server()
    writer.bytes_max = 5_000
    records = [{"key": str(n), "kind": FINE, "text": "x" * 2_000} for n in range(5)]
    records[2] = {"key": "big", "kind": FINE, "text": "é" * 2_600}
    outcome = run(writer, server, records)
    assert outcome.report.reasons == {"TOO_LARGE": 1}
    assert server.calls == 2
    assert outcome.report.statuses[RecordStatus.CREATED] == 4


def test_when_the_window_opens_calls_leave_before_any_of_them_is_answered() -> None:
    """Few calls wait for a permit; each that gets one makes room for another at once."""
    window, answers = threading.Event(), threading.Event()
    waiting, sent = threading.Semaphore(0), threading.Semaphore(0)
    at_work, server, report = _AtWork(), Server(), SyncReport()

    def send(call: Call[Any]) -> Reply[Any]:
        with at_work.plus(1):
            with at_work.plus(-1):
                waiting.release()
                assert window.wait(60)
            sent.release()
            assert answers.wait(60)
            return server(call)

    concurrency = AdaptiveConcurrency(40, start=40, rate=lambda: Rate(10, 10.0), working=at_work.count)
    concurrency.clean(0.1)
    assert concurrency.limit == 5
    records = of_iterable({**lead, "row": row} for row, lead in enumerate(leads(100)))
    with ResultFiles(io.StringIO) as result_files, ThreadPoolExecutor(1) as thread:
        run_of_leads = Pipeline(Writer(1), send, concurrency, result_files, report)
        at_work.on_more = run_of_leads.wake
        running = thread.submit(run_of_leads.run, records)
        assert all(waiting.acquire(timeout=30) for _ in range(5))
        window.set()
        all_left = all(sent.acquire(timeout=30) for _ in range(40))
        answers.set()
        running.result(60)
    assert all_left
    assert report.total == len(server.stored) == 100
