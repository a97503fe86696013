"""Finds the rows of a part that the platform's notes are about."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from airflow_provider_mkt.actions.imports import RowNote
from airflow_provider_mkt.sync.bulk_parts import SentRow
from airflow_provider_mkt.sync.bulk_rows import joined_key

Found = dict[int, SentRow]
"""Rows by the index of their note."""


class Matcher:
    """Finds the row that each note is about.

    A note with a key that only one row has is about that row. If several rows have it, or the platform writes
    the key in another form than it was sent, the other values decide, if only one row has them; else the line
    number. A note that could be about several rows has no match.

    :param rows: reads the rows of the part from the first.
    :param columns: names of the columns.
    :param key_columns: names of the key's columns.
    :param key: normalizes a key so that equal keys are equal.
    """

    def __init__(
        self,
        rows: Callable[[], Iterator[SentRow]],
        columns: Sequence[str],
        key_columns: Sequence[str],
        key: Callable[[str], str],
    ) -> None:
        self._rows = rows
        self._width = len(columns)
        self._key_at = [list(columns).index(name) for name in key_columns]
        self._key = key

    def match(self, notes: Sequence[RowNote]) -> list[SentRow | None]:
        """Return the row of each note; None where it is unknown."""
        found: Found = {}
        for step in (self._by_key, self._by_values, self._by_line):
            missing = {place: note for place, note in enumerate(notes) if place not in found}
            if missing:
                found |= step(missing, {row.number for row in found.values()})
        return [found.get(place) for place in range(len(notes))]

    def candidates(self, note: RowNote, matched: Container[int]) -> list[int]:
        """Return the numbers of the rows that a note without a match may be about: those with its values.

        :param matched: numbers of the rows that other notes are about.
        :returns: empty when the note repeats no value besides the key.
        """
        wanted = {
            place: _plain(cell)
            for place, cell in enumerate(note.cells or ())
            if place not in self._key_at and cell.strip()
        }
        if not wanted:
            return []
        return [
            row.number
            for row in self._rows()
            if row.number not in matched
            and all(_plain(row.cells[place]) == value for place, value in wanted.items())
        ]

    def _by_key(self, notes: dict[int, RowNote], taken: set[int]) -> Found:
        wanted = {
            place: joined_key(((note.cells or ())[at] for at in self._key_at), self._key)
            for place, note in self._whole(notes)
        }
        keys = set(wanted.values()) - {""}
        rows: dict[str, list[SentRow]] = {}
        for row in self._rows() if keys else ():
            if row.key in keys:
                rows.setdefault(row.key, []).append(row)
        return {place: rows[key][0] for place, key in wanted.items() if len(rows.get(key, ())) == 1}

    def _by_values(self, notes: dict[int, RowNote], taken: set[int]) -> Found:
        wanted: dict[tuple[str, ...], list[int]] = {}
        for place, note in self._whole(notes):
            wanted.setdefault(self._others(note.cells or ()), []).append(place)
        candidates: dict[tuple[str, ...], list[SentRow]] = {}
        for row in self._rows() if wanted else ():
            if row.number not in taken and (values := self._others(row.cells)) in wanted:
                candidates.setdefault(values, []).append(row)
        return {
            wanted[values][0]: rows[0]
            for values, rows in candidates.items()
            if len(rows) == len(wanted[values]) == 1 and any(values)
        }

    def _by_line(self, notes: dict[int, RowNote], taken: set[int]) -> Found:
        wanted: dict[int, list[int]] = {}
        for place, note in notes.items():
            if note.line is not None:
                wanted.setdefault(note.line, []).append(place)
        found: Found = {}
        for row in self._rows() if wanted else ():
            for line in range(row.line, row.last_line + 1):
                found |= dict.fromkeys(wanted.get(line, ()), row)
        return found

    def _whole(self, notes: dict[int, RowNote]) -> Iterator[tuple[int, RowNote]]:
        for place, note in notes.items():
            if note.cells is not None and len(note.cells) == self._width:
                yield place, note

    def _others(self, cells: Sequence[str]) -> tuple[str, ...]:
        """All values but the key, without case and extra blanks, and numbers by their value."""
        return tuple(_plain(cell) for place, cell in enumerate(cells) if place not in self._key_at)


def _plain(cell: str) -> str:
    text = " ".join(cell.split()).lower()
    try:
        return repr(float(text)) if text[:1] in "0123456789+-." else text
    except ValueError:
        return text
