"""The bulk transport: files of leads, each imported once, followed to its end, with the result of each
row."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_mkt.actions.idempotency import send_marked
from airflow_provider_mkt.actions.imports import Findings, Upload
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobDict, JobState
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.actions.ports import LeadImporter
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Procedure
from airflow_provider_mkt.client.errors import NotFound, OutcomeUnknown, PlatformError, RateLimited
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_rows import BulkRow
from airflow_provider_mkt.sync.import_progress import ImportProgress, ImportTurns, PartState

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.changes import ImportNotes

T = TypeVar("T")

_UPLOADS_MAX = 3
"""How often a file is sent when no answer comes."""


class Account(Protocol):
    """The part of a hook that is used here."""

    def follow(self, procedure: Procedure[T]) -> T: ...

    def exclusive(self, what: str) -> AbstractContextManager[None]: ...


class RowResults(Protocol):
    """Takes the result of every row."""

    lists: list[str]

    def unfit(self, row: BulkRow) -> None:
        """Take a row that was not sent."""

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """Take a row that was not sent because a later one has its key."""

    def refused(self, part: Part, code: str, reason: str) -> None:
        """Take a part none of whose rows was imported, as far as is known."""

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """Take a part that was imported. Returns the number of failures whose row is unknown."""


@dataclass(frozen=True)
class ImportState:
    """The state of an import.

    :param jobs: those that run on the platform.
    :param full: the platform's error when it takes no further file for now.
    :param retry_at: when a file whose upload was not answered may be sent again, in epoch seconds.
    """

    jobs: tuple[Job, ...] = ()
    full: RateLimited | None = None
    retry_at: float | None = None


@dataclass
class _PartImport:
    """A part that is being imported.

    :param job: once the platform has it.
    :param not_before: when it may be sent again after an upload that was not answered, in epoch seconds.
    :param uploads: how often this try has sent it.
    """

    number: int
    part: Part
    digest: str
    job: Job | None = None
    not_before: float | None = None
    uploads: int = 0


class BulkImport:
    """Sends parts, as many at once as the platform allows, and collects the results of their rows.

    That a part is sent is stored before it is sent, and its job when the platform answered: a later try of
    the task follows the existing jobs, and sends the parts that have none.

    :param importer: imports files into the platform.
    :param parts: in the order of the source, always the same for the same source.
    :param progress: the stored state of the parts.
    :param account: runs calls.
    :param report: takes the results of the rows.
    :param turns: the imports of other runs that are waited for; None where they do not matter.
    :param notes: takes the imports; None where nobody waits for them.
    :param name: the name of the imports, where the platform has names; of this run of this task alone.
    :param scope: identifies the settings of the import.
    :param resumed: whether this try continues after a deferral. At the start of a try, a part whose job was
        canceled is sent again.
    :param log: logs a line.
    """

    def __init__(
        self,
        importer: LeadImporter,
        parts: Iterator[Part],
        progress: ImportProgress,
        account: Account,
        report: RowResults,
        turns: ImportTurns | None = None,
        notes: ImportNotes | None = None,
        *,
        name: str,
        scope: str,
        resumed: bool,
        log: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._importer = importer
        self._parts = parts
        self._progress = progress
        self._account = account
        self._report = report
        self._turns = turns
        self._notes = notes
        self._name = name
        self._scope = scope
        self._resumed = resumed
        self._log = log
        self._clock = clock
        self._in_flight: list[_PartImport] = []
        self._numbers = 0
        self._more = True
        self.jobs: list[JobDict] = []

    def advance(self) -> ImportState | None:
        """Poll the jobs, collect those that ended, and send what the platform has room for.

        :returns: the state of the import, or None when every part has ended.
        :raises InvalidRequest: when the platform refuses the file.
        :raises OutcomeUnknown: when several uploads of one part were not answered.
        """
        full: RateLimited | None = None
        for one, job in [(one, one.job) for one in self._in_flight if one.job is not None]:
            self._poll(one, job)
        while full is None and (ready := self._next()) is not None:
            try:
                self._send(ready)
            except RateLimited as refused:
                full = refused
        if not self._in_flight and not self._more:
            return None
        jobs = tuple(one.job for one in self._in_flight if one.job is not None)
        waits = [one.not_before for one in self._in_flight if one.job is None and one.not_before is not None]
        return ImportState(jobs, full, min(waits, default=None))

    @property
    def started_jobs(self) -> list[Job]:
        """The jobs of this import, those that have ended too."""
        return [Job.from_json(job) for job in self.jobs] + [one.job for one in self._in_flight if one.job]

    def close(self) -> None:
        """Close the parts that are in flight."""
        for one in self._in_flight:
            one.part.close()

    def _next(self) -> _PartImport | None:
        """Return a part that may be sent now: one that was held back first, else a new one."""
        for one in self._in_flight:
            if one.job is None and (one.not_before is None or one.not_before <= self._clock()):
                return one
        if not self._more or len(self._in_flight) >= self._importer.max_in_flight:
            return None
        part = next(self._parts, None)
        if part is None:
            self._more = False
            return None
        self._numbers += 1
        digest = hashlib.sha256(f"{self._scope} {part.digest}".encode()).hexdigest()
        new = _PartImport(self._numbers, part, digest)
        self._in_flight.append(new)
        return new

    def _send(self, one: _PartImport) -> None:
        with self._account.exclusive(f"import {one.digest}"):
            state = self._progress.part(one.number)
            if state is None and (state := self._running_elsewhere(one)) is not None:
                self._save(one, state)
            if state is not None and (job_id := state.get("job")):
                job = self._job(job_id)
                if not self._resumed:
                    self._log(f"part {one.number}: {job} exists already; following it")
                return self._follow(one, job)
            requested_at = state.get("requested_at") if state is not None else None
            if one.not_before is None and requested_at is not None and self._importer.quiet_after:
                # A time in the future is from before the clock was set back.
                until = min(requested_at, self._clock()) + self._importer.quiet_after
                if until > self._clock():
                    return self._hold_back(one, until)
            self._upload(one, state)

    def _upload(self, one: _PartImport, state: PartState | None) -> None:
        if self._turns is None:
            return self._upload_now(one, state)
        with self._turns.turn() as others:
            if others is not None:
                raise RateLimited(others, platform=self._importer.platform)
            try:
                self._upload_now(one, state)
            except PlatformError as error:
                if not isinstance(error, OutcomeUnknown):
                    self._turns.refused()
                raise
            if one.job is not None:
                self._turns.started(one.job)
        return None

    def _upload_now(self, one: _PartImport, state: PartState | None) -> None:
        one.uploads += 1
        upload = Upload(f"{self._name} {one.number}", one.part.columns, one.part.content)
        start = self._importer.start(upload, self._progress.part_state(one.number))
        try:
            job = self._start(one, upload, start)
        except OutcomeUnknown as lost:
            if one.uploads >= _UPLOADS_MAX:
                raise
            self._log(f"part {one.number}: {lost}")
            self._hold_back(one, self._clock() + self._importer.quiet_after)
            return
        self._save(one, {**(self._progress.part(one.number) or {}), "job": job.id})
        self._progress.progress_at = self._clock()
        self._log(
            f"part {one.number}: {counted(one.part.count, 'row')}, {counted(one.part.size, 'byte')}: {job}"
        )
        if state is None:
            self._started(one, job)
        else:
            # It may be the job that an earlier try has started.
            self._follow(one, job)

    def _start(self, one: _PartImport, upload: Upload, start: Procedure[Job]) -> Job:
        """Start the import of a file, and note what is known of it."""
        marks = self._progress.part_marks(one.digest)
        sending = send_marked(str(one.number), marks, start, clock=self._clock)
        notes, importer = self._notes, self._importer
        if notes is None:
            return self._account.follow(sending)
        notes.sending(upload.name, importer.spec.kind, importer.quiet_after or CONSISTENCY_WINDOW)
        try:
            job = self._account.follow(sending)
        except PlatformError as error:
            if not isinstance(error, OutcomeUnknown):
                notes.refused()
            raise
        notes.started(job)
        return job

    def _follow(self, one: _PartImport, job: Job) -> None:
        """Follow the job that an earlier try, or another run, has started for a part."""
        one.job = job
        if self._notes is not None:
            self._notes.found(job)
        if self._poll(one, job, existing=True) is not None:
            self._started(one, job)

    @staticmethod
    def _started(one: _PartImport, job: Job) -> None:
        one.job, one.not_before = job, None
        one.part.free_content()

    def _hold_back(self, one: _PartImport, until: float) -> None:
        one.not_before = until
        left = max(0.0, until - self._clock())
        self._log(f"part {one.number}: an earlier upload may still run; sending it again in {left:.0f} s")

    def _poll(self, one: _PartImport, job: Job, *, existing: bool = False) -> JobState | None:
        """Poll a part's job; None when the job does not count and the part must be sent.

        :param existing: whether an earlier try or another run has started it.
        """
        try:
            state: JobState = self._account.follow(poll_job(self._importer.spec, job))
        except NotFound as unknown:
            if not existing:
                raise
            self._send_again(one, str(unknown))
            return None
        if existing and not self._resumed and state.status is BatchStatus.CANCELED:
            self._send_again(one, "it was canceled")
            return None
        if state.status.final:
            self._collect(one, state)
        elif not state.known:
            self._log(f"{job}: unknown status {state.raw_status!r}; still waiting")
        return state

    def _send_again(self, one: _PartImport, reason: str) -> None:
        self._log(f"part {one.number}: {one.job} has no result ({reason}); sending the part again")
        one.job = None
        self._progress.part_state(one.number).set("start import", None)
        self._save(one, None)

    def _collect(self, one: _PartImport, state: JobState) -> None:
        part, job = one.part, state.job
        if state.status is BatchStatus.COMPLETE:
            matcher = Matcher(part.rows, part.columns, self._importer.key_columns, self._importer.key)
            findings = self._account.follow(self._importer.findings(state, part.columns))
            self._report.lists += state.details.get("lists") or ()
            if unmatched := self._report.imported_with(part, findings, matcher):
                self._log(f"{job}: failures whose row is unknown: {unmatched:,}")
        else:
            message = state.details.get("message") or "no reason given"
            reason = (
                f"the import of its file ended as {state.raw_status} ({message}); some rows may be written"
            )
            self._report.refused(part, "IMPORT_FAILED", reason)
        self._log(str(state))
        if self._turns is not None:
            self._turns.ended(job)
        if self._progress.end_part(one.number, one.digest, job.id):
            self._progress.progress_at = self._clock()
        self.jobs.append(job.to_json())
        part.close()
        self._in_flight.remove(one)

    def _running_elsewhere(self, one: _PartImport) -> PartState | None:
        """Return the state of the same part, if another run is importing it."""
        state = self._progress.part_of_any_run(one.digest)
        if state is None or not (job_id := state.get("job")):
            return state
        try:
            job_state: JobState = self._account.follow(poll_job(self._importer.spec, self._job(job_id)))
        except NotFound:
            return None
        return None if job_state.status.final else state

    def _job(self, job_id: str) -> Job:
        return Job(self._importer.platform, self._importer.spec.kind, job_id)

    def _save(self, one: _PartImport, state: PartState | None) -> None:
        self._progress.set_part(one.number, one.digest, state)
