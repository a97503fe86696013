"""What the operators that export have in common: jobs, waiting, and one file out of many."""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, conf

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError, QuotaExhausted
from airflow_provider_mkt.operators._base import as_time
from airflow_provider_mkt.operators._cancellation import CancellableOperator
from airflow_provider_mkt.operators._export_files import WINDOW, ExportFiles, total
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._tables import Columns
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.operators._waiting import JobsOverdue, cancel, job_states_of_event

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.marketo.exports import Extraction, ExtractState, Window
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export, Kind
    from airflow_provider_mkt.hooks.base import MarketingHook

_QUEUE_FREES_AFTER = (60.0, 240.0)
_POLL_INTERVAL = 60.0
_LOG_INTERVAL = 300.0


class ExportKilled(AirflowException):
    """The task was told to end."""


class ExportOperator(CancellableOperator):
    """Base of the operators that have Marketo write bulk extracts, and bring the files home.

    A range of any length is cut into windows of at most 31 days, each the work of one job. Jobs are
    remembered before they are enqueued, so that a retry, on whichever worker, takes up those of the
    killed or failed try; when a user ends the task, or it fails for good, those still waiting are
    canceled. What was downloaded is checked against the platform's size and SHA-256, and the output appears
    when it is whole. A task that is cleared after it succeeded exports anew; one that is cleared after it
    failed takes up what was complete.

    :param conn_id: a connection of type ``marketo``; HubSpot has no such exports.
    :param output_path: the file to write, on any object storage: one table with one header line, in the
        order of time. With ``{window}`` in it, one file for each window, named by its start, such as
        ``20250101T000000Z``; more than 3 GB need that, since the platform writes 500 MB a day and keeps them
        for 7 days. Where nothing is found, the file has a header only.
    :param fields: REST names of the columns.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Ranges that follow each other share no record and miss
        none. So do the data intervals of DAG runs where they are ones: with a ``CronDataIntervalTimetable``,
        not with the plain cron schedule of Airflow 3, whose intervals are empty.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are the word
        ``null``, as the platform writes them.
    :param column_headers: headers of columns by field; REST names otherwise.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: how often to ask while waiting, in seconds; every minute when not given, since
        the platform tells no more.
    :param wait_timeout: how long to wait without any job getting on, in seconds.
    :param max_poll_failure_time: how long asking may go on failing while waiting, in seconds.
    :param cancel_on_kill: cancel the waiting jobs when the task is killed, by a user or with its worker;
        its next try makes them again.
    :returns: ``kind``, ``output_path``, ``rows``, ``bytes``, ``sha256``, ``windows`` (how many),
        ``export_ids`` and ``seconds`` since the first try began. With a file for each window, ``files``
        tells path, rows, bytes and SHA-256 of each, and there is no ``sha256``.
    :raises AirflowFailException: when the platform refuses what is to be exported, or the jobs of a window
        fail again and again.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "output_path",
        "fields",
        "start",
        "end",
        "file_format",
        "column_headers",
    )
    template_fields_renderers = {"fields": "json", "column_headers": "json"}  # noqa: RUF012 - Airflow's own

    cancellation_error = ExportKilled

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
        self._event: Any = None
        self._resumed = False
        self._resumed_since: float | None = None

    @abstractmethod
    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        """The call that makes the job of one window, or of all where there is no range of time.

        :raises InvalidInput: naming the parameter that cannot be.
        """

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        """The names of the columns that the platform writes."""
        return columns.fields

    def work(self, context: Context) -> dict[str, Any]:
        hook = self.hook
        if hook.conn_type != "marketo":
            raise InvalidInput(
                "conn_id",
                f"connection {self.conn_id!r} is of type {hook.conn_type!r}; only Marketo has exports",
            )
        path = as_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        columns = Columns.of(self.fields, self.column_headers, self.file_format)
        windows = self._windows()
        if WINDOW in path and windows == [None]:
            raise InvalidInput("output_path", f"has {WINDOW}, but there is no range of time")
        extraction = self._extraction = self._planned(context, windows, columns)
        self.reset_cancellation()
        hook.sleep, hook.raise_if_cancelled = self.sleep, self.raise_if_cancelled
        try:
            with self.cancellable(), hook:
                self._begin(hook, extraction)
                header = columns.header_line(self.columns_of_file(columns))
                files = ExportFiles(
                    hook, extraction, path, header, raise_if_cancelled=self.raise_if_cancelled, log=self.log
                )
                written = self._exported(hook, extraction, files)
        except QuotaExhausted as error:
            extraction.touch(error.resets_at.timestamp())
            raise
        except Exception as error:
            if _for_good(context, error) and not self.cancelled:
                self._give_up(hook, extraction)
            raise
        return self._outcome(extraction, path, written)

    def resume(self, context: Context, event: Any = None) -> Any:
        """Go on after a wait, whatever ended it: the jobs themselves are asked."""
        self._event, self._resumed = event, True
        return self.execute(context)

    def on_cancel(self) -> None:
        """Cancel the waiting jobs."""
        if self.cancel_on_kill and self._extraction is not None and (jobs := self._extraction.unfinished()):
            with self.hook.for_cancellation() as hook:
                cancel(hook, jobs, self.log)

    # -- what is to be exported ------------------------------------------------------------------

    def _windows(self) -> list[Window] | list[None]:
        from airflow_provider_mkt.actions.marketo.exports import windows

        start, end = as_time("start", self.start), as_time("end", self.end)
        if start is None and end is None:
            return [None]
        if start is None or end is None:
            raise InvalidInput("start" if start is None else "end", "is missing: a range has both")
        if end > datetime.now(UTC):
            self.log.warning("The range ends in the future: what comes after its jobs run is not in the file")
        return windows(start, end)

    def _planned(self, context: Context, windows: Sequence[Window | None], columns: Columns) -> Extraction:
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

    def _begin(self, hook: MarketingHook, extraction: Extraction) -> None:
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
            self.log.info("How much of the day's exports is used cannot be told: %s", error)
            return
        if used >= 0.8 * DAY_BYTES:
            self.log.warning(
                "%.0f of the %.0f MB that a day's exports may have are used; the task comes back after the "
                "reset if they run out",
                used / 1e6,
                DAY_BYTES / 1e6,
            )

    # -- from jobs to files ----------------------------------------------------------------------

    def _exported(
        self, hook: MarketingHook, extraction: Extraction, files: ExportFiles
    ) -> list[dict[str, Any]]:
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
            # Spread out, so that tasks that wait for a place do not come in one moment.
            seconds = random.uniform(*_QUEUE_FREES_AFTER)  # noqa: S311
            if self.deferrable:
                self._come_back(datetime.fromtimestamp(time.time() + seconds, UTC), state.full)
            self.log.info("%s; next request in %.0f s", state.full, seconds)
            return seconds
        return self.poll_interval if self.poll_interval is not None else _POLL_INTERVAL

    def _wait_in_triggerer(self, extraction: Extraction, standing: ExtractState) -> None:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        if extraction.since == self._resumed_since and isinstance(self._event, Mapping):
            # Nothing changed, so what the trigger could not do it would not do the next time either.
            job_states_of_event(self._event)
        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in standing.jobs],
                deadline=extraction.since + self.wait_timeout,
                poll_interval=self.poll_interval,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
                carry=extraction.to_json(),
            ),
            method_name="resume",
        )

    def _outcome(
        self, extraction: Extraction, path: str, files: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        outcome = {
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
        extraction.forget()
        return outcome | ({"files": list(files)} if WINDOW in path else {})

    # -- ends other than success -----------------------------------------------------------------

    def _give_up(self, hook: MarketingHook, extraction: Extraction) -> None:
        """Leave nothing behind on the platform that nobody will read."""
        from airflow_provider_mkt.client.transport.retry_policy import RetryPolicy

        hook.policy = RetryPolicy.no_retry()
        with hook:
            hook.follow(extraction.abandon())


def _for_good(context: Context, error: Exception) -> bool:
    """Whether no other try follows."""
    if isinstance(error, AirflowFailException) or (isinstance(error, PlatformError) and error.permanent):
        return True
    return context["ti"].try_number > context["ti"].max_tries
