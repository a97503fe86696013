"""The base of the export operators: from the jobs of a range of time to the output file."""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, conf

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError, QuotaExhausted
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import Cancellable, MarketingOperator
from airflow_provider_mkt.operators._export_files import WINDOW, ExportFiles, total
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._parameters import as_time
from airflow_provider_mkt.operators._tables import Columns
from airflow_provider_mkt.operators._waiting import JobsOverdue, cancel, job_states_of_event

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.marketo.exports import Extraction, ExtractState, Window
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export, Kind
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators.outcomes import ExportedFile, ExportOutcome

_QUEUE_WAIT = (60.0, 240.0)
"""Seconds to wait when the export queue is full, at least and at most."""
_POLL_INTERVAL = 60.0
"""Marketo updates the status of a job once a minute."""
_LOG_INTERVAL = 300.0


class ExportOperator(Cancellable, MarketingOperator):
    """Base of the operators that export from Marketo to files.

    A range of any length is cut into windows of at most 31 days, each with one job. Jobs are recorded before
    they are enqueued, so that a retry, on any worker, continues those of the earlier try. When a user ends
    the task, or it fails for good, jobs that are not complete are cancelled. Downloads are checked against
    the platform's size and SHA-256, and the output appears when it is complete. A task that is cleared after
    it succeeded exports again; one that is cleared after it failed keeps what was complete.

    :param conn_id: a connection of type ``marketo``.
    :param output_path: the file to write, or a path with ``{window}`` in it.
    :param fields: REST names of the columns.
    :param start: the first second of the range.
    :param end: the first second after the range.
    :param file_format: ``csv``, ``tsv`` or ``ssv``.
    :param column_headers: headers of columns by field.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls.
    :param wait_timeout: seconds to wait without progress of any job.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param cancel_on_kill: cancel the jobs that are not complete when the task is killed.
    """

    export_fields: Sequence[str] = (
        "conn_id",
        "output_path",
        "fields",
        "start",
        "end",
        "file_format",
        "column_headers",
    )
    template_fields: Sequence[str] = export_fields
    template_fields_renderers = {"fields": "json", "column_headers": "json"}  # noqa: RUF012 - Airflow's own

    kind: Kind
    """What is exported; a subclass sets it."""

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        file_format: str = "csv",
        column_headers: Mapping[str, str] | str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.output_path = output_path
        self.fields = fields
        self.start = start
        self.end = end
        self.file_format = file_format
        self.column_headers = column_headers
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill
        self._extraction: Extraction | None = None
        self._event: object = None
        self._resumed = False
        self._resumed_since: float | None = None

    @abstractmethod
    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        """Build the call that creates the job of a window.

        :param span: the first and last second of the window; None where the export has no range of time.
        :raises InvalidInput: naming the parameter that is wrong.
        """

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        """Return the names of the columns that the platform writes."""
        return columns.fields

    def run_action(self, context: Context) -> ExportOutcome:
        self.hook_on("marketo")
        path = as_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        columns = Columns.from_parameters(self.fields, self.column_headers, self.file_format)
        windows = self._windows()
        if WINDOW in path and windows == [None]:
            raise InvalidInput("output_path", f"has {WINDOW}, but there is no range of time")
        extraction = self._extraction = self._plan(context, windows, columns)
        self.reset_cancellation()
        hook = self.hook.bind(RunContext(sleep=self.sleep, raise_if_cancelled=self.raise_if_cancelled))
        try:
            with self.cancellable(), hook:
                self._start(hook, extraction)
                header = columns.header_line(self.columns_of_file(columns))
                files = ExportFiles(
                    hook, extraction, path, header, raise_if_cancelled=self.raise_if_cancelled, log=self.log
                )
                written = self._export(hook, extraction, files)
        except QuotaExhausted as error:
            extraction.touch(error.resets_at.timestamp())
            raise
        except Exception as error:
            if _is_last_try(context, error) and not self.cancelled:
                self._abandon(extraction)
            raise
        outcome = _outcome(extraction, path, written)
        extraction.forget()
        return outcome

    def resume(self, context: Context, event: object = None) -> Any:
        """Continue after a deferral. The jobs are polled, whatever the event says."""
        self._event, self._resumed = event, True
        return self.execute(context)

    def on_cancel(self) -> None:
        """Cancel the jobs that are not complete."""
        if self.cancel_on_kill and self._extraction is not None and (jobs := self._extraction.unfinished()):
            with self.hook.bind(RunContext.no_retry()) as hook:
                cancel(hook, jobs, self.log)

    # -- what is exported ------------------------------------------------------------------------

    def _windows(self) -> list[Window] | list[None]:
        from airflow_provider_mkt.actions.marketo.exports import windows

        start, end = as_time("start", self.start), as_time("end", self.end)
        if start is None and end is None:
            return [None]
        if start is None or end is None:
            raise InvalidInput("start" if start is None else "end", "is missing: a range needs both")
        if end > datetime.now(UTC):
            self.log.warning("The range ends in the future: records after the jobs run are not in the file")
        return windows(start, end)

    def _plan(self, context: Context, windows: Sequence[Window | None], columns: Columns) -> Extraction:
        from airflow_provider_mkt.actions.marketo.exports import Extraction, Part

        parts = [
            Part(
                self.kind.replace("_", " ") if window is None else str(window),
                self.create(None if window is None else window.between, columns),
                "" if window is None else window.name,
            )
            for window in windows
        ]
        return Extraction(self.kind, parts, task_state_of(context), self.log.info)

    def _start(self, hook: MarketingHook, extraction: Extraction) -> None:
        if self._resumed:
            extraction.resume(self._event.get("carry") if isinstance(self._event, Mapping) else None)
            self._resumed_since = extraction.since
            return
        extraction.begin()
        self._warn_of_quota(hook)

    def _warn_of_quota(self, hook: MarketingHook) -> None:
        from airflow_provider_mkt.actions.marketo.exports import DAY_BYTES, bytes_today

        try:
            used = hook.follow(bytes_today(datetime.now(UTC)))
        except PlatformError as error:
            self.log.info("The used part of the daily export quota is unknown: %s", error)
            return
        if used >= 0.8 * DAY_BYTES:
            self.log.warning(
                "%.0f of the %.0f MB of the daily export quota are used; when it runs out, the task is "
                "deferred until the reset",
                used / 1e6,
                DAY_BYTES / 1e6,
            )

    # -- from jobs to files ----------------------------------------------------------------------

    def _export(self, hook: MarketingHook, extraction: Extraction, files: ExportFiles) -> list[ExportedFile]:
        """Follow the jobs to their end, and write the files."""
        from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitTimedOut, wait_for

        extract_state: ExtractState | None = None
        logged_at = time.monotonic()

        def interval(state: ExtractState | None) -> float:
            nonlocal logged_at
            if time.monotonic() - logged_at > _LOG_INTERVAL:
                logged_at = time.monotonic()
                done = sum(part.details is not None for part in extraction.parts)
                self.log.info("%d of %d windows are complete", done, len(extraction.parts))
            return self._interval(extraction, state)

        def deadline(state: ExtractState | None) -> float:
            nonlocal extract_state
            extract_state = state
            return extraction.since + self.wait_timeout

        try:
            return hook.follow(
                wait_for(
                    extraction.advance,
                    lambda state: files.write(),
                    interval=interval,
                    deadline=deadline,
                    failure_budget=PollFailureBudget(self.max_poll_failure_time, fatal=(QuotaExhausted,)),
                    log=self.log,
                )
            )
        except WaitTimedOut as error:
            full = extract_state.full if extract_state is not None and not extract_state.jobs else None
            why = full or ", ".join(str(job) for job in extraction.unfinished())
            msg = f"no progress for {self.wait_timeout:.0f} s: {why}"
            raise JobsOverdue(msg) from error

    def _interval(self, extraction: Extraction, state: ExtractState | None) -> float:
        """Return the seconds to the next poll; defer the task where it waits in the triggerer."""
        if state is not None and state.jobs and self.deferrable:
            self._wait_in_triggerer(extraction, state)
        if state is not None and not state.jobs and state.full is None:
            # A file was damaged, and its job is made again at once.
            return 0.0
        if state is not None and not state.jobs and state.full is not None:
            # At random, so that waiting tasks do not all retry at the same moment.
            seconds = random.uniform(*_QUEUE_WAIT)  # noqa: S311
            if self.deferrable:
                self.defer_until(datetime.fromtimestamp(time.time() + seconds, UTC), state.full)
            self.log.info("%s; trying again in %.0f s", state.full, seconds)
            return seconds
        return self.poll_interval if self.poll_interval is not None else _POLL_INTERVAL

    def _wait_in_triggerer(self, extraction: Extraction, state: ExtractState) -> None:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        if extraction.since == self._resumed_since and isinstance(self._event, Mapping):
            # Without progress since then, another trigger would end with the same error.
            job_states_of_event(self._event)
        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in state.jobs],
                deadline=extraction.since + self.wait_timeout,
                poll_interval=self.poll_interval,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
                carry=extraction.to_json(),
            ),
            method_name="resume",
        )

    def _abandon(self, extraction: Extraction) -> None:
        """Cancel the jobs that are not complete."""
        with self.hook.bind(RunContext.no_retry()) as hook:
            hook.follow(extraction.abandon())


def _outcome(extraction: Extraction, path: str, files: Sequence[ExportedFile]) -> ExportOutcome:
    outcome: ExportOutcome = {
        "outcome": "export",
        "platform": "marketo",
        "kind": extraction.kind,
        "output_path": path,
        "rows": total([file["rows"] for file in files]),
        "bytes": sum(file["bytes"] for file in files),
        "sha256": None if WINDOW in path else files[0]["sha256"],
        "windows": len(extraction.parts),
        "export_ids": [part.export_id for part in extraction.parts],
        "seconds": round(time.time() - extraction.began),
    }
    if WINDOW in path:
        outcome["files"] = list(files)
    return outcome


def _is_last_try(context: Context, error: Exception) -> bool:
    if isinstance(error, AirflowFailException) or (isinstance(error, PlatformError) and error.permanent):
        return True
    return context["ti"].try_number > context["ti"].max_tries
