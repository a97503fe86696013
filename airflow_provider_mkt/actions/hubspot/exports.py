"""Exports of records by HubSpot's export jobs: what they export, one job for a task, and its file."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.hubspot.object_reads import change_property, changed_in
from airflow_provider_mkt.actions.hubspot.objects import read_number
from airflow_provider_mkt.actions.idempotency import send_marked
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobState, spec_of
from airflow_provider_mkt.actions.polling import poll_job
from airflow_provider_mkt.actions.procedure import Download, Pause, Procedure, TaskState
from airflow_provider_mkt.actions.reading import Span
from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody
from airflow_provider_mkt.client.errors import JobFailed, NotFound, NotRepeated, ServerUnavailable
from airflow_provider_mkt.client.hubspot.exports import exports
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.hubspot.objects._types import singular
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.state.task_state import Completion

if TYPE_CHECKING:
    from pydantic import SecretStr

KIND = "object_export"
JOB_FROM = 200_000
"""From so many records on, an export job is chosen: a list of them takes 2,000 calls and some minutes."""
MAX_REQUESTS = 3
"""Requests of one task whose answers may get lost. Each may have started one of the account's 30 exports."""
_DOWNLOADS = 4
"""Downloads of a file, each from a new address, after which it counts as unreadable."""
_DOWNLOAD_AGAIN_AFTER = 10.0
_ADDRESS_TRIES = 12
"""Reads of the task that writes the file, which may be behind the state of the export."""
_ADDRESS_INTERVAL = 5.0


@dataclass(frozen=True)
class RecordExport:
    """What an export job exports.

    :param start: starts the job.
    :param properties: the property behind each column of the file that is made of the job's.
    """

    start: Call[exports.StartedExport]
    properties: Mapping[str, str]

    def row(self, exported: Mapping[str, str]) -> dict[str, object]:
        """Return a row of the job's file with the columns that a list of the records has."""
        return {column: exported[name] for column, name in self.properties.items()}


def record_export(
    name: str, object_type: str, properties: Sequence[str], span: Span | None
) -> Procedure[RecordExport]:
    """Return what exports the records of an object type.

    :param name: of the job, as it shows in HubSpot.
    :param span: the range of the last change; None for all records.
    :raises InvalidInput: when the number of a custom object is unknown.
    """
    number = yield from read_number(object_type, "export")
    custom = singular(number) is None
    columns = {
        "id": "hs_object_id",
        "createdAt": "hs_createdate" if custom else "createdate",
        "updatedAt": change_property(object_type),
        **{one: one for one in properties},
    }
    groups = () if span is None else changed_in(object_type, span)
    wanted = [*dict.fromkeys(columns.values())]
    return RecordExport(exports.start(name, number, wanted, filter_groups=groups), columns)


def count_records(object_type: str, span: Span | None) -> Procedure[int]:
    """Count the records of an object type. One search.

    :param span: the range of the last change; None for all records.
    """
    groups = () if span is None else changed_in(object_type, span)
    found: int = yield replace(objects.search(object_type, groups, limit=1), read=_total)  # type: ignore[arg-type]
    return found


def _total(envelope: Envelope) -> int:
    return int(envelope["total"])


class DamagedFile(ServerUnavailable):
    """The content that was read is not the file that the export wrote."""


class ExportJob:
    """The export job of one task, followed across its tries.

    No call lists exports. So a job whose answer was lost cannot be found again; it changes nothing and costs
    one of the 30 exports that an account has in 24 hours. The next try of the task starts another one, and
    after :data:`MAX_REQUESTS` requests without an answer a person decides. A job that is known is never
    started again, unless it failed or the task was cleared after it succeeded.

    :param start: starts the job, from :func:`.exports.start`.
    :param task_state: marks of the task's earlier tries.
    :param tell: logs progress.
    :param clear_count: grows when the task is cleared.
    """

    def __init__(
        self,
        start: Call[exports.StartedExport],
        task_state: TaskState,
        tell: Callable[[str], object],
        clear_count: int = 0,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._start = start
        self._task_state = task_state
        self._tell = tell
        self._clear_count = clear_count
        self._clock = clock
        if self._completion.before_clear:
            self.forget()

    @property
    def job(self) -> Job | None:
        """The job, where it was started by a request whose answer is known."""
        export_id = self._mark.get("answer")
        return Job("hubspot", KIND, export_id) if isinstance(export_id, str) else None

    @property
    def since(self) -> float:
        """Since when the job is waited for, in epoch seconds; now where it was not started."""
        since = self._mark.get("since")
        # A time in the future is from before the clock was set back.
        return min(since, self._clock()) if isinstance(since, (int, float)) else self._clock()

    def restart_wait(self) -> None:
        """Count the wait from now on: another try of the task begins."""
        if self.job is not None:
            self._task_state.set(self._key, {**self._mark, "since": self._clock()})

    def ensure_started(self) -> Procedure[Job]:
        """Start the job, or return the one that an earlier try has started.

        :raises OutcomeUnknown: when the answer was lost. The next try starts another job.
        :raises NotRepeated: when the answers of several requests were lost.
        """
        if (known := self.job) is not None:
            return known
        requests = self._lost_requests
        if requests >= MAX_REQUESTS:
            raise NotRepeated(
                f"{counted(requests, 'request')} for this export had no answer, and each may have started "
                "one of the 30 exports of 24 hours; clear the task to start another one",
                platform="hubspot",
                call=self._start.name,
            )
        if requests:
            self._tell(
                f"{counted(requests, 'earlier request')} for this export had no answer. Exports cannot be "
                "listed, so another one is started"
            )
        details: dict[str, Json] = {"requests": requests + 1, "clear_count": self._clear_count}
        started: exports.StartedExport = yield from send_marked(
            self._key, self._task_state, self._start, details=details, clock=self._clock
        )
        self._task_state.set(self._key, {"answer": started.id, "since": self._clock()})
        job = Job("hubspot", KIND, started.id)
        self._tell(f"{job} was started")
        return job

    def poll(self) -> Procedure[JobState]:
        """Read the job's state; start the job where that is needed.

        :raises JobFailed: when the job was canceled or failed. It is then forgotten.
        """
        job = yield from self.ensure_started()
        try:
            state = yield from poll_job(spec_of(SPECS, job), job)
        except NotFound as missing:
            self._tell(f"{job} does not exist any more ({missing}); another one is started")
            self.forget()
            job = yield from self.ensure_started()
            state = yield from poll_job(spec_of(SPECS, job), job)
        if state.status.final and state.status is not BatchStatus.COMPLETE:
            self.forget()
            raise JobFailed(str(state), platform="hubspot", call="exports.get")
        return state

    def fetch(self, new_file: Callable[[], Callable[[bytes], object]]) -> Procedure[None]:
        """Read the file of the job, which is done.

        Its address is read immediately before each download, because it is alive for five minutes.

        :param new_file: begins the file, each time that it is downloaded; returns what takes its bytes.
        :raises JobFailed: when the file is not complete. The job is then forgotten.
        :raises ServerUnavailable: when the file cannot be read.
        """
        export_id = str(self._mark.get("answer"))
        for attempt in range(1, _DOWNLOADS + 1):
            try:
                address = yield from _address(export_id)
            except JobFailed:
                self.forget()
                raise
            try:
                yield Download(address, new_file())
            except ServerUnavailable as error:
                if attempt == _DOWNLOADS:
                    raise
                self._tell(f"{error}. It is downloaded again, from a new address")
                yield Pause(_DOWNLOAD_AGAIN_AFTER)
            else:
                return

    def mark_complete(self) -> None:
        """Record that the file is written. A cleared task starts another job."""
        self._completion.mark()

    def forget(self) -> None:
        """Forget the job, so that another one is started."""
        self._completion.forget()
        self._task_state.set(self._key, None)

    @property
    def _mark(self) -> Mapping[str, Json]:
        mark = self._task_state.get(self._key)
        return mark if isinstance(mark, Mapping) else {}

    @property
    def _lost_requests(self) -> int:
        requests = self._mark.get("requests")
        cleared = self._mark.get("clear_count") != self._clear_count
        return requests if isinstance(requests, int) and not cleared else 0

    @cached_property
    def _completion(self) -> Completion:
        return Completion(self._task_state, self._clear_count, self._key)

    @cached_property
    def _key(self) -> str:
        """Names the job by what it exports, since a cleared task may export something else."""
        body = self._start.body.value if isinstance(self._start.body, JsonBody) else None
        what = {**body, "exportName": None} if isinstance(body, dict) else body
        digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
        return f"export job {digest}"


def _address(export_id: str) -> Procedure[SecretStr]:
    """Read a new address of a file."""
    for _ in range(_ADDRESS_TRIES):
        task: exports.ExportTask = yield exports.status(export_id)
        canceled = task.status.upper() == "CANCELED"
        if task.numErrors or task.errors or canceled:
            first = next((str(one.get("message") or "") for one in task.errors), "")
            why = (
                task.status
                if canceled
                else f"{counted(task.numErrors or len(task.errors), 'error')}: {first}"
            )
            raise JobFailed(
                f"the file of export {export_id} is not complete: {why}",
                platform="hubspot",
                call="exports.status",
            )
        if task.result is not None:
            return task.result
        yield Pause(_ADDRESS_INTERVAL, f"the file of export {export_id} has no address yet")
    raise ServerUnavailable(
        f"export {export_id} is done, but its file has no address", platform="hubspot", call="exports.status"
    )
