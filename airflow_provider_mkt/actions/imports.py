"""Bulk imports as both platforms know them: files, and what the platform reports of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Upload:
    """One file to import.

    :param name: its name on the platform, unique among the imports of the same time.
    :param columns: names of the fields, in the order of the file's header.
    :param content: the file: CSV in UTF-8 with a header.
    """

    name: str
    columns: Sequence[str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class RowNote:
    """What the platform reports of one row of a file.

    :param cells: the row as the platform repeats it, in the file's columns; None where it does not.
    :param line: its line in the file, with the header as line 1; None where the platform does not report it.
    :param code: the platform's code, or this package's own in capitals.
    """

    code: str
    reason: str
    cells: Sequence[str] | None = field(default=None, repr=False)
    line: int | None = None


@dataclass(frozen=True)
class Findings:
    """What the platform reports of the rows of a file.

    :param failed: rows that were not imported.
    :param warned: rows that were imported with a warning.
    :param unlisted: number of failed rows that the platform counts and does not list.
    :param created: number of leads that the rows created; None where the platform does not report it.
    """

    failed: Sequence[RowNote] = ()
    warned: Sequence[RowNote] = ()
    unlisted: int = 0
    created: int | None = None
