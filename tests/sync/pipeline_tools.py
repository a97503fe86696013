"""A writer and a platform that only the pipeline's own tests know, over real threads and real time."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from airflow_provider_mkt.actions.leads import (
    KnownFields,
    Record,
    RecordResult,
    RecordStatus,
    RunCall,
    rejected,
    rejection,
)
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.sync import rows
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency, Pipeline
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport

FINE, REFUSED, REJECTED_TOGETHER, REJECTED, UNKNOWN, UNSENDABLE, UNCHECKED = (
    "fine",
    "refused",
    "rejected_together",
    "rejected",
    "unknown",
    "unsendable",
    "unchecked",
)
RESULTS = {
    FINE: {(RecordStatus.CREATED, ""), (RecordStatus.UPDATED, "")},
    REFUSED: {(RecordStatus.REJECTED, "BAD")},
    REJECTED_TOGETHER: {(RecordStatus.REJECTED, "BAD")},
    REJECTED: {(RecordStatus.REJECTED, "NO")},
    UNKNOWN: {(RecordStatus.REJECTED, "OUTCOME_UNKNOWN")},
    UNSENDABLE: {(RecordStatus.REJECTED, "NOT_SENDABLE")},
    UNCHECKED: {(RecordStatus.REJECTED, "ODD")},
}


class Writer:
    """Writes records ``{"key", "kind", "row"}``; the kind says what the platform makes of it."""

    repeatable = True
    one_lead_per_key = True
    bytes_max = 100_000

    def __init__(self, batch_max: int, *, quiet_after: float = 0.0) -> None:
        self.batch_max = batch_max
        self.quiet_after = quiet_after

    def known_fields(self) -> Procedure[KnownFields]:
        return KnownFields()
        yield

    def prepare(self, record: Record) -> dict[str, Any]:
        return dict(record)

    def check(self, record: Record) -> RecordResult | None:
        return rejected("ODD", "fails the check") if record["kind"] == UNCHECKED else None

    def key(self, record: Record) -> str | None:
        return None if record["key"] is None else str(record["key"])

    def about_request(self, error: InvalidRequest) -> bool:
        return False

    def call(self, records: Sequence[Record]) -> Call[Any]:
        assert 0 < len(records) <= self.batch_max
        if any(record["kind"] == UNSENDABLE for record in records):
            raise InvalidInput("kind", "cannot be sent")
        return cast("Call[Any]", list(records))

    def record_results(self, records: Sequence[Record], reply: Reply[Any]) -> list[RecordResult]:
        return list(reply.value)

    def rejected_records(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[RecordResult | None] | None:
        results = [rejection(error) if record["kind"] == REJECTED_TOGETHER else None for record in records]
        return results if any(results) else None


@dataclass
class Server:
    """Answers calls, and notes what must never happen."""

    seconds: Callable[[], float] = lambda: 0.0
    quiet_after: float = 0.0
    fatal: Callable[[list[Any]], PlatformError | None] = lambda records: None
    calls: int = 0
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    at_work: Counter[str] = field(default_factory=Counter)
    busy_until: dict[str, float] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call[Any]) -> Reply[Any]:
        records = cast("list[Any]", call)
        keys = [record["key"] for record in records if record["key"] is not None]
        with self._lock:
            self.calls += 1
            for key in keys:
                if self.at_work[key]:
                    self.wrong.append(f"{key} in flight twice")
                if time.monotonic() < self.busy_until.get(key, 0.0):
                    self.wrong.append(f"{key} sent while the server may still process it")
                self.at_work[key] += 1
            for record in records:
                self.sent[record["key"]].append(record["row"])
        time.sleep(self.seconds())
        with self._lock:
            for key in keys:
                self.at_work[key] -= 1
            return self._answer(records)

    def _answer(self, records: list[Any]) -> Reply[Any]:
        kinds = {record["kind"] for record in records}
        if (error := self.fatal(records)) is not None:
            raise error
        if kinds & {REFUSED, REJECTED_TOGETHER}:
            raise InvalidRequest("some record is bad", code="BAD")
        if UNKNOWN in kinds:
            until = time.monotonic() + self.quiet_after
            self.busy_until |= {record["key"]: until for record in records}
            raise OutcomeUnknown("the outcome is unknown")
        record_results = []
        for record in records:
            if record["kind"] == REJECTED:
                record_results.append(rejected("NO", "not this one"))
                continue
            known = record["key"] in self.stored
            self.stored[record["key"]] = record["row"]
            record_results.append(RecordResult(RecordStatus.UPDATED if known else RecordStatus.CREATED))
        return Reply(record_results, {})


class _Kept(io.StringIO):
    def close(self) -> None:
        self.kept = self.getvalue()
        super().close()


@dataclass
class Outcome:
    """What a run left behind."""

    report: SyncReport
    outcomes: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    read_ahead: int
    abandoned: bool
    error: BaseException | None


def run(
    writer: Writer,
    server: Server,
    records: Iterable[dict[str, Any]],
    *,
    ceiling: int = 4,
    on_tick: Callable[[], None] = lambda: None,
    known_fields: KnownFields | None = None,
) -> Outcome:
    report, abandoned = SyncReport(), threading.Event()
    rejects_file, outcome_lines = _Kept(), list[dict[str, Any]]()
    ahead = 0

    def watched() -> Iterator[dict[str, Any]]:
        nonlocal ahead
        for number, record in enumerate(records, start=1):
            ahead = max(ahead, number - report.total)
            yield record | {"row": number}

    def add_outcome(number: int, line: str) -> None:
        outcome_lines.append(json.loads(line))
        assert outcome_lines[-1]["row"] == number

    error: BaseException | None = None
    with ResultFiles(lambda: rejects_file, add_outcome) as result_files:
        try:
            Pipeline(
                writer,
                server,
                AdaptiveConcurrency(ceiling),
                result_files,
                report,
                known_fields=known_fields,
                on_tick=on_tick,
                abandon=abandoned.set,
            ).run(rows.of_iterable(watched(), blank="clear"))
        except (PlatformError, RuntimeError) as failure:
            error = failure
    rejects = [json.loads(line) for line in getattr(rejects_file, "kept", "").splitlines()]
    return Outcome(report, outcome_lines, rejects, ahead, abandoned.is_set(), error)
