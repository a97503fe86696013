"""A bulk import from its first file to its last: each sent once, followed to its end, and accounted for."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from airflow_provider_mkt.actions.imports import Findings, Upload
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobDict, JobState
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.actions.ports import LeadImporter
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import NotFound, OutcomeUnknown, PlatformError, RateLimited
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_rows import BulkRow
from airflow_provider_mkt.sync.import_progress import Marks

T = TypeVar("T")

_SENT_MOST = 3
"""How often a file is sent before it is given up that an answer comes."""


class Platform(Protocol):
    """What of a hook is used here."""

    def follow(self, procedure: Procedure[T]) -> T: ...

    def exclusive(self, what: str) -> AbstractContextManager[None]: ...


class Taker(Protocol):
    """Takes what became of every row."""

    lists: list[str]

    def unfit(self, row: BulkRow) -> None:
        """A row was not sent."""

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """A row was not sent, since a later one has its key."""

    def refused(self, part: Part, code: str, reason: str) -> None:
        """None of the rows of a part was imported, as far as can be told."""

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """A part was imported. Returns how many failures there are whose row cannot be told."""


@dataclass(frozen=True)
class ImportState:
    """Where an import stands after a look.

    :param jobs: at work on the platform.
    :param full: what the platform said when it took no further file for now.
    :param again_at: when a file whose upload was not answered may be sent again, in epoch seconds.
    """

    jobs: tuple[Job, ...] = ()
    full: RateLimited | None = None
    again_at: float | None = None


@dataclass
class _Work:
    """A part on its way.

    :param job: once it is with the platform.
    :param not_before: when it may be sent again, where an upload was not answered.
    """

    number: int
    part: Part
    digest: str
    job: Job | None = None
    not_before: float | None = None
    sent: int = 0


class BulkImport:
    """Sends parts, as many at once as the platform may have, and collects what became of their rows.

    That a part is sent is remembered before it is sent, and its job when it was answered: a later try of the
    task follows the jobs there are, and sends the parts that have none.

    :param importer: imports files into the platform.
    :param parts: in the order of the source, always the same for the same source.
    :param marks: what is remembered of them.
    :param platform: runs calls.
    :param report: takes what became of the rows.
    :param name: what imports are called where they have names; of this run of this task alone.
    :param scope: tells this way of importing from others.
    :param resumed: whether this try goes on after a deferral. Where it begins, a part whose job was canceled
        is sent again.
    :param tell: told what people should know.
    """

    def __init__(
        self,
        importer: LeadImporter,
        parts: Iterator[Part],
        marks: Marks,
        platform: Platform,
        report: Taker,
        *,
        name: str,
        scope: str,
        resumed: bool,
        tell: Callable[[str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._importer = importer
        self._parts = parts
        self._marks = marks
        self._platform = platform
        self._report = report
        self._name = name
        self._scope = scope
        self._resumed = resumed
        self._tell = tell
        self._clock = clock
        self._work: list[_Work] = []
        self._numbers = 0
        self._more = True
        self.jobs: list[JobDict] = []

    def advance(self) -> ImportState | None:
        """Look at the jobs, collect those that ended, and send what there is room for.

        :returns: where it stands, or None when every part has ended.
        :raises InvalidRequest: when the platform refuses the file.
        :raises OutcomeUnknown: when uploads were not answered again and again.
        """
        full: RateLimited | None = None
        for begun, job in [(work, work.job) for work in self._work if work.job is not None]:
            self._look(begun, job)
        while full is None and (work := self._next()) is not None:
            try:
                self._send(work)
            except RateLimited as refused:
                full = refused
        if not self._work and not self._more:
            return None
        jobs = tuple(work.job for work in self._work if work.job is not None)
        waits = [work.not_before for work in self._work if work.job is None and work.not_before is not None]
        return ImportState(jobs, full, min(waits, default=None))

    @property
    def with_platform(self) -> list[Job]:
        """The jobs of this import that the platform has or had."""
        return [Job.from_json(job) for job in self.jobs] + [work.job for work in self._work if work.job]

    def close(self) -> None:
        """Let go of the parts that are under way."""
        for work in self._work:
            work.part.close()

    def _next(self) -> _Work | None:
        """A part that may be sent now: one that is held back first, else a new one."""
        for work in self._work:
            if work.job is None and (work.not_before is None or work.not_before <= self._clock()):
                return work
        if not self._more or len(self._work) >= self._importer.max_in_flight:
            return None
        part = next(self._parts, None)
        if part is None:
            self._more = False
            return None
        self._numbers += 1
        digest = hashlib.sha256(f"{self._scope} {part.digest}".encode()).hexdigest()
        work = _Work(self._numbers, part, digest)
        self._work.append(work)
        return work

    def _send(self, work: _Work) -> None:
        with self._platform.exclusive(f"import {work.digest}"):
            mark = self._marks.of(work.number)
            if mark is None and (mark := self._at_work_elsewhere(work)) is not None:
                self._keep(work, mark)
            if mark is not None and mark.get("job"):
                job = Job(self._importer.platform, self._importer.spec.kind, str(mark["job"]))
                if not self._resumed:
                    self._tell(f"part {work.number}: {job} is there already, and is followed")
                return self._take_up(work, job)
            asked = mark.get("asked") if mark is not None else None
            if work.not_before is None and asked is not None and self._importer.quiet_after:
                until = float(asked) + self._importer.quiet_after
                if until > self._clock():
                    return self._hold_back(work, until)
            self._upload(work, mark)

    def _upload(self, work: _Work, mark: Any) -> None:
        name = f"{self._name} {work.number}"
        asked = self._clock()
        self._keep(work, {"asked": asked})
        work.sent += 1
        upload = Upload(name, work.part.columns, work.part.content)
        try:
            job = self._platform.follow(self._importer.start(upload, self._marks.scoped(work.number)))
        except OutcomeUnknown as lost:
            # The time counts from now: until now the file may have been on its way.
            now = self._clock()
            self._keep(work, {"asked": now})
            if work.sent >= _SENT_MOST:
                raise
            self._tell(f"part {work.number}: {lost}")
            self._hold_back(work, now + self._importer.quiet_after)
        except PlatformError:
            self._keep(work, mark)
            raise
        else:
            self._keep(work, {"asked": asked, "job": job.id})
            self._marks.moved(self._clock())
            self._tell(f"part {work.number}: {work.part.count:,} rows, {work.part.size:,} bytes: {job}")
            if mark is None:
                self._taken(work, job)
            else:
                # It may be the one that an earlier try had asked for.
                self._take_up(work, job)

    def _take_up(self, work: _Work, job: Job) -> None:
        """Follow the job that an earlier try, or another run, has started for a part."""
        work.job = job
        if self._look(work, job, taking_up=True) is not None:
            self._taken(work, job)

    @staticmethod
    def _taken(work: _Work, job: Job) -> None:
        work.job, work.not_before = job, None
        work.part.let_go()

    def _hold_back(self, work: _Work, until: float) -> None:
        work.not_before = until
        left = max(0.0, until - self._clock())
        self._tell(f"part {work.number}: an earlier upload may be at work; it is sent again in {left:.0f} s")

    def _look(self, work: _Work, job: Job, *, taking_up: bool = False) -> JobState | None:
        """Look at a part's job; None when it came to nothing and the part is to be sent."""
        try:
            look: JobState = self._platform.follow(poll_job(self._importer.spec, job))
        except NotFound as unknown:
            if not taking_up:
                raise
            self._send_anew(work, str(unknown))
            return None
        if taking_up and not self._resumed and look.status is BatchStatus.CANCELED:
            self._send_anew(work, "it was canceled")
            return None
        if look.status.final:
            self._collect(work, look)
        elif not look.known:
            self._tell(f"{job}: unknown status {look.raw_status!r}; still waiting")
        return look

    def _send_anew(self, work: _Work, why: str) -> None:
        self._tell(f"part {work.number}: {work.job} came to nothing ({why}); it is sent again")
        work.job = None
        self._marks.scoped(work.number).set("start import", None)
        self._keep(work, None)

    def _collect(self, work: _Work, look: JobState) -> None:
        part, job = work.part, look.job
        if look.status is BatchStatus.COMPLETE:
            matcher = Matcher(part.rows, part.columns, self._importer.key_column, self._importer.key)
            findings = self._platform.follow(self._importer.findings(look, part.columns))
            self._report.lists += look.details.get("lists") or ()
            if lost := self._report.imported_with(part, findings, matcher):
                self._tell(f"{job}: {lost:,} failures whose rows cannot be told")
        else:
            message = look.details.get("message") or "no reason given"
            told = f"the import of its file ended as {look.raw_status} ({message}); some rows may be written"
            self._report.refused(part, "IMPORT_FAILED", told)
        self._tell(str(look))
        if self._marks.ended(work.number, work.digest, job.id):
            self._marks.moved(self._clock())
        self.jobs.append(job.to_json())
        part.close()
        self._work.remove(work)

    def _at_work_elsewhere(self, work: _Work) -> Any:
        """The mark of the same file, where another run has it at work."""
        mark = self._marks.elsewhere(work.digest)
        if mark is None or not mark.get("job"):
            return mark
        job = Job(self._importer.platform, self._importer.spec.kind, str(mark["job"]))
        try:
            look: JobState = self._platform.follow(poll_job(self._importer.spec, job))
        except NotFound:
            return None
        return None if look.status.final else mark

    def _keep(self, work: _Work, mark: dict[str, Json] | Any) -> None:
        self._marks.set(work.number, work.digest, mark)
