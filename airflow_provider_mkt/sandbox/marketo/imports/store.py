"""Import jobs: rows, progress, failures and warnings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, object_not_found
from airflow_provider_mkt.sandbox.marketo.schedule import Schedule
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings

FIRST_BATCH_ID = 3401
WORKERS = 2
SLOTS = 10
RETENTION = timedelta(days=7)
QUEUED, IMPORTING, COMPLETE, FAILED = "Queued", "Importing", "Complete", "Failed"


@dataclass
class ImportJob:
    id: int
    created_at: datetime
    header: list[str]
    rows: list[list[str]]
    delimiter: str
    lookup_field: str | None = None
    partition: str | None = None
    list_id: int | None = None
    program_id: int | None = None
    member_status: str | None = None
    object_name: str | None = None
    """API name of the custom object."""
    status: str = QUEUED
    message: str = ""
    processed: int = 0
    failures: list[tuple[list[str], str]] = field(default_factory=list)
    warnings: list[tuple[list[str], str]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.status in (COMPLETE, FAILED)


class Run(Protocol):
    """Imports the rows of a job, some at a time."""

    def search(self, at: datetime) -> int:
        """Find the records of the next rows, and return their number; 0 at the end."""

    def write(self, at: datetime) -> None:
        """Write the rows that were searched last."""

    def finish(self) -> None:
        """Set the final status."""


Worker = Callable[[ImportJob], Run]


class ImportStore:
    """All jobs and their queue: first in, first out, two at the same time."""

    def __init__(self, schedule: Schedule, settings: MarketoSettings) -> None:
        self._schedule = schedule
        self._settings = settings
        self._jobs: dict[int, ImportJob] = {}
        self._waiting: list[tuple[ImportJob, Worker]] = []

    def all(self) -> list[ImportJob]:
        return list(self._jobs.values())

    def get(self, batch_id: int, now: datetime) -> ImportJob:
        job = self._jobs.get(batch_id)
        if job is None or now > job.created_at + RETENTION:
            raise object_not_found("Batch", batch_id)
        return job

    def check_room(self, list_id: int | None) -> None:
        active = [job for job in self._jobs.values() if not job.ended]
        if list_id is not None and any(job.list_id == list_id for job in active):
            raise MarketoError(1019, "Import in progress for this list")
        if len(active) >= SLOTS:
            raise MarketoError(1016, "Too many imports")

    def next_id(self) -> int:
        return FIRST_BATCH_ID + len(self._jobs)

    def enqueue(self, job: ImportJob, worker: Worker) -> None:
        self._jobs[job.id] = job
        self._waiting.append((job, worker))
        self._schedule.at(job.created_at + timedelta(seconds=self._settings.import_pickup), self._start)

    def _start(self, at: datetime) -> None:
        running = sum(job.status == IMPORTING for job in self._jobs.values())
        while self._waiting and running < WORKERS and self._waiting[0][0].created_at <= at:
            job, worker = self._waiting.pop(0)
            job.status = IMPORTING
            running += 1
            seconds = timedelta(seconds=self._settings.import_startup)
            self._schedule.at(at + seconds, partial(self._search, worker(job)))

    def _search(self, run: Run, at: datetime) -> None:
        rows = run.search(at)
        if not rows:
            run.finish()
            self._start(at)
            return
        # Nothing is locked: other requests and imports may write the same keys between search and write.
        seconds = timedelta(seconds=self._settings.import_per_row * rows)
        self._schedule.at(at + seconds, partial(self._write, run))

    def _write(self, run: Run, at: datetime) -> None:
        run.write(at)
        self._search(run, at)
