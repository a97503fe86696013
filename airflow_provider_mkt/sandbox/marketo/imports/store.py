"""Import jobs: rows, progress, failures and warnings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

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
    lookup_field: str = "email"
    partition: str | None = None
    list_id: int | None = None
    program_id: int | None = None
    member_status: str | None = None
    status: str = QUEUED
    message: str = ""
    processed: int = 0
    failures: list[tuple[list[str], str]] = field(default_factory=list)
    warnings: list[tuple[list[str], str]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.status in (COMPLETE, FAILED)


Worker = Callable[[ImportJob, datetime], None]


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
            seconds = self._settings.import_startup + self._settings.import_per_row * len(job.rows)
            self._schedule.at(at + timedelta(seconds=seconds), partial(self._end, job, worker))

    def _end(self, job: ImportJob, worker: Worker, at: datetime) -> None:
        worker(job, at)
        self._start(at)
