"""The base of the export operators: from the jobs of a range of time to the output file."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
)
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import clear_count, task_state_of
from airflow_provider_mkt.operators._base import Cancellable, MarketingOperator, is_last_try
from airflow_provider_mkt.operators._cancellation import cancel
from airflow_provider_mkt.operators._deferral import defer_within_timeout
from airflow_provider_mkt.operators._existing_files import IF_EXISTS, OutputFiles
from airflow_provider_mkt.operators._export_files import WINDOW, ExportFiles, total
from airflow_provider_mkt.operators._files import as_path, as_rows_path
from airflow_provider_mkt.operators._late_rows import LateRows
from airflow_provider_mkt.operators._output_formats import output_format
from airflow_provider_mkt.operators._parameters import (
    as_time,
    is_missing,
    optional_id,
    optional_names,
    optional_str,
)
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._since_last import (
    SINCE,
    ExportedSince,
    ExportWatermark,
    check_range,
    range_outcome,
)
from airflow_provider_mkt.operators._tables import Columns
from airflow_provider_mkt.operators._waiting import JobsOverdue, job_states_of_event
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.marketo.exports import Extraction, ExtractState, Window
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export, Kind
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._late_rows import Exported, RowColumns
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._since_last import ExportRange
    from airflow_provider_mkt.operators.outcomes import ExportedFile, ExportOutcome
    from airflow_provider_mkt.state.task_state import TaskState

_QUEUE_WAIT = (60.0, 240.0)
"""Seconds to wait when the export queue is full, at least and at most."""
_POLL_INTERVAL = 60.0
"""Marketo updates the status of a job once a minute."""
_LOG_INTERVAL = 300.0
_ANY_DAY = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC))
_NOT_OF_THE_CALL = frozenset(
    {"conn_id", "output_path", "start", "end", "since", "variable", "if_exists", "lag", "overlap", "ids_path"}
)
"""Parameters that the call that creates a job does not take, or not as they are."""
_NAMING = (
    *("api_name", "program_id", "program_ids"),
    *("static_list_id", "static_list_name", "smart_list_id", "smart_list_name"),
)
"""Parameters that name something on the platform."""
_LATE = timedelta(hours=2)
"""How long after its date a row may be written by the platform. No limit is documented."""


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
    :param since: ``last`` to begin where the run before this one ended.
    :param variable: name of the Airflow Variable that keeps where that was.
    :param if_exists: ``replace`` a file that exists, or ``fail``.
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
        "since",
        "variable",
        "if_exists",
        "file_format",
        "column_headers",
    )
    template_fields: Sequence[str] = export_fields
    template_fields_renderers = {"fields": "json", "column_headers": "json"}  # noqa: RUF012 - Airflow's own

    kind: Kind
    """What is exported; a subclass sets it."""

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "fields": optional_names,
        "if_exists": one_of(*IF_EXISTS),
        "ids_path": as_path,
        "output_path": as_rows_path,
        "since": one_of(*SINCE),
        "smart_list_id": optional_id,
        "static_list_id": optional_id,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        if_exists: str = "replace",
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
        self.since = since
        self.variable = variable
        self.if_exists = if_exists
        self.file_format = file_format
        self.column_headers = column_headers
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill
        self._extraction: Extraction | None = None
        self._range: ExportRange | None = None
        self._event: object = None
        self._resumed = False
        self._resumed_since: float | None = None

    @abstractmethod
    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        """Build the call that creates the job of a window.

        :param span: the first and last second of the window; None where the export has no range of time.
        :raises InvalidInput: naming the parameter that is wrong.
        """

    def object_type(self) -> str | None:
        """Return the API name of the custom objects that are exported; None where it is another kind."""
        return None

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        """Return the names of the columns that the platform writes."""
        return columns.fields

    @abstractmethod
    def column_types(self) -> Procedure[Mapping[str, str]]:
        """Read the platform's data types of the fields, by REST name."""

    def row_columns(self) -> RowColumns:
        """Return the columns that tell rows apart where ranges overlap.

        :raises InvalidInput: where the file has none.
        """
        raise InvalidInput("since", "is not for this export: its rows have no time")

    def overlap_of_rows(self) -> timedelta:
        """Return how late rows may come, for ``since="last"``."""
        return _LATE

    def rows_of_watermark(self) -> str:
        """Return what a watermark is of: one of other rows is refused."""
        return self.kind.replace("_", " ")

    def exported(self, path: str) -> Exported | None:
        """Return what earlier exports of ranges have written; None where nothing keeps that."""
        return None

    def check_filters(self) -> Procedure[None]:
        """Check what Marketo does not check itself, before a job is created.

        :raises InvalidInput: naming the parameter that is wrong.
        """
        yield from ()

    def wait_for_rows(self) -> None:
        """Wait until the rows of the range can be exported."""

    def check_end(self, end: datetime) -> None:
        """Warn where rows of the range may be missing in the file.

        :param end: the first second after the range (timezone-aware).
        """
        if end > datetime.now(UTC):
            self.log.warning("The range ends in the future: records after the jobs run are not in the file")

    def check_arguments(self, arguments: Arguments) -> None:
        file_format = str(arguments["file_format"] or "csv").lower()
        if arguments.given("output_path") and arguments.known("file_format") and file_format != "csv":
            output_format(str(arguments["output_path"]), file_format)
        check_range(arguments)
        self._check_call(arguments)

    def _check_call(self, arguments: Arguments) -> None:
        """Check what the call that creates a job takes, where all that it takes is known."""
        for name in self.template_fields:
            if name not in _NOT_OF_THE_CALL and not arguments.known(name):
                return
        ranged = not (arguments.missing("start") and arguments.missing("since"))
        columns = Columns.from_parameters(self.fields, self.column_headers, self.file_format)
        # The range itself is checked, and each of its windows is one that the call takes.
        self.create(_ANY_DAY if ranged else None, columns)
        if not arguments.missing("since"):
            self.row_columns().check(self.columns_of_file(columns))

    def run_action(self, context: Context) -> ExportOutcome:
        self.hook_on("marketo")
        path = as_rows_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        output = output_format(path, (optional_str("file_format", self.file_format) or "csv").lower())
        output.check_library()
        columns = Columns.from_parameters(self.fields, self.column_headers, output.file_format)
        if optional_str("since", self.since) is not None:
            self.row_columns().check(self.columns_of_file(columns))
        hook = self.hook.bind(RunContext(sleep=self.sleep, raise_if_cancelled=self.raise_if_cancelled))
        task_state = task_state_of(context, hook)
        output_files = OutputFiles(task_state, self.if_exists, self.log)
        watermark = self._watermark(context, hook)
        exported = self.exported(path)
        if watermark is not None:
            start, end = as_time("start", self.start), as_time("end", self.end)
            self._range = watermark.begin(start, end)
            path = path.replace(WINDOW, self._range.name)
            exported = ExportedSince(watermark, self._range)
        late_rows = (
            None
            if exported is None
            else LateRows(exported, self.row_columns(), self.columns_of_file(columns), columns.delimiter)
        )
        windows = self._windows(late_rows)
        if WINDOW in path and windows == [None]:
            raise InvalidInput("output_path", f"has {WINDOW}, but there is no range of time")
        if not self._resumed:
            for window in windows if WINDOW in path else windows[:1]:
                output_files.check(path if window is None else path.replace(WINDOW, window.name))
        extraction = self._extraction = self._plan(context, task_state, windows, columns)

        def placing(one: str) -> None:
            if watermark is not None:
                watermark.check_held()
            output_files.placing(one)

        try:
            with self.cancellable(), hook:
                if not self._resumed:
                    hook.follow(self.check_filters())
                self.wait_for_rows()
                types = self._types(hook, columns) if output.typed else {}
                self._start(hook, extraction)
                header = columns.header_line(self.columns_of_file(columns))
                files = ExportFiles(
                    hook,
                    extraction,
                    path,
                    header,
                    raise_if_cancelled=self.raise_if_cancelled,
                    log=self.log,
                    output=output,
                    types=types,
                    late_rows=late_rows,
                    placing=placing,
                )
                written = self._export(hook, extraction, files)
                if late_rows is not None:
                    late_rows.save()
        except NotFound as error:
            given = [name for name in _NAMING if not is_missing(getattr(self, name, None) or None)]
            if given and error.call.partition(".")[2].startswith("create_"):
                raise InvalidInput(given[-1], f"does not exist: {error}") from error
            raise
        except QuotaExhausted as error:
            extraction.touch(error.resets_at.timestamp())
            raise
        except Exception as error:
            if is_last_try(context, error) and not self.cancelled:
                self._abandon(extraction)
            raise
        outcome = _outcome(extraction, path, written)
        if self._range is not None and late_rows is not None:
            outcome.update(range_outcome(self._range, late_rows.left_out))  # type: ignore[typeddict-item]
        extraction.mark_complete()
        return outcome

    def resume(self, context: Context, event: object = None, execution_deadline: float | None = None) -> Any:
        """Continue after a deferral. The jobs are polled, whatever the event says.

        :raises AirflowTaskTimeout: when ``execution_timeout`` has passed.
        """
        self.continue_after(context, event, execution_deadline)
        self._event, self._resumed = event, True
        return self.execute(context)

    def on_cancel(self) -> None:
        """Cancel the jobs that are not complete."""
        if self.cancel_on_kill and self._extraction is not None and (jobs := self._extraction.unfinished()):
            with self.hook.bind(RunContext.no_retry()) as hook:
                cancel(hook, jobs, self.log)

    # -- what is exported ------------------------------------------------------------------------

    def _windows(self, late_rows: LateRows | None) -> list[Window] | list[None]:
        from airflow_provider_mkt.actions.marketo.exports import windows

        if self._range is not None and late_rows is not None:
            # A job takes a second at least.
            return windows(
                late_rows.reads_from, max(self._range.end, late_rows.reads_from + timedelta(seconds=1))
            )
        start, end = as_time("start", self.start), as_time("end", self.end)
        if start is None and end is None:
            return [None]
        if start is None or end is None:
            raise InvalidInput("start" if start is None else "end", "is missing: a range needs both")
        whole_range = windows(start, end)
        if not self._resumed:
            self.check_end(end)
        return whole_range if late_rows is None else windows(late_rows.reads_from, end)

    def _watermark(self, context: Context, hook: MarketingHook) -> ExportWatermark | None:
        if optional_str("since", self.since) is None:
            return None
        return ExportWatermark(
            context,
            hook,
            name=optional_str("variable", self.variable),
            of=self.rows_of_watermark(),
            overlap=self.overlap_of_rows(),
            late=self.overlap_of_rows(),
        )

    def _types(self, hook: MarketingHook, columns: Columns) -> dict[str, str]:
        """Return the data types by header. Columns of unknown type are text."""
        try:
            by_name = hook.follow(self.column_types())
        except (InvalidRequest, PermissionDenied) as error:
            self.log.warning("The types of the columns are unknown, so all are text: %s", error)
            return {}
        return {columns.headers.get(name, name): kind for name, kind in by_name.items()}

    def _plan(
        self, context: Context, task_state: TaskState, windows: Sequence[Window | None], columns: Columns
    ) -> Extraction:
        from airflow_provider_mkt.actions.marketo.exports import Extraction, Part

        parts = [
            Part(
                self.kind.replace("_", " ") if window is None else str(window),
                self.create(None if window is None else window.between, columns),
                "" if window is None else window.name,
            )
            for window in windows
        ]
        return Extraction(
            self.kind, parts, task_state, self.log.info, clear_count(context), self.object_type()
        )

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
            used = hook.follow(bytes_today(datetime.now(UTC), self.object_type()))
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
                self.log.info("Complete: %s", part_of(done, len(extraction.parts), "window"))
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
            from airflow_provider_mkt.client import jitter

            # At random, so that waiting tasks do not all retry at the same moment.
            seconds = jitter.between(*_QUEUE_WAIT)
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
        defer_within_timeout(
            self,
            BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in state.jobs],
                deadline=extraction.since + self.wait_timeout,
                poll_interval=self.poll_interval,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
                carry=extraction.to_json(),
            ),
            "resume",
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
