"""The files of complete extracts, brought home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.operators._files import whole_file
from airflow_provider_mkt.operators._tables import Table

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.marketo.exports import Extraction, Part
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.hooks.base import MarketingHook

WINDOW = "{window}"
"""In an output path, stands for the start of the window that a file is of."""

_DOWNLOADS = 2
"""How often a file is read before it is held to be damaged where it lies."""


def total(counts: Sequence[int | None]) -> int | None:
    """The sum, where all are known."""
    return None if None in counts else sum(count or 0 for count in counts)


class _Gone(Exception):
    """A complete job has no file."""

    def __init__(self, part: Part, why: str) -> None:
        self.part, self.why = part, why
        super().__init__(why)


class ExportFiles:
    """Writes the files of an extraction as its jobs complete.

    :param path: one file for all, or with :data:`WINDOW` in it one for each window.
    :param header: the first line of a file in which nothing was found.
    :param go_on: raises when the task was told to end.
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
        self._go_on = raise_if_cancelled
        self._log = log

    def write(self) -> list[dict[str, Any]] | None:
        """Write what can be written. What all files are once they are there, else None.

        :raises Damaged: when a file stays another than its job tells of.
        :raises JobFailed: when files of complete jobs were gone too often.
        """
        parts = self._extraction.parts
        try:
            if WINDOW not in self._path:
                return [self._table(parts, self._path)] if self._extraction.complete else None
            for part in parts:
                if part.details is not None and not self._is_written(part):
                    part.written = self._table([part], self._path_of(part))
                    self._extraction.keep(part)
        except _Gone as gone:
            self._extraction.discard(gone.part, gone.why)
            return None
        return [part.written or {} for part in parts] if all(map(self._is_written, parts)) else None

    def _path_of(self, part: Part) -> str:
        return self._path.replace(WINDOW, part.label)

    def _is_written(self, part: Part) -> bool:
        # An earlier try may have been told another path.
        return part.written is not None and part.written["path"] == self._path_of(part)

    def _table(self, parts: Sequence[Part], path: str) -> dict[str, Any]:
        with whole_file(path) as file:
            table = Table(file)
            for part in parts:
                self._download(part, table)
            table.ensure_header(self._header)
        rows = total([part.records for part in parts])
        self._log.info("%s: %s rows, %.1f MB", path, "some" if rows is None else rows, table.size / 1e6)
        return {"path": path, "rows": rows, "bytes": table.size, "sha256": table.sha256}

    def _download(self, part: Part, table: Table) -> None:
        from airflow_provider_mkt.actions.marketo.exports import Damaged, fetch

        if part.records == 0:
            return
        for attempt in range(1, _DOWNLOADS + 1):
            try:
                with table.further() as take:

                    def taking(content: bytes, take: Callable[[bytes], None] = take) -> None:
                        self._go_on()
                        take(content)

                    kind, job, details = self._extraction.kind, part.export_id or "", part.details or {}
                    self._hook.follow(fetch(kind, job, details, taking))
            except NotFound as missing:
                raise _Gone(part, str(missing)) from missing
            except Damaged as damaged:
                if attempt == _DOWNLOADS:
                    raise
                self._log.warning("%s; downloading it again", damaged)
            else:
                return
