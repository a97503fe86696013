"""Long ranges of time, cut into windows that one bulk extract may span.

How much of the day's bytes of bulk extracts is used.

The files of bulk extracts, read part by part and checked.

Bulk extracts from the first request to the last file: a job for each window, made once.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobState, spec_of
from airflow_provider_mkt.actions.marketo.jobs import SPECS
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, JsonBody
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ServerUnavailable,
)
from airflow_provider_mkt.client.marketo.bulk import FilePart
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import LONGEST_RANGE, Between, Export, Kind
from airflow_provider_mkt.client.marketo.platform import next_quota_reset
from airflow_provider_mkt.client.marketo.values import moment

MOST_WINDOWS = 1_000
"""More than 80 years: a longer range is a mistake in writing its start."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Window:
    """A span of time as the platform's filters take it.

    :param first: its first second.
    :param last: its last second, which is part of it.
    """

    first: datetime
    last: datetime

    @property
    def between(self) -> Between:
        return self.first, self.last

    @property
    def name(self) -> str:
        """Its start, fit for the name of a file."""
        return f"{self.first:%Y%m%dT%H%M%SZ}"

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%dT%H:%M:%SZ} to {self.last:%Y-%m-%dT%H:%M:%SZ}"


def windows(start: datetime, end: datetime) -> list[Window]:
    """Cut a range into windows that hold each of its seconds once.

    The platform counts both ends of a filter, to the second. So each window ends the second before the next
    begins, and ranges that follow each other share nothing either.

    :param start: an aware time, part of the range; fractions of its second are cut off.
    :param end: an aware time, no longer part of it.
    :raises InvalidInput: when the range is empty, or too long to be meant.
    """
    first, stop = (moment.astimezone(UTC).replace(microsecond=0) for moment in (start, end))
    if first >= stop:
        raise InvalidInput("end", "must be at least a second after start, since it is not part of the range")
    if stop - first > MOST_WINDOWS * LONGEST_RANGE:
        raise InvalidInput("start", f"is {(stop - first).days:,} days before end")
    cut = []
    while first < stop:
        following = min(first + LONGEST_RANGE, stop)
        cut.append(Window(first, following - _SECOND))
        first = following
    return cut


DAY_BYTES = 500_000_000

_KINDS: tuple[Kind, ...] = ("leads", "activities", "program_members")


def bytes_today(now: datetime) -> Procedure[int]:
    """The size of the files that were finished today.

    A lower bound: other API users' jobs cannot be seen, and their files count too.

    :param now: an aware time.
    """
    midnight = next_quota_reset(now) - timedelta(days=1)
    total = 0
    for kind in _KINDS:
        jobs: list[Export] = yield Pages(bulk_extracts.list_jobs(kind, statuses=["Completed"]))
        for job in jobs:
            finished = moment(job.get("finishedAt"))
            if finished is not None and finished >= midnight:
                total += int(job.get("fileSize") or 0)
    return total


PART_BYTES = 4_194_304
"""Bytes asked for at once: what is held in memory, and what a cut connection costs at most."""

_LOOKS = 3
_LOOK_AFTER = 20.0


class Damaged(ServerUnavailable):
    """What was read is not the file that the job wrote."""


def fetch(
    kind: Kind, export_id: str, details: Mapping[str, Any], take: Callable[[bytes], object]
) -> Procedure[None]:
    """Read the file of a complete job in parts, and check size and checksum at the end.

    :param details: what the job's status tells: ``fileSize`` and ``fileChecksum``.
    :param take: is given the bytes, in order.
    :raises NotFound: when there is no file, though the job is complete.
    :raises Damaged: when it is another file than the status tells of. What was taken is to be thrown away.
    """
    told, checksum = details.get("fileSize"), str(details.get("fileChecksum") or "")
    size = told if isinstance(told, int) else None
    digest, offset = sha256(), 0
    while size is None or offset < size:
        last = offset + PART_BYTES - 1 if size is None else min(offset + PART_BYTES, size) - 1
        part = yield from _part(kind, export_id, offset, last)
        if size is None:
            size = part.total if part.total is not None else len(part.content)
        if not part.content or part.total not in (None, size):
            raise _damaged(export_id, f"it has {part.total} bytes instead of {size}")
        take(part.content)
        digest.update(part.content)
        offset += len(part.content)
    algorithm, _, expected = checksum.rpartition(":")
    if expected and algorithm in ("", "sha256") and digest.hexdigest() != expected.lower():
        raise _damaged(export_id, f"its SHA-256 is {digest.hexdigest()} instead of {expected}")


def _part(kind: Kind, export_id: str, first: int, last: int) -> Procedure[FilePart]:
    """Read a part of a file. A file may be late, or gone for a moment, so it is looked for more than once."""
    for _ in range(_LOOKS - 1):
        try:
            part: FilePart = yield bulk_extracts.file(kind, export_id, first=first, last=last)
        except NotFound as missing:
            yield Pause(_LOOK_AFTER, str(missing))
        else:
            return part
    part = yield bulk_extracts.file(kind, export_id, first=first, last=last)
    return part


def _damaged(export_id: str, why: str) -> Damaged:
    return Damaged(f"the file of job {export_id} is not the one it wrote: {why}", platform="marketo")


AT_ONCE = 3
"""Jobs of one extraction in the queue: the two that can run, and one to follow. The ten places of the queue
are shared with everybody else's."""

_MADE_MOST = 3
_QUEUE_PATIENCE = 50.0
"""Seconds for which other refusals are waited out. A full queue is refused for longer, and is not."""
_JOB_KINDS: Mapping[Kind, str] = {
    "leads": "lead_export",
    "activities": "activity_export",
    "program_members": "member_export",
}


@dataclass
class Part:
    """What one job is to extract, and how far it is.

    :param name: tells it from the other parts, for people.
    :param create: makes its job.
    :param label: the same for the names of files.
    :param export_id: its job, once there is one.
    :param made: how many jobs were made for it by this try of the task.
    :param details: what the status of its job told once that was complete.
    :param written: what became of its file, where each part has one of its own.
    """

    name: str
    create: Call[Export]
    label: str = ""
    export_id: str | None = None
    made: int = 0
    details: dict[str, Any] | None = None
    written: dict[str, Any] | None = None

    @property
    def records(self) -> int | None:
        """How many its job found, where the platform told."""
        found = (self.details or {}).get("numberOfRecords")
        return None if found is None else int(found)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.export_id, "made": self.made, "details": self.details, "written": self.written}

    def remember(self, kept: object) -> None:
        """Take up what an earlier try knew."""
        if isinstance(kept, Mapping):
            self.export_id, self.made = kept.get("id"), int(kept.get("made") or 0)
            self.details, self.written = kept.get("details"), kept.get("written")


@dataclass(frozen=True)
class ExtractState:
    """Where an extraction stands after a look.

    :param jobs: those in the queue or running.
    :param full: what the platform said when it took no further job for now.
    """

    jobs: tuple[Job, ...] = ()
    full: RateLimited | None = None


@dataclass
class Extraction:
    """The jobs of one extraction, followed by their status from any try of a task.

    :param kind: what is extracted.
    :param parts: what its jobs are to extract.
    :param memory: what the task's earlier tries did.
    :param tell: told what people should know, such as that a job had to be made again.
    """

    kind: Kind
    parts: Sequence[Part]
    task_state: TaskState
    tell: Callable[[str], object]
    clock: Callable[[], float] = time.time
    since: float = field(default=0.0, init=False)
    """When something last came of it, in epoch seconds."""
    began: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """Take up what earlier tries did."""
        self.began, _ = self._clocks(self.task_state.get(self._key("clock")))
        for number, part in enumerate(self.parts):
            part.remember(self.task_state.get(self._key(number)))
            part.made = 0
        self.touch()

    def resume(self, carried: object) -> None:
        """Take up what was known before a deferral, from :meth:`to_json` or else from the memory."""
        known = carried if isinstance(carried, Mapping) else {}
        self.began, self.since = self._clocks(known.get("clock") or self.task_state.get(self._key("clock")))
        parts = known.get("parts") or {}
        for number, part in enumerate(self.parts):
            if str(number) in parts:
                part.remember(parts[str(number)])
                self.keep(part)
            else:
                part.remember(self.task_state.get(self._key(number)))

    def to_json(self) -> dict[str, Any]:
        """What is known, small and plain."""
        parts = {str(number): part.to_json() for number, part in enumerate(self.parts) if part.export_id}
        return {"clock": {"began": self.began, "since": self.since}, "parts": parts}

    @property
    def complete(self) -> bool:
        return all(part.details is not None for part in self.parts)

    def job(self, part: Part) -> Job:
        return Job("marketo", _JOB_KINDS[self.kind], part.export_id or "")

    def unfinished(self) -> list[Job]:
        """The jobs whose files nobody will read if the extraction is given up now."""
        return [self.job(part) for part in self.parts if part.export_id and part.details is None]

    def advance(self) -> Procedure[ExtractState]:
        """Look at the jobs, make those again that came to nothing, and start what there is room for.

        :raises JobFailed: when the job of a part came to nothing too often.
        :raises InvalidRequest: when the platform refuses what is to be extracted.
        :raises QuotaExhausted: when the day's bytes of extracts are used up.
        """
        waiting: dict[int, Job] = {}
        for number, part in enumerate(self.parts):
            if part.export_id and part.details is None and (yield from self._is_waiting(part)):
                waiting[number] = self.job(part)
        for number, part in enumerate(self.parts):
            if len(waiting) >= AT_ONCE:
                break
            if part.details is None and number not in waiting:
                try:
                    yield from self._start(part)
                except RateLimited as full:
                    return ExtractState(tuple(waiting.values()), full)
                waiting[number] = self.job(part)
        return ExtractState(tuple(waiting.values()))

    def came_to_nothing(self, part: Part, why: str) -> None:
        """Let a part's job be made again.

        :raises JobFailed: when that was done too often.
        """
        again = part.made < _MADE_MOST
        message = f"the extract of {part.name} (job {part.export_id}) came to nothing: {why}"
        part.export_id = part.details = part.written = None
        self.keep(part)
        if not again:
            raise JobFailed(f"{message}; given up after {part.made} jobs", platform="marketo")
        self.tell(f"{message}; it is made again")

    def abandon(self) -> Procedure[None]:
        """Cancel what is not complete, and forget it. Never fails."""
        for part in self.parts:
            if part.export_id and part.details is None:
                try:
                    yield bulk_extracts.cancel(self.kind, part.export_id)
                except PlatformError as error:
                    self.tell(f"{self.job(part)} was not canceled: {error}")
                else:
                    self.tell(f"{self.job(part)} was canceled")
                part.export_id = None
                self.keep(part)

    def forget(self) -> None:
        """Let the task start afresh when somebody clears it."""
        for number in range(len(self.parts)):
            self.task_state.set(self._key(number), None)
        self.task_state.set(self._key("clock"), None)

    def touch(self, moment: float | None = None) -> None:
        """Something came of it, now or at *moment*."""
        self.since = self.clock() if moment is None else moment
        self.task_state.set(self._key("clock"), {"began": self.began, "since": self.since})

    def keep(self, part: Part) -> None:
        """Remember how far a part is."""
        self.task_state.set(self._key(self.parts.index(part)), part.to_json())

    def _is_waiting(self, part: Part) -> Procedure[bool]:
        job = self.job(part)
        try:
            look: JobState = yield from poll_job(spec_of(SPECS, job), job)
        except NotFound as missing:
            self.came_to_nothing(part, str(missing))
            return False
        if look.status is BatchStatus.COMPLETE:
            part.details = {
                name: look.details[name]
                for name in ("numberOfRecords", "fileSize", "fileChecksum")
                if name in look.details
            }
            self.keep(part)
            self.touch()
            self.tell(f"{part.name}: {'some' if part.records is None else part.records} records")
        elif look.status.final:
            why = look.details.get("errorMsg") or "no reason given"
            self.came_to_nothing(part, f"it was {look.raw_status}: {why}")
        elif not look.known:
            self.tell(f"{job}: unknown status {look.raw_status!r}; still waiting")
        return not look.status.final and look.raw_status.lower() != "created"

    def _start(self, part: Part) -> Procedure[None]:
        if part.export_id is None:
            part.export_id = yield from self._create(part)
            part.made += 1
            self.keep(part)
        yield replace(bulk_extracts.enqueue(self.kind, part.export_id), max_elapsed=_QUEUE_PATIENCE)
        self.touch()
        self.tell(f"{part.name}: job {part.export_id} is in the queue")

    def _create(self, part: Part) -> Procedure[str]:
        """Make a job.

        A job tells nobody what it extracts, so one whose answer was lost cannot be told from another task's.
        Taking that one could hand out the wrong people. So another is made: one that is never enqueued holds
        no place and no bytes.
        """
        for _ in range(_MADE_MOST - 1):
            try:
                job: Export = yield part.create
            except OutcomeUnknown as lost:
                self.tell(f"{lost}. A job that this may have made is never started; another is made")
            else:
                return str(job["exportId"])
        job = yield part.create
        return str(job["exportId"])

    def _clocks(self, kept: object) -> tuple[float, float]:
        known = kept if isinstance(kept, Mapping) else {}
        return known.get("began") or self.clock(), known.get("since") or self.clock()

    def _key(self, what: int | str) -> str:
        return f"export {self._digest} {what}"

    @functools.cached_property
    def _digest(self) -> str:
        """Of what is extracted, since a cleared task may extract something else."""
        bodies = [part.create.body.value for part in self.parts if isinstance(part.create.body, JsonBody)]
        return hashlib.sha256(json.dumps([self.kind, bodies], sort_keys=True).encode()).hexdigest()[:16]
