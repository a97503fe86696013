"""Extract jobs: their queue, statuses over time, and files."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import NamedTuple
from uuid import NAMESPACE_OID, uuid5

from airflow_provider_mkt.sandbox.marketo.account.usage_store import quota_day
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, object_not_found
from airflow_provider_mkt.sandbox.marketo.schedule import Schedule
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings
from airflow_provider_mkt.sandbox.server.turns import STEPS_AT_ONCE, Steps

LEADS, ACTIVITIES, MEMBERS, OBJECTS = "leads", "activities", "program members", "custom objects"

WORKERS = 2
SLOTS = 10
STEP = timedelta(seconds=60)
RECORDS_PER_STEP = 100_000
FILE_RETENTION = timedelta(days=7)
LISTED = timedelta(days=7)
STATUS_RETENTION = timedelta(days=30)

CREATED, QUEUED, PROCESSING, COMPLETED, FAILED = "Created", "Queued", "Processing", "Completed", "Failed"
CANCELLED = "Cancelled"
"""As jobs have it. The documents spell it with one l too, as the setting `canceled_status` can."""


class Extract(NamedTuple):
    """The file of a job."""

    content: bytes
    records: int
    checksum: str


NOTHING = Extract(b"", 0, f"sha256:{sha256(b'').hexdigest()}")
Writing = Generator[None, None, Extract]
"""Writes a file in steps, and returns it."""
Writer = Callable[[datetime], Writing]


@dataclass
class ExportJob:
    number: int
    kind: str
    owner: str
    format: str
    created_at: datetime
    write: Writer
    status: str = CREATED
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    extract: Extract = NOTHING
    error: str = ""

    @property
    def id(self) -> str:
        # The same after every reset, for reproducible tests.
        return str(uuid5(NAMESPACE_OID, f"export {self.number}"))

    @property
    def waits(self) -> bool:
        """Whether it counts in the queue, running or not."""
        return self.status in (QUEUED, PROCESSING)


class ExportStore:
    """All jobs, and the queue of all kinds: first in, first out, two at the same time."""

    def __init__(self, schedule: Schedule, settings: MarketoSettings) -> None:
        self._schedule = schedule
        self._settings = settings
        self._jobs: list[ExportJob] = []
        self._queue: list[ExportJob] = []

    def all(self) -> list[ExportJob]:
        return list(self._jobs)

    def get(self, export_id: str, kind: str, owner: str, now: datetime) -> ExportJob:
        """Return a job of the API user; those of others do not exist for it."""
        for job in self._jobs:
            theirs = (job.id, job.kind, job.owner) == (export_id, kind, owner)
            if theirs and (job.finished_at is None or now <= job.finished_at + STATUS_RETENTION):
                return job
        raise object_not_found("Export job", export_id)

    def listed(self, kind: str, owner: str, now: datetime) -> list[ExportJob]:
        return [
            job
            for job in self._jobs
            if (job.kind, job.owner) == (kind, owner) and now <= job.created_at + LISTED
        ]

    def bytes_of_day(self, now: datetime) -> int:
        """Return the size of all files finished today, of all API users."""
        return sum(
            len(job.extract.content)
            for job in self._jobs
            if job.finished_at is not None and quota_day(job.finished_at) == quota_day(now)
        )

    def check_quota(self, limit: int, now: datetime) -> None:
        if self.bytes_of_day(now) >= limit:
            raise MarketoError(1029, "Export daily quota exceeded")

    def create(self, kind: str, owner: str, format_: str, at: datetime, write: Writer) -> ExportJob:
        job = ExportJob(len(self._jobs) + 1, kind, owner, format_, at, write)
        self._jobs.append(job)
        return job

    def enqueue(self, job: ExportJob, at: datetime) -> None:
        if job.status in (QUEUED, PROCESSING, COMPLETED):
            raise MarketoError(1029, "Job already queued")
        if job.status != CREATED:
            # Not documented: a failed or cancelled job cannot be enqueued again.
            raise MarketoError(1003, f"Export job '{job.id}' cannot be enqueued: it is {job.status}")
        if sum(other.waits for other in self._jobs) >= SLOTS:
            raise MarketoError(1029, "Too many jobs in queue")
        job.status, job.queued_at = QUEUED, at
        self._queue.append(job)
        self._schedule.at(at + self._step, self._start)

    def cancel(self, job: ExportJob, at: datetime) -> None:
        if job.status in (COMPLETED, FAILED):
            raise MarketoError(1003, f"Export job '{job.id}' cannot be cancelled: it is {job.status}")
        job.status = CANCELLED
        if job in self._queue:
            self._queue.remove(job)
        self._start(at)

    @property
    def _step(self) -> timedelta:
        return STEP * self._settings.export_minutes

    def _start(self, at: datetime) -> None:
        running = sum(job.status == PROCESSING for job in self._jobs)
        while self._queue and running < WORKERS:
            job = self._queue[0]
            if job.queued_at is None or job.queued_at + self._step > at:
                return
            self._queue.pop(0)
            running += 1
            job.status, job.started_at = PROCESSING, at
            self._schedule.at(at, partial(self._write, job, _writing(job, at), 0))

    def _write(self, job: ExportJob, writing: Writing, steps: int, at: datetime) -> None:
        """Write the next part of a file. All parts are written at the same time on the clock."""
        if steps == STEPS_AT_ONCE:
            self._schedule.take_long(self._write_rest(job, writing, at))
        elif self._writes(job, writing, at):
            self._schedule.at(at, partial(self._write, job, writing, steps + 1))

    def _write_rest(self, job: ExportJob, writing: Writing, at: datetime) -> Steps:
        """Write the rest of a large file. The job runs until then, whatever the clock says."""
        while job.status == PROCESSING and self._writes(job, writing, at):
            yield

    def _writes(self, job: ExportJob, writing: Writing, at: datetime) -> bool:
        """Write the next part of a file; return False when it was the last."""
        extract, error = NOTHING, ""
        try:
            next(writing)
        except StopIteration as written:
            extract = written.value
        except MarketoError as failed:
            error = failed.message
        else:
            return True
        takes = self._step * (1 + extract.records // RECORDS_PER_STEP)
        self._schedule.at(at + takes, partial(self._end, job, extract, error))
        return False

    def _end(self, job: ExportJob, extract: Extract, error: str, at: datetime) -> None:
        if job.status == PROCESSING:
            job.status, job.finished_at = FAILED if error else COMPLETED, at
            job.extract, job.error = extract, error
        self._start(at)


def _writing(job: ExportJob, at: datetime) -> Writing:
    # A job reads the data when it starts, and shows its file when it ends.
    return job.write(at)
