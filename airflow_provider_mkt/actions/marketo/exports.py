"""Bulk extracts, from the time windows of their jobs to the verified content of their files."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256

from airflow_provider_mkt.actions.jobs import BatchStatus, Details, Job, JobState, spec_of
from airflow_provider_mkt.actions.marketo.jobs import SPECS, object_job_id
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure, TaskState
from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import Call, JsonBody
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PlatformError,
    RateLimited,
    ServerUnavailable,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.bulk import BufferedPart, into_buffer
from airflow_provider_mkt.client.marketo.custom_objects import custom_objects
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import LONGEST_RANGE, Between, Export, Kind
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.platform import next_quota_reset
from airflow_provider_mkt.client.marketo.programs import program_members
from airflow_provider_mkt.client.marketo.rows import Description, ObjectType
from airflow_provider_mkt.client.marketo.values import moment
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.state.task_state import Completion

MOST_WINDOWS = 1_000
"""More than 80 years: the start of a longer range is a mistake."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Window:
    """A time window as the platform's filters take it.

    :param first: its first second.
    :param last: its last second, which is included.
    """

    first: datetime
    last: datetime

    @property
    def between(self) -> Between:
        return self.first, self.last

    @property
    def name(self) -> str:
        """Its start, as part of a file name."""
        return f"{self.first:%Y%m%dT%H%M%SZ}"

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%dT%H:%M:%SZ} to {self.last:%Y-%m-%dT%H:%M:%SZ}"


def windows(start: datetime, end: datetime) -> list[Window]:
    """Split a time range into windows that hold each of its seconds once.

    The platform includes both ends of a filter, to the second. So each window ends one second before the next
    begins, and consecutive ranges share no second.

    :param start: an aware time, included; fractions of its second are dropped.
    :param end: an aware time, excluded.
    :raises InvalidInput: when the range is empty or too long.
    """
    first, stop = (moment.astimezone(UTC).replace(microsecond=0) for moment in (start, end))
    if first >= stop:
        raise InvalidInput("end", "must be at least a second after start, since it is not part of the range")
    if stop - first > MOST_WINDOWS * LONGEST_RANGE:
        raise InvalidInput("start", f"is {counted((stop - first).days, 'day')} before end")
    cut = []
    while first < stop:
        following = min(first + LONGEST_RANGE, stop)
        cut.append(Window(first, following - _SECOND))
        first = following
    return cut


DAY_BYTES = 500_000_000

_KINDS: tuple[Kind, ...] = ("leads", "activities", "program_members")
"""Kinds whose jobs are listed without the name of a type."""


def bytes_today(now: datetime, api_name: str | None = None) -> Procedure[int]:
    """Read the size of the files that were finished today.

    A lower bound: the jobs of other API users and of other custom objects are not listed, and their files
    count too.

    :param now: an aware time.
    :param api_name: a type of custom objects whose files are counted.
    """
    midnight = next_quota_reset(now) - timedelta(days=1)
    total = 0
    lists = [bulk_extracts.list_jobs(kind, statuses=["Completed"]) for kind in _KINDS]
    if api_name is not None:
        lists.append(bulk_extracts.list_jobs("custom_objects", api_name=api_name, statuses=["Completed"]))
    for listed in lists:
        jobs: list[Export] = yield Pages(listed)
        for job in jobs:
            finished = moment(job.get("finishedAt"))
            if finished is not None and finished >= midnight:
                total += int(job.get("fileSize") or 0)
    return total


_ACTIVITY_TYPES: Mapping[str, str] = {
    "leadId": "integer",
    "activityDate": "datetime",
    "activityTypeId": "integer",
    "campaignId": "integer",
    "primaryAttributeValueId": "integer",
    "attributes": "json",
}


def lead_types() -> Procedure[Mapping[str, str]]:
    """Read Marketo's data types of the lead fields, by REST name."""
    schema: Description = yield leads.describe2()
    return _types(schema)


def activity_types() -> Procedure[Mapping[str, str]]:
    """Return the data types of the columns of an activity export, which Marketo does not describe."""
    yield from ()
    return _ACTIVITY_TYPES


def check_activity_types(given: Sequence[object]) -> Procedure[None]:
    """Check that the account has these activity types. Where its types may not be read, any may be given.

    :param given: their ids.
    :raises InvalidInput: naming one that it lacks.
    """
    if not given:
        return
    try:
        found = yield activities.types()
    except PermissionDenied:
        return
    known = {str(one["id"]) for one in found}
    for one in given:
        if str(one) not in known:
            raise InvalidInput("activity_type_ids", f"has {one}, which is no activity type of the account")


def member_types() -> Procedure[Mapping[str, str]]:
    """Read Marketo's data types of the fields of leads and program members, by REST name."""
    by_name = dict((yield from lead_types()))
    schema: Description = yield program_members.describe()
    return {**by_name, "programId": "integer", **_types(schema)}


def object_types(api_name: str) -> Procedure[Mapping[str, str]]:
    """Read Marketo's data types of the fields of a custom object, by API name."""
    schema: ObjectType = yield custom_objects.describe(api_name)
    # The documents write the same type as "string" and as "String".
    return {name: kind.lower() for name, kind in _types(schema).items()}


def _types(schema: Description) -> dict[str, str]:
    return {one["name"]: one.get("dataType", "") for one in schema.get("fields", ())}


PART_BYTES = 33_554_432
"""Bytes in one request: the most that is held in memory, and lost with a broken connection. Each request is
one of the day's calls, of which a file of 1 GB takes 30."""

_FILE_TRIES = 3
_FILE_RETRY_AFTER = 20.0


class Damaged(ServerUnavailable):
    """The content that was read is not the file that the job wrote."""


def fetch(
    kind: Kind,
    export_id: str,
    details: Details,
    take: Callable[[memoryview], object],
    api_name: str | None = None,
    *,
    sha256_of_taken: Callable[[], str] | None = None,
) -> Procedure[None]:
    """Read the file of a complete job in parts, and check size and checksum at the end.

    :param details: of the job's status: ``fileSize`` and ``fileChecksum``.
    :param take: receives the bytes, in order. It must not keep them.
    :param api_name: API name of the type of custom objects.
    :param sha256_of_taken: returns the SHA-256 of the bytes that *take* has received, where that is known.
    :raises NotFound: when there is no file, though the job is complete.
    :raises Damaged: when size or checksum differ from the status. Discard what was received.
    """
    reported, checksum = details.get("fileSize"), str(details.get("fileChecksum") or "")
    size = reported if isinstance(reported, int) else None
    algorithm, _, expected = checksum.rpartition(":")
    expected = expected if algorithm in ("", "sha256") else ""
    digest = sha256()
    file = partial(bulk_extracts.file, kind, export_id, api_name=api_name)
    buffer, offset = FileBuffer(PART_BYTES if size is None else min(PART_BYTES, size)), 0
    while size is None or offset < size:
        last = offset + PART_BYTES - 1 if size is None else min(offset + PART_BYTES, size) - 1
        part = yield from _part(into_buffer(file, buffer, offset, last))
        if size is None:
            size = part.total if part.total is not None else len(part.content)
        if not part.content or part.total not in (None, size):
            raise _damaged(export_id, f"it has {counted(part.total or 0, 'byte')} instead of {size:,}")
        take(part.content)
        if sha256_of_taken is None:
            digest.update(part.content)
        offset += len(part.content)
    found = digest.hexdigest() if sha256_of_taken is None else sha256_of_taken()
    if expected and found != expected.lower():
        raise _damaged(export_id, f"its SHA-256 is {found} instead of {expected}")


def _part(call: Call[BufferedPart]) -> Procedure[BufferedPart]:
    """Read a part of a file. A file may be late or missing for a moment, so NotFound is retried."""
    for _ in range(_FILE_TRIES - 1):
        try:
            part: BufferedPart = yield call
        except NotFound as missing:
            yield Pause(_FILE_RETRY_AFTER, str(missing))
        else:
            return part
    part = yield call
    return part


def _damaged(export_id: str, why: str) -> Damaged:
    return Damaged(f"the file of job {export_id} is damaged: {why}", platform="marketo")


AT_ONCE = 3
"""Jobs of one extraction in the queue: two that can run, and one that follows. The queue has ten places for
all extractions of the instance."""

_MAX_JOBS_PER_PART = 3
_QUEUE_MAX_ELAPSED = 50.0
"""Seconds for which a rejected enqueue call is retried. A full queue lasts longer; the caller waits for
it."""
_JOB_KINDS: Mapping[Kind, str] = {
    "leads": "lead_export",
    "activities": "activity_export",
    "program_members": "member_export",
    "custom_objects": "object_export",
}


@dataclass
class Part:
    """The part of an extraction that one job extracts.

    :param name: its name in logs.
    :param create: creates its job.
    :param label: its name in the names of files.
    :param export_id: its job, once there is one.
    :param made: how many jobs this try of the task has created for it.
    :param details: of the status of its complete job.
    :param written: the outcome of its file, where each part has a file.
    """

    name: str
    create: Call[Export]
    label: str = ""
    export_id: str | None = None
    made: int = 0
    details: JsonDict | None = None
    written: JsonDict | None = None

    @property
    def records(self) -> int | None:
        """The number of records, where the platform reported it."""
        found = (self.details or {}).get("numberOfRecords")
        return None if found is None else int(found)

    def to_json(self) -> JsonDict:
        return {"id": self.export_id, "made": self.made, "details": self.details, "written": self.written}

    def restore(self, kept: object) -> None:
        """Read the state of an earlier try."""
        if isinstance(kept, Mapping):
            self.export_id, self.made = kept.get("id"), int(kept.get("made") or 0)
            self.details, self.written = kept.get("details"), kept.get("written")


@dataclass(frozen=True)
class ExtractState:
    """The state of an extraction after a poll.

    :param jobs: jobs in the queue or running.
    :param full: the platform's error when the queue was full.
    """

    jobs: tuple[Job, ...] = ()
    full: RateLimited | None = None


@dataclass
class Extraction:
    """The jobs of one extraction, followed across the tries of a task.

    :param kind: what is extracted.
    :param parts: one for each job.
    :param task_state: marks of the task's earlier tries.
    :param tell: logs progress, such as that a job had to be created again.
    :param clear_count: grows when the task is cleared.
    :param api_name: API name of the type of custom objects.
    """

    kind: Kind
    parts: Sequence[Part]
    task_state: TaskState
    tell: Callable[[str], object]
    clear_count: int = 0
    api_name: str | None = None
    clock: Callable[[], float] = time.time
    since: float = field(default=0.0, init=False)
    """When a job last made progress, in epoch seconds."""
    began: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """Read the state of earlier tries; a task that was cleared after it had succeeded has none."""
        if self._completion.before_clear:
            self.forget()
        self.began, _ = self._clocks(self.task_state.get(self._key("clock")))
        for number, part in enumerate(self.parts):
            part.restore(self.task_state.get(self._key(number)))
            part.made = 0
        self.touch()

    def resume(self, carried: object) -> None:
        """Read the state before a deferral, from :meth:`to_json` or else from the task state."""
        known = carried if isinstance(carried, Mapping) else {}
        self.began, self.since = self._clocks(known.get("clock") or self.task_state.get(self._key("clock")))
        parts = known.get("parts") or {}
        for number, part in enumerate(self.parts):
            if str(number) in parts:
                part.restore(parts[str(number)])
                self.keep(part)
            else:
                part.restore(self.task_state.get(self._key(number)))

    def to_json(self) -> JsonDict:
        """Return the state as small JSON."""
        parts = {str(number): part.to_json() for number, part in enumerate(self.parts) if part.export_id}
        return {"clock": {"began": self.began, "since": self.since}, "parts": parts}

    @property
    def complete(self) -> bool:
        return all(part.details is not None for part in self.parts)

    def job(self, part: Part) -> Job:
        export_id = part.export_id or ""
        job_id = export_id if self.api_name is None else object_job_id(self.api_name, export_id)
        return Job("marketo", _JOB_KINDS[self.kind], job_id)

    def unfinished(self) -> list[Job]:
        """Return the jobs that are to be canceled when the extraction ends now."""
        return [self.job(part) for part in self.parts if part.export_id and part.details is None]

    def advance(self) -> Procedure[ExtractState]:
        """Poll the jobs, create failed ones again, and enqueue as many as there is room for.

        :raises JobFailed: when the job of a part failed too often.
        :raises InvalidRequest: when the platform rejects the extraction.
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

    def discard(self, part: Part, why: str) -> None:
        """Discard a part's job, so that another one is created.

        :raises JobFailed: when that was done too often.
        """
        again = part.made < _MAX_JOBS_PER_PART
        message = f"the extract of {part.name} (job {part.export_id}) failed: {why}"
        part.export_id = part.details = part.written = None
        self.keep(part)
        if not again:
            raise JobFailed(f"{message}; given up after {counted(part.made, 'job')}", platform="marketo")
        self.tell(f"{message}; another job is created")

    def abandon(self) -> Procedure[None]:
        """Cancel the jobs that are not complete, and discard them. Never raises a PlatformError."""
        for part in self.parts:
            if part.export_id and part.details is None:
                try:
                    yield bulk_extracts.cancel(self.kind, part.export_id, api_name=self.api_name)
                except PlatformError as error:
                    self.tell(f"{self.job(part)} was not canceled: {error}")
                else:
                    self.tell(f"{self.job(part)} was canceled")
                part.export_id = None
                self.keep(part)

    def mark_complete(self) -> None:
        """Record that all is written. A retry finds it done; a cleared task starts from the beginning."""
        self._completion.mark()

    def forget(self) -> None:
        """Delete the state, to start from the beginning."""
        self._completion.forget()
        for number in range(len(self.parts)):
            self.task_state.set(self._key(number), None)
        self.task_state.set(self._key("clock"), None)

    def touch(self, moment: float | None = None) -> None:
        """Note progress, now or at *moment* (epoch seconds)."""
        self.since = self.clock() if moment is None else moment
        self.task_state.set(self._key("clock"), {"began": self.began, "since": self.since})

    def keep(self, part: Part) -> None:
        """Keep the state of a part."""
        self.task_state.set(self._key(self.parts.index(part)), part.to_json())

    def _is_waiting(self, part: Part) -> Procedure[bool]:
        job = self.job(part)
        try:
            state: JobState = yield from poll_job(spec_of(SPECS, job), job)
        except NotFound as missing:
            self.discard(part, str(missing))
            return False
        if state.status is BatchStatus.COMPLETE:
            part.details = {
                name: state.details[name]
                for name in ("numberOfRecords", "fileSize", "fileChecksum")
                if name in state.details
            }
            self.keep(part)
            self.touch()
            found = "some records" if part.records is None else counted(part.records, "record")
            self.tell(f"{part.name}: {found}")
        elif state.status.final:
            why = state.details.get("errorMsg") or "no reason given"
            self.discard(part, f"it was {state.raw_status}: {why}")
        elif not state.known:
            self.tell(f"{job}: unknown status {state.raw_status!r}; still waiting")
        return not state.status.final and state.raw_status.lower() != "created"

    def _start(self, part: Part) -> Procedure[None]:
        if part.export_id is None:
            part.export_id = yield from self._create(part)
            part.made += 1
            self.keep(part)
        enqueue = bulk_extracts.enqueue(self.kind, part.export_id, api_name=self.api_name)
        yield replace(enqueue, max_elapsed=_QUEUE_MAX_ELAPSED)
        self.touch()
        self.tell(f"{part.name}: job {part.export_id} is in the queue")

    def _create(self, part: Part) -> Procedure[str]:
        """Create a job.

        The platform does not report what a job extracts, so one whose answer was lost cannot be distinguished
        from another task's, whose records could be the wrong ones. So another job is created: one that is
        never enqueued takes no place in the queue and no bytes of the quota.
        """
        for _ in range(_MAX_JOBS_PER_PART - 1):
            try:
                job: Export = yield part.create
            except OutcomeUnknown as lost:
                self.tell(
                    f"{lost}. A job that this may have created is never started; another one is created"
                )
            else:
                return str(job["exportId"])
        job = yield part.create
        return str(job["exportId"])

    def _clocks(self, kept: object) -> tuple[float, float]:
        known = kept if isinstance(kept, Mapping) else {}
        now = self.clock()
        # A time in the future is from before the clock was set back, or that of the next quota reset.
        began, since = known.get("began") or now, known.get("since") or now
        return min(began, now), min(since, now + 86_400.0)

    @functools.cached_property
    def _completion(self) -> Completion:
        return Completion(self.task_state, self.clear_count, self._key("extraction"))

    def _key(self, what: int | str) -> str:
        return f"export {self._digest} {what}"

    @functools.cached_property
    def _digest(self) -> str:
        """A digest of what is extracted, since a cleared task may extract something else."""
        bodies = [part.create.body.value for part in self.parts if isinstance(part.create.body, JsonBody)]
        return hashlib.sha256(
            json.dumps(
                [self.kind, bodies, *([self.api_name] if self.api_name else [])], sort_keys=True
            ).encode()
        ).hexdigest()[:16]
