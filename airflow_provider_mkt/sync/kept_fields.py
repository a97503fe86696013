"""Fields of which the platform keeps its value: those that only go forward, and those set only if empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.client.errors import InvalidInput

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import KnownFields, StoredLead, StoredLeads
    from airflow_provider_mkt.sync.rows import Row


class Read(Protocol):
    """Reads records by their keys."""

    def __call__(self, field: str, keys: Sequence[str], names: Sequence[str], /) -> StoredLeads: ...


class KeptFields:
    """Leaves out values that would take a field back, or replace one that is not empty.

    :param never_back: field to its values, from the first to the last.
    :param only_if_empty: fields that are set only if the platform has no value.
    :raises InvalidInput: when a field has fewer than two values, one twice, or is named in both.
    """

    def __init__(
        self, never_back: Mapping[str, Sequence[str]] | None, only_if_empty: Iterable[str] = ()
    ) -> None:
        orders = never_back or {}
        for name, values in orders.items():
            given = [values] if isinstance(values, str) else list(values)
            if len(given) < 2 or len(set(given)) < len(given):
                raise InvalidInput(
                    f"never_back.{name}", "must list the field's values in order, each once, at least two"
                )
        self._orders = {name: {value: place for place, value in enumerate(orders[name])} for name in orders}
        self._only_if_empty = frozenset(only_if_empty)
        for name in sorted(self._only_if_empty & self._orders.keys()):
            raise InvalidInput("only_if_empty", f"has field {name!r}, which never_back has too")

    @property
    def names(self) -> list[str]:
        """The fields."""
        return sorted(self._orders.keys() | self._only_if_empty)

    def check(self, known: KnownFields, keys: Collection[str]) -> None:
        """Check that the fields can be written.

        :param keys: the fields that records are found by, which cannot be left out.
        :raises InvalidInput: naming the first one that cannot.
        """
        for parameter, names in (
            ("never_back", self._orders.keys()),
            ("only_if_empty", self._only_if_empty),
        ):
            for name in sorted(names):
                problem = known.problem(name)
                if name in keys:
                    raise InvalidInput(parameter, f"has field {name!r}, which records are found by")
                if problem is not None:
                    raise InvalidInput(parameter, problem.reason)

    def concerns(self, record: Mapping[str, object]) -> bool:
        """Whether a record has a value that might be left out. A field's first value can take it back."""
        return not self._orders.keys().isdisjoint(record) or not self._only_if_empty.isdisjoint(record)

    def left_out(self, name: str, stored: StoredLead, new: object) -> str:
        """Return why a value is left out, as the parameter that says so; empty when it is sent.

        :param stored: what the platform has. When it does not return that, the value is left out.
        """
        if not stored.id:
            return "only_if_empty" if name in self._only_if_empty else "never_back"
        old = stored.values.get(name)
        if _is_empty(old):
            return ""
        if name in self._only_if_empty:
            return "only_if_empty"
        order = self._orders.get(name, {})
        # Only listed values are compared.
        if str(old) not in order:
            return ""
        back = _is_empty(new) or (str(new) in order and order[str(new)] < order[str(old)])
        return "never_back" if back else ""


def fields_left_out(
    rows: Iterable[tuple[Row, str]], kept: KeptFields, field: str, batch_max: int, read: Read
) -> Iterator[tuple[int, list[str], Counter[str]]]:
    """Compare rows with what the platform has, and yield the numbers of rows with the fields to leave out,
    and why.

    :param rows: that are to be written, with their keys.
    :param field: the field that they are found by.
    :param batch_max: rows that one call reads.
    :param read: reads records by their keys.
    """
    concerned = ((row, key) for row, key in rows if row.record and kept.concerns(row.record))
    while batch := list(islice(concerned, batch_max)):
        stored = read(field, [key for _, key in batch], kept.names)
        for row, key in batch:
            found, record = stored.get(key.lower(), ()), row.record or {}
            why = {
                name: reason
                for name in kept.names
                if name in record
                for one in found
                if (reason := kept.left_out(name, one, record[name]))
            }
            if why:
                yield row.number, sorted(why), Counter(why.values())


def _is_empty(value: object) -> bool:
    return value is None or value == ""
