"""The base of the export operators that read a platform page by page."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.paging import with_next
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import clear_count, task_digest, task_state_of
from airflow_provider_mkt.operators._base import Cancellable, MarketingOperator
from airflow_provider_mkt.operators._existing_files import IF_EXISTS, OutputFiles
from airflow_provider_mkt.operators._export_files import WINDOW
from airflow_provider_mkt.operators._files import as_rows_path, whole_file
from airflow_provider_mkt.operators._moving_pages import MovingPages
from airflow_provider_mkt.operators._output_formats import output_format
from airflow_provider_mkt.operators._parameters import as_seconds, as_time, is_missing, optional_str
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._read_progress import ReadProgress
from airflow_provider_mkt.operators._row_formats import write_rows
from airflow_provider_mkt.operators._since_last import (
    SINCE,
    ExportWatermark,
    SinceRun,
    check_range,
    range_outcome,
)
from airflow_provider_mkt.state.task_state import Completion

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.json_types import JsonDict
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._output_formats import OutputFormat
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import ExportedFile, ExportOutcome
    from airflow_provider_mkt.state.task_state import TaskState

SAVE_ROWS = 50_000
SAVE_SECONDS = 120.0
"""After so many rows or seconds, what was read is saved for later tries."""
_LOG_INTERVAL = 60.0


class ReadExportOperator(Cancellable, MarketingOperator):
    """Base of the operators that read rows page by page and write them to files.

    A subclass says which columns there are (:meth:`columns`) and what is read (:meth:`readings`).

    Rows are kept on disk and written to the output when all are there, so memory is flat and the output
    appears when it is complete. Every 50,000 rows or 2 minutes, and when the task is interrupted, what was
    read is saved beside the output, in a hidden directory that is deleted at the end. A retry continues
    there, on any worker that reaches the output and the task's state. It begins the file anew where nothing
    was saved, and where other arguments read something else. Where the pages of a list may have moved, a
    retry compares the last page with what was read, and reads that list again where there may be a gap.
    A task that is cleared after it succeeded exports again; one that is cleared after it failed continues.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param output_path: the file to write, or a path with ``{window}`` in it.
    :param start: the first moment of the range.
    :param end: the first moment after the range.
    :param if_exists: ``replace`` a file that exists, or ``fail``.
    """

    read_fields: Sequence[str] = (
        *("conn_id", "output_path", "start", "end"),
        *("since", "variable", "overlap", "if_exists"),
    )
    template_fields: Sequence[str] = read_fields

    kind: ClassVar[str]
    """What is exported; a subclass sets it."""
    platform: ClassVar[str] = ""
    """The only platform that has it; empty where the connection's type decides."""

    late: ClassVar[float] = 900.0
    """Seconds within which the platform shows a row, for ``since="last"``. Neither platform documents it;
    this allows far more than it usually takes."""

    since: str | None = None
    """``last`` to begin where the run before this one ended. Subclasses set this and what belongs to it where
    they have the parameters."""
    variable: str | None = None
    overlap: float | str | None = None

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "if_exists": one_of(*IF_EXISTS),
        "output_path": as_rows_path,
        "since": one_of(*SINCE),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        start: date | str | None = None,
        end: date | str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.output_path = output_path
        self.start = start
        self.end = end
        self.if_exists = if_exists
        self._since: SinceRun | None = None
        self._task = ""

    @abstractmethod
    def columns(self) -> Procedure[ColumnTypes]:
        """Return the columns of the file in their order, each with its type.

        :raises InvalidInput: naming the parameter that is wrong, before anything is read.
        """

    @abstractmethod
    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        """Return what is read for one file, one after another.

        :param span: the file's range of time; None where no range was given.
        :raises InvalidInput: naming the parameter that is wrong.
        """

    def rows_of_watermark(self) -> str:
        """Return what a watermark is of: one of other rows is refused."""
        return self.kind.replace("_", " ")

    def moment(self, name: str, value: object) -> datetime | None:
        """Return the start or the end of the range; None when it is missing.

        :param name: ``start`` or ``end``.
        :raises InvalidInput: when it is not a time.
        """
        return as_time(name, value)

    def check_arguments(self, arguments: Arguments) -> None:
        check_range(arguments, self.moment)

    def run_action(self, context: Context) -> ExportOutcome:
        if self.platform:
            self.hook_on(self.platform)
        path = as_rows_path("output_path", self.output_path)
        if path is None:
            raise InvalidInput("output_path", "is missing or empty")
        output = output_format(path, "csv")
        output.check_library()
        hook = self.hook.bind(RunContext(sleep=self.sleep, raise_if_cancelled=self.raise_if_cancelled))
        with self.cancellable(), hook:
            return self._export(context, hook, path, output)

    # -- one run -----------------------------------------------------------------------------------

    def _export(
        self, context: Context, hook: MarketingHook, path: str, output: OutputFormat
    ) -> ExportOutcome:
        task_state = task_state_of(context, hook)
        completion = Completion(task_state, clear_count(context), "read export")
        files = OutputFiles(task_state, self.if_exists, self.log)
        if completion.before_clear:
            files.forget()
            completion.forget()
        self._task, self._since = task_digest(context), None
        types = hook.follow(self.columns())
        if optional_str("since", self.since) is None:
            spans = self._spans_of(self.start, self.end, path)
        else:
            self._since = self._begin(context, hook)
            path = path.replace(WINDOW, self._since.own.name)
            spans = [self._since.span]
        paths = [path if span is None else path.replace(WINDOW, span.name) for span in spans]
        for one in paths:
            files.check(one)
        for span, one in zip(spans, paths, strict=True):
            if not files.is_written(one, self._made_of(span)) or (
                self._since is not None and not self._since.own.done
            ):
                files.note(one, self.write(hook, task_state, files, span, one, output, types))
                if self._since is not None:
                    self._since.complete()
        outcome = self._outcome(hook, path, [files.written(one) for one in paths], files.began)
        completion.mark()
        return outcome

    def _begin(self, context: Context, hook: MarketingHook) -> SinceRun:
        overlap = self.late if is_missing(self.overlap) else as_seconds("overlap", self.overlap)
        watermark = ExportWatermark(
            context,
            hook,
            name=optional_str("variable", self.variable),
            of=self.rows_of_watermark(),
            overlap=timedelta(seconds=overlap),
        )
        return SinceRun(
            watermark, watermark.begin(self.moment("start", self.start), self.moment("end", self.end))
        )

    def _made_of(self, span: Span | None) -> str:
        """Identify what a file is made of: the arguments and the file's range."""
        names = [
            name for name in self.template_fields if name not in ("conn_id", "output_path", "start", "end")
        ]
        made_of = [repr(span), *(f"{name}={getattr(self, name)!r}" for name in names)]
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:32]

    def _spans_of(self, start: object, end: object, path: str) -> Sequence[Span | None]:
        """Return the range of each file."""
        from airflow_provider_mkt.actions.reading import Span, windows

        first, last = self.moment("start", start), self.moment("end", end)
        if first is None and last is None:
            if WINDOW in path:
                raise InvalidInput("output_path", f"has {WINDOW}, but there is no range of time")
            return [None]
        if first is None or last is None:
            raise InvalidInput("start" if first is None else "end", "is missing: a range needs both")
        span = Span.of(first, last)
        return windows(span) if WINDOW in path else [span]

    def write(
        self,
        hook: MarketingHook,
        task_state: TaskState,
        files: OutputFiles,
        span: Span | None,
        path: str,
        output: OutputFormat,
        types: ColumnTypes,
    ) -> ExportedFile:
        """Read the rows of a file, and write it."""
        readings = hook.follow(self.readings(span))
        of = "\n".join([self._task, *types, *(one.fingerprint for one in readings)])
        with closing(ReadProgress(path, task_state, of)) as progress:
            self._read(hook, readings, progress)
            if self._since is not None:
                self._since.note(progress.read())
            written = self.write_file(
                lambda: (row.values for row in progress.read()), progress.rows, files, path, output, types
            )
            files.note(path, written)
            progress.forget()
        return written

    def write_file(
        self,
        rows: Callable[[], Iterable[Mapping[str, object]]],
        count: int,
        files: OutputFiles,
        path: str,
        output: OutputFormat,
        types: ColumnTypes,
    ) -> ExportedFile:
        """Write rows to a file, which appears when it is complete.

        :param rows: yields them from the beginning, each time that it is called.
        :param count: how many there are.
        """
        with whole_file(path) as file:
            size, digest = write_rows(
                rows, file, output, types, raise_if_cancelled=self.raise_if_cancelled, log=self.log
            )
            if self._since is not None:
                self._since.check_held()
            files.placing(path)
        self.log.info("Wrote %s (%.1f MB) to %s", counted(count, "row"), size / 1e6, path)
        return {"path": path, "rows": count, "bytes": size, "sha256": digest}

    def _read(self, hook: MarketingHook, readings: Sequence[Reading], progress: ReadProgress) -> None:
        """Read all pages that no earlier try has read."""
        pace = _Pace(self, progress.rows)
        place: JsonDict = progress.position or {"reading": 0, "left_out": 0, "began": 0}
        if progress.position is not None:
            self.log.info("Continuing after %s that an earlier try has read", counted(progress.rows, "row"))
        while (index := _number(place["reading"])) < len(readings):
            place = self._read_pages(hook, readings[index], progress, place, pace)
            _save_if_due(progress, place)
        if self._since is not None:
            self._since.left_out = _number(place["left_out"])

    def _read_pages(
        self, hook: MarketingHook, reading: Reading, progress: ReadProgress, place: JsonDict, pace: _Pace
    ) -> JsonDict:
        """Read the pages of one call.

        :param place: where to begin. Without a cursor that is the first page.
        :returns: where the next call begins.
        """
        index, began, left_out = (_number(place[name]) for name in ("reading", "began", "left_out"))
        first = {"reading": index, "left_out": left_out, "began": began}
        pages, page = MovingPages(reading.key), reading.call
        resumed = "cursor" in place
        if resumed:
            pages.recall(str(place.get("items", "")), progress.read(began) if reading.key else ())
            page = reading.page_at(place["cursor"])
        try:
            while True:
                self.raise_if_cancelled()
                items: Sequence[Any] | None
                following: Call[list[Any]] | None
                try:
                    items, following = hook.run(with_next(page))
                except InvalidRequest as refused:
                    if not resumed:
                        raise
                    self.log.info(
                        "The platform does not take the place where the try before ended: %s", refused
                    )
                    items = following = None
                if resumed and (items is None or not pages.follows(items)):
                    self.log.info("Reading again, because the pages have moved since the try before")
                    progress.drop(began)
                    pages, page, place, resumed = MovingPages(reading.key), reading.call, first, False
                    left_out = _number(place["left_out"])
                    continue
                resumed = False
                read = pages.new(hook.follow(reading.rows(items or ())))
                new = read if self._since is None else self._since.new(read)
                progress.add(new)
                pages.note(items or ())
                if following is None:
                    left_out += len(read) - len(new)
                    return {"reading": index + 1, "left_out": left_out, "began": progress.lines}
                if not reading.key:
                    left_out += len(read) - len(new)
                    place = {**first, "left_out": left_out, "cursor": reading.cursor_of(following)}
                elif items:
                    # A later try compares this page with what was read.
                    cursor = reading.cursor_of(page)
                    place = {**first, "left_out": left_out, "cursor": cursor, "items": pages.items}
                    left_out += len(read) - len(new)
                page = following
                pace.pace(progress.rows)
                _save_if_due(progress, place)
        except BaseException:
            if progress.unsaved:
                self._save_at_the_end(progress, place)
            raise

    def _save_at_the_end(self, progress: ReadProgress, position: JsonDict) -> None:
        try:
            progress.save(position)
        except Exception as error:
            # The error that ends the try is the one to show.
            self.log.warning("What was read could not be saved for the next try: %s", error)

    def _outcome(
        self, hook: MarketingHook, path: str, files: Sequence[ExportedFile], began: float
    ) -> ExportOutcome:
        outcome: ExportOutcome = {
            "outcome": "export",
            "platform": hook.conn_type,
            "kind": self.kind,
            "output_path": path,
            "rows": sum(file["rows"] or 0 for file in files),
            "bytes": sum(file["bytes"] for file in files),
            "sha256": None if WINDOW in path else files[0]["sha256"],
            "windows": len(files),
            "export_ids": [file["export_id"] for file in files if "export_id" in file],
            "seconds": round(time.time() - began),
        }
        if WINDOW in path:
            outcome["files"] = list(files)
        if self._since is not None:
            outcome.update(range_outcome(self._since.own, self._since.left_out))  # type: ignore[typeddict-item]
        return outcome


def _save_if_due(progress: ReadProgress, place: JsonDict) -> None:
    if progress.unsaved >= SAVE_ROWS or time.monotonic() - progress.saved_at > SAVE_SECONDS:
        progress.save(place)


def _number(value: object) -> int:
    return int(cast("int", value))


class _Pace:
    """Logs how far an export is, once a minute."""

    def __init__(self, operator: ReadExportOperator, rows: int) -> None:
        self._log, self._before = operator.log, rows
        self._started = self._logged = time.monotonic()

    def pace(self, rows: int) -> None:
        now = time.monotonic()
        if now - self._logged >= _LOG_INTERVAL:
            self._logged = now
            self.log_rate(rows, now)

    def log_rate(self, rows: int, now: float) -> None:
        per_second = (rows - self._before) / (now - self._started)
        self._log.info("Read %s (%.0f a second)", counted(rows, "row"), per_second)
