"""Which records have a value of a property, so that a search need not read all of them."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Comparable


class PropertyIndex:
    """Record ids by value. It takes changes from the start, and is complete once it has every record.

    Removed records are not taken out: check what a lookup returns.
    """

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self._ids: dict[Comparable, set[str]] = {}

    def add(self, record: str, value: Comparable) -> None:
        self._ids.setdefault(value, set()).add(record)

    def discard(self, record: str, value: Comparable) -> None:
        held = self._ids.get(value)
        if held is not None:
            held.discard(record)
            if not held:
                del self._ids[value]

    def count(self, values: Iterable[Comparable]) -> int:
        """Return how many records a lookup returns, or more if a value occurs twice."""
        return sum(len(self._ids.get(value, ())) for value in values)

    def lookup(self, values: Iterable[Comparable]) -> set[str]:
        """Return the records that have one of some values."""
        return {record for value in values for record in self._ids.get(value, ())}
