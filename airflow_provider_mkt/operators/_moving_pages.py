"""Lists whose pages move while they are read: no row is there twice, and none is lost between two tries."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.reading import ReadRow

_ROWS = 10_000
_ITEMS = 2_000
_LENGTH = 8


class MovingPages:
    """What was read last of a list.

    A list that is newest first moves on while it is read: what comes in meanwhile pushes items that were read
    to the next page, and what is deleted pulls items to the page before, where nobody reads them.

    So a row that was among the last 10,000 is left out. And a later try reads the last page of the earlier
    try again. It continues there where the first item of that page is among the last 2,000 that were read:
    then no item is between them.

    :param key: the field of an item that identifies it; empty for a list in an order that does not change.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._marks: OrderedDict[str, None] = OrderedDict()
        self.items = ""
        """The items that were read last, as text."""

    def recall(self, items: str, rows: Iterable[ReadRow]) -> None:
        """Continue the read of an earlier try.

        :param items: as that try has left them.
        :param rows: of that try.
        """
        self.items = items
        if self._key:
            self.new(rows)

    def follows(self, page: Sequence[Mapping[str, Any]]) -> bool:
        """Whether there is no gap between what was read, and a page of a later try."""
        if not self._key:
            return True
        known = {self.items[at : at + _LENGTH] for at in range(0, len(self.items), _LENGTH)}
        return bool(page) and self._mark(page[0]) in known

    def note(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Note the items of a page."""
        if self._key:
            self.items = (self.items + "".join(map(self._mark, page)))[-_ITEMS * _LENGTH :]

    def new(self, rows: Iterable[ReadRow]) -> list[ReadRow]:
        """Note rows, and return those that were not among the last ones."""
        if not self._key:
            return list(rows)
        found = []
        for row in rows:
            if row.mark in self._marks:
                self._marks.move_to_end(row.mark)
                continue
            found.append(row)
            self._marks[row.mark] = None
            if len(self._marks) > _ROWS:
                self._marks.popitem(last=False)
        return found

    def _mark(self, item: Mapping[str, Any]) -> str:
        return hashlib.sha256(str(item[self._key]).encode()).hexdigest()[:_LENGTH]
