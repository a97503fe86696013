"""Bulk imports as both platforms know them: files, and what the platform reports of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Upload:
    """One file that is to be imported.

    :param name: tells it from other files of the same time, on the platform too.
    :param columns: names of the fields, in the order of the file's header.
    :param content: the file: CSV in UTF-8 with a header.
    """

    name: str
    columns: Sequence[str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class RowNote:
    """What the platform said of one row of a file.

    :param cells: the row as the platform repeats it, in the file's columns; None where it does not.
    :param line: the line of the file it stands on, the header being line 1; None where it does not say.
    :param code: the platform's code, or this package's own in capitals.
    """

    code: str
    reason: str
    cells: Sequence[str] | None = field(default=None, repr=False)
    line: int | None = None


@dataclass(frozen=True)
class Findings:
    """What became of a file's rows, apart from those that were imported without a word.

    :param failed: rows that were not imported.
    :param warned: rows that were imported, with a warning.
    :param unlisted: rows that failed and that the platform counts, but does not list.
    :param created: how many new leads the rows made; None where the platform does not tell.
    """

    failed: Sequence[RowNote] = ()
    warned: Sequence[RowNote] = ()
    unlisted: int = 0
    created: int | None = None
