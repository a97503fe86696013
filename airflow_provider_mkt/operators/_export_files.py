"""The files of complete export jobs, downloaded and checked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._files import whole_file
from airflow_provider_mkt.operators._output_formats import convert
from airflow_provider_mkt.operators._tables import Table

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.marketo.exports import Extraction, Part
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._late_rows import LateRows
    from airflow_provider_mkt.operators._output_formats import OutputFormat
    from airflow_provider_mkt.operators.outcomes import ExportedFile

WINDOW = "{window}"
"""In an output path, stands for the start of the file's window."""

_MAX_DOWNLOADS = 2
"""Downloads of a file after which it counts as damaged on the platform."""


def total(counts: Sequence[int | None]) -> int | None:
    """Return the sum, or None when a count is unknown."""
    return None if None in counts else sum(count or 0 for count in counts)


class _FileMissing(Exception):
    """A complete job has no file."""

    def __init__(self, part: Part, reason: str) -> None:
        self.part, self.reason = part, reason
        super().__init__(reason)


class ExportFiles:
    """Writes the files of an export when its jobs are complete.

    :param path: one file for all windows, or with :data:`WINDOW` in it one file for each window.
    :param header: the first line of a file without rows.
    :param raise_if_cancelled: raises when the task was cancelled.
    :param output: the format of the files; the platform's own when None.
    :param types: Marketo's data types by header, for a format with types.
    :param late_rows: leaves out rows that earlier exports have written.
    :param placing: called with a path just before its file appears; an error keeps it away.
    """

    def __init__(
        self,
        hook: MarketingHook,
        extraction: Extraction,
        path: str,
        header: bytes,
        *,
        raise_if_cancelled: Callable[[], None],
        log: Log,
        output: OutputFormat | None = None,
        types: Mapping[str, str] | None = None,
        late_rows: LateRows | None = None,
        placing: Callable[[str], None] = lambda path: None,
    ) -> None:
        self._hook = hook
        self._extraction = extraction
        self._path = path
        self._header = header
        self._raise_if_cancelled = raise_if_cancelled
        self._log = log
        self._output = output
        self._types = types or {}
        self._late_rows = late_rows
        self._placing = placing

    def write(self) -> list[ExportedFile] | None:
        """Write the files whose jobs are complete. Returns all files once they are written, else None.

        :raises Damaged: when a file does not match its job after a second download.
        :raises JobFailed: when files of complete jobs were missing too often.
        """
        parts = self._extraction.parts
        try:
            if WINDOW not in self._path:
                return [self._write_table(parts, self._path)] if self._extraction.complete else None
            for part in parts:
                if part.details is not None and not self._is_written(part):
                    part.written = dict(self._write_table([part], self._path_of(part)))
                    self._extraction.keep(part)
        except _FileMissing as missing:
            self._extraction.discard(missing.part, missing.reason)
            return None
        if not all(map(self._is_written, parts)):
            return None
        return [cast("ExportedFile", part.written) for part in parts]

    def _path_of(self, part: Part) -> str:
        return self._path.replace(WINDOW, part.label)

    def _is_written(self, part: Part) -> bool:
        # An earlier try may have had another path.
        return part.written is not None and part.written["path"] == self._path_of(part)

    def _write_table(self, parts: Sequence[Part], path: str) -> ExportedFile:
        if self._late_rows is not None:
            self._late_rows.reset()
        with whole_file(path) as file, self._table_file(file) as table_file:
            table = Table(table_file)
            for part in parts:
                self._download(part, table)
            table.ensure_header(self._header)
            size, digest = self._converted(table, table_file, file)
            self._placing(path)
        rows = total([part.records for part in parts])
        if rows is not None and self._late_rows is not None:
            rows -= self._late_rows.left_out
        self._log.info(
            "Wrote %s (%.1f MB) to %s",
            "an unknown number of rows" if rows is None else counted(rows, "row"),
            size / 1e6,
            path,
        )
        return {"path": path, "rows": rows, "bytes": size, "sha256": digest}

    @contextmanager
    def _table_file(self, file: IO[bytes]) -> Iterator[IO[bytes]]:
        """Yield the file for the platform's table: the output itself, or one to convert."""
        if self._output is None or not self._output.converted:
            yield file
            return
        with tempfile.TemporaryFile() as table_file:
            yield table_file

    def _converted(self, table: Table, table_file: IO[bytes], file: IO[bytes]) -> tuple[int, str]:
        """Convert the table if that is needed. Returns size and SHA-256 of the output."""
        if self._output is None or not self._output.converted:
            return table.size, table.sha256
        return convert(
            table_file,
            file,
            self._output,
            self._types,
            raise_if_cancelled=self._raise_if_cancelled,
            log=self._log,
        )

    def _download(self, part: Part, table: Table) -> None:
        from airflow_provider_mkt.actions.marketo.exports import Damaged, fetch

        if part.records == 0:
            return
        kind, api_name = self._extraction.kind, self._extraction.api_name
        export_id, details = part.export_id or "", part.details or {}
        for attempt in range(1, _MAX_DOWNLOADS + 1):
            try:
                with table.append_file() as file:
                    reader = None if self._late_rows is None else self._late_rows.file(file.write)
                    accept: Callable[[memoryview], None] = file.write if reader is None else reader.take
                    is_whole_table = file.is_first and reader is None

                    def take(content: memoryview, accept: Callable[[memoryview], None] = accept) -> None:
                        self._raise_if_cancelled()
                        accept(content)

                    sha256_of_taken = file.sha256 if is_whole_table else None
                    self._hook.follow(
                        fetch(kind, export_id, details, take, api_name, sha256_of_taken=sha256_of_taken)
                    )
                    if reader is not None:
                        reader.close()
            except NotFound as missing:
                raise _FileMissing(part, str(missing)) from missing
            except Damaged as damaged:
                if attempt == _MAX_DOWNLOADS:
                    raise
                self._log.warning("%s; downloading it again", damaged)
            else:
                return
