"""The files of complete export jobs, downloaded and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.operators._files import whole_file
from airflow_provider_mkt.operators._tables import Table
from airflow_provider_mkt.operators._waiting import Log

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.marketo.exports import Extraction, Part
    from airflow_provider_mkt.hooks.base import MarketingHook
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
    ) -> None:
        self._hook = hook
        self._extraction = extraction
        self._path = path
        self._header = header
        self._raise_if_cancelled = raise_if_cancelled
        self._log = log

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
            self._extraction.came_to_nothing(missing.part, missing.reason)
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
        with whole_file(path) as file:
            table = Table(file)
            for part in parts:
                self._download(part, table)
            table.ensure_header(self._header)
        rows = total([part.records for part in parts])
        self._log.info(
            "Wrote %s rows (%.1f MB) to %s",
            "an unknown number of" if rows is None else rows,
            table.size / 1e6,
            path,
        )
        return {"path": path, "rows": rows, "bytes": table.size, "sha256": table.sha256}

    def _download(self, part: Part, table: Table) -> None:
        from airflow_provider_mkt.actions.marketo.exports import Damaged, fetch

        if part.records == 0:
            return
        kind, export_id, details = self._extraction.kind, part.export_id or "", part.details or {}
        for attempt in range(1, _MAX_DOWNLOADS + 1):
            try:
                with table.append_file() as write:

                    def take(content: bytes, write: Callable[[bytes], None] = write) -> None:
                        self._raise_if_cancelled()
                        write(content)

                    self._hook.follow(fetch(kind, export_id, details, take))
            except NotFound as missing:
                raise _FileMissing(part, str(missing)) from missing
            except Damaged as damaged:
                if attempt == _MAX_DOWNLOADS:
                    raise
                self._log.warning("%s; downloading it again", damaged)
            else:
                return
