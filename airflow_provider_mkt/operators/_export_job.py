"""Exports by HubSpot's export jobs: the wait for the job, its file, and the rows in it."""

from __future__ import annotations

import csv
import io
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import IO, TYPE_CHECKING, Protocol

from airflow_provider_mkt.client.errors import JobFailed
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._deferral import DeferrableTask, defer_within_timeout
from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.hubspot.exports import ExportJob, RecordExport
    from airflow_provider_mkt.actions.jobs import JobState
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.actions.reading import ColumnTypes
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._existing_files import OutputFiles
    from airflow_provider_mkt.operators._output_formats import OutputFormat
    from airflow_provider_mkt.operators.outcomes import ExportedFile

_MAX_FILES = 2
"""Downloads of a file after which it counts as damaged on the platform."""
_FIELD_MAX = 2**31 - 1


METHODS = ("auto", "list", "job")


class JobExporter(DeferrableTask, Protocol):
    """An operator that exports by a job: its parameters for the wait."""

    conn_id: str
    deferrable: bool
    poll_interval: float | None
    wait_timeout: float
    max_poll_failure_time: float
    resumed: bool

    @property
    def log(self) -> Log: ...

    def raise_if_cancelled(self) -> None: ...

    def write_file(
        self,
        rows: Callable[[], Iterable[Mapping[str, object]]],
        count: int,
        files: OutputFiles,
        path: str,
        output: OutputFormat,
        types: ColumnTypes,
    ) -> ExportedFile: ...


def write_by_job(
    operator: JobExporter,
    hook: MarketingHook,
    records: RecordExport,
    export: ExportJob,
    files: OutputFiles,
    path: str,
    output: OutputFormat,
    types: ColumnTypes,
) -> ExportedFile:
    """Export records by a job, and write its rows to a file.

    :raises JobFailed: when the job was canceled or failed, or its file is not complete.
    :raises JobsOverdue: after ``wait_timeout``.
    :raises PlatformError: when the job cannot be started or followed, or its file not be read.
    """
    state = wait_for_export(operator, hook, export)
    with closing(ExportFile(records.properties.values(), operator.raise_if_cancelled)) as exported:
        exported.download(hook, export, state, operator.log)
        written = operator.write_file(
            lambda: map(records.row, exported.rows()), exported.count, files, path, output, types
        )
    written["export_id"] = state.job.id
    # Before the file is noted as written, which ends the task's interest in the job.
    export.mark_complete()
    return written


def wait_for_export(operator: JobExporter, hook: MarketingHook, export: ExportJob) -> JobState:
    """Wait until an export is done, in the worker or the triggerer. Starts it where that is needed.

    :raises JobFailed: when it was canceled or failed.
    :raises JobsOverdue: after ``wait_timeout``, which counts for each try.
    :raises PlatformError: when polls have failed for too long.
    """
    from airflow_provider_mkt.actions.jobs import BatchStatus
    from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitTimedOut, wait_for

    if not operator.resumed:
        export.restart_wait()
    job = hook.follow(export.ensure_started())
    seconds = operator.poll_interval or hook.job_spec(job).poke_interval

    def done(state: JobState) -> JobState | None:
        operator.log.info("%s", state)
        if not state.known:
            operator.log.warning("%s: unknown status %r; still waiting", job, state.raw_status)
        return state if state.status is BatchStatus.COMPLETE else None

    def interval(state: JobState | None) -> float:
        if operator.deferrable and state is not None and export.since + operator.wait_timeout > time.time():
            _wait_in_triggerer(operator, export)
        return seconds

    try:
        return hook.follow(
            wait_for(
                export.poll,
                done,
                interval=interval,
                deadline=lambda _: export.since + operator.wait_timeout,
                failure_budget=PollFailureBudget(operator.max_poll_failure_time),
                log=operator.log,
            )
        )
    except WaitTimedOut as error:
        raise JobsOverdue(f"not complete in {operator.wait_timeout:.0f} s: {export.job or job}") from error


def _wait_in_triggerer(operator: JobExporter, export: ExportJob) -> None:
    from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

    if export.job is None:
        return
    defer_within_timeout(
        operator,
        BatchStatusTrigger(
            conn_id=operator.conn_id,
            jobs=[dict(export.job.to_json())],
            deadline=export.since + operator.wait_timeout,
            poll_interval=operator.poll_interval,
            max_poll_failure_time=operator.max_poll_failure_time,
            # HubSpot cannot cancel an export.
            cancel_on_kill=False,
        ),
        "resume",
    )


class ExportFile:
    """The file of an export, in a temporary file of this machine.

    :param columns: the columns that it must have; it may have others.
    """

    def __init__(self, columns: Iterable[str], raise_if_cancelled: Callable[[], None]) -> None:
        self._columns = frozenset(columns)
        self._raise_if_cancelled = raise_if_cancelled
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        # The limit is one of the process, whose other readers keep theirs.
        self._field_max = csv.field_size_limit(_FIELD_MAX)
        self.count = 0
        """How many rows it has, once it was checked."""

    def download(self, hook: MarketingHook, export: ExportJob, state: JobState, log: Log) -> None:
        """Download the file of an export that is done, and check it.

        :raises DamagedFile: when it cannot be read, or has not as many rows as the platform reports, after a
            second download.
        :raises JobFailed: when the export has no file, or a column is missing in it.
        :raises ServerUnavailable: when it cannot be downloaded.
        """
        from airflow_provider_mkt.actions.hubspot.exports import DamagedFile

        for attempt in range(1, _MAX_FILES + 1):
            hook.follow(export.fetch(self._begin))
            try:
                self._check(state.details.get("recordCount"))
            except DamagedFile as damaged:
                if attempt == _MAX_FILES:
                    raise
                log.warning("%s. It is downloaded again", damaged)
            else:
                return

    def rows(self) -> Iterator[Mapping[str, str]]:
        """Yield the rows from the beginning, each with the values of all its columns as text.

        :raises DamagedFile: when the file cannot be read.
        :raises JobFailed: when a column is missing.
        """
        from airflow_provider_mkt.actions.hubspot.exports import DamagedFile

        try:
            for table in self._tables():
                yield from self._rows_of(table)
        except (zipfile.BadZipFile, zlib.error, csv.Error, UnicodeDecodeError, EOFError) as error:
            # Its text may contain a value.
            msg = f"the file of the export cannot be read ({type(error).__name__})"
            raise DamagedFile(msg, platform="hubspot") from None

    def close(self) -> None:
        """Delete the file."""
        csv.field_size_limit(self._field_max)
        self._file.close()

    def _begin(self) -> Callable[[bytes], None]:
        self._file.seek(0)
        self._file.truncate()

        def take(content: bytes) -> None:
            self._raise_if_cancelled()
            self._file.write(content)

        return take

    def _check(self, reported: object) -> None:
        from airflow_provider_mkt.actions.hubspot.exports import DamagedFile

        self.count = sum(1 for _ in self.rows())
        if isinstance(reported, int) and reported != self.count:
            msg = f"the file of the export has {counted(self.count, 'row')} instead of {reported:,}"
            raise DamagedFile(msg, platform="hubspot")

    def _tables(self) -> Iterator[IO[bytes]]:
        """Yield the CSV files: those in a zip, or the one file."""
        self._file.seek(0)
        if not zipfile.is_zipfile(self._file):
            self._file.seek(0)
            yield self._file
            return
        with zipfile.ZipFile(self._file) as archive:
            for member in archive.infolist():
                if member.filename.lower().endswith(".csv"):
                    with archive.open(member) as table:
                        yield table

    def _rows_of(self, table: IO[bytes]) -> Iterator[Mapping[str, str]]:
        text = io.TextIOWrapper(table, encoding="utf-8-sig", newline="")
        try:
            lines = csv.reader(text, strict=True)
            header = next(lines, [])
            if missing := sorted(self._columns.difference(header)):
                raise JobFailed(
                    f"the file of the export has no column {', '.join(missing)}", platform="hubspot"
                )
            for number, line in enumerate(lines):
                if number % 10_000 == 0:
                    self._raise_if_cancelled()
                if len(line) != len(header):
                    raise csv.Error(number)
                yield dict(zip(header, line, strict=True))
        finally:
            text.detach()
