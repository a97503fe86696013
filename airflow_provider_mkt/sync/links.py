"""Associates the records that a sync writes with others, which are found in batches and kept for the run."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict

from msgspec.structs import replace

from airflow_provider_mkt.actions.leads import RecordResult, RunCall, rejected
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.sync.rows import Link, Row

Missing = Literal["reject", "write"]
"""What is done with a row whose record to associate with is missing: reject it, or write it without."""

PARENT_MISSING, AMBIGUOUS = "PARENT_MISSING", "AMBIGUOUS"
NOT_ASSOCIATED = "NOT_ASSOCIATED"
"""The code of a record that was written, and that the platform did not associate."""
_ROWS = 500
"""Rows that are read ahead, so that the records they name are found in batches."""
_KEPT_MAX = 200_000
"""Found records that are kept at most."""
_SEARCH_INTERVAL = 2.0
"""Seconds between two searches for records that the search does not show."""
_IDS_SHOWN = 20
_REFUSED_ALIKE = 8
"""Pairs refused one by one with the same words, after which the cause is not the pairs."""


class Association(Protocol):
    """Associates the written records with those of one object type."""

    to: str
    by: str
    label: str | None
    batch_max: int

    @property
    def searched(self) -> bool:
        """Whether records are found by a search, which is some time behind the writes."""

    def prepare(self) -> Procedure[None]:
        """Check what is given. Few calls.

        :raises InvalidInput: when the object type, the property or the label does not exist.
        """

    def key(self, value: object) -> str:
        """Normalize a value that names a record; empty for no value."""

    def find(self, keys: Sequence[str]) -> Procedure[dict[str, list[str]]]:
        """Find the ids of the records with some keys."""

    def call(self, pairs: Sequence[tuple[str, str]]) -> Call[Any]:
        """Return the call that associates pairs of records."""

    def refused(self, pairs: Sequence[tuple[str, str]], answer: Any) -> dict[tuple[str, str], str]:
        """Return why pairs were not associated."""

    def about_request(self, error: InvalidRequest) -> bool:
        """Tell whether a batch was refused for something else than its pairs."""


class Finder(Protocol):
    """Finds the records to update by a property whose values are not unique."""

    found_by: str | None

    def found_key(self, value: object) -> str: ...

    def find(self, keys: Sequence[str]) -> Procedure[dict[str, list[str]]]: ...


class LinkCounts(TypedDict):
    """How the rows of a sync were associated with the records of one object type.

    ``linked`` counts associations, the others rows: ``missing`` and ``ambiguous`` those whose record does not
    exist or is several, ``none`` those that name none, ``free_mail`` those whose domain anyone can have an
    address at, ``refused`` those that HubSpot did not associate.
    """

    to: str
    by: str
    linked: int
    missing: int
    ambiguous: int
    none: int
    free_mail: int
    refused: int


@dataclass
class LinkRule:
    """Which records the rows of a sync are associated with.

    :param association: how.
    :param column: of the source, which names the record; a list names several.
    :param missing: what is done with a row whose record does not exist, or is several.
    :param skipped: keys that name no record, such as the domains of free mail.
    :param null_values: texts that mean no value.
    """

    association: Association
    column: str
    missing: Missing = "reject"
    skipped: frozenset[str] = frozenset()
    null_values: frozenset[str] = frozenset()
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[str]] = field(default_factory=dict)

    def keys(self, row: Row) -> list[str]:
        """Return what the row names."""
        given = row.raw.get(self.column) if isinstance(row.raw, Mapping) else None
        every = given if isinstance(given, list | tuple) else [given]
        values = (one for one in every if not isinstance(one, str) or one not in self.null_values)
        return list(dict.fromkeys(key for value in values if (key := self.association.key(value))))


def compared_links(rules: Sequence[LinkRule], row: Row) -> dict[str, str]:
    """Return what a row is associated with, so that rows can be compared by it: name to text.

    What names no record is left out: a record keeps what it is associated with.
    """
    found: dict[str, str] = {}
    for rule in rules:
        keys = sorted(key for key in rule.keys(row) if key not in rule.skipped)
        if keys:
            one = rule.association
            label = "" if one.label is None else f" as {one.label}"
            found[f"associate {one.to} by {one.by} of {rule.column}{label}"] = json.dumps(keys)
    return found


class RecordLinks:
    """Finds the records that rows name, and associates the written records with them.

    :param follow: runs a procedure.
    :param rules: which records.
    :param finder: finds the records that are written; None where the platform does.
    :param record_id: the field that holds a record id.
    :param search_wait: seconds of the whole run for which records are searched for again that the search does
        not show.
    :param sleep: waits.
    """

    def __init__(
        self,
        follow: Callable[[Procedure[dict[str, list[str]]]], dict[str, list[str]]],
        rules: Sequence[LinkRule],
        finder: Finder | None,
        *,
        record_id: str,
        search_wait: float,
        sleep: Callable[[float], None],
    ) -> None:
        self._follow, self._rules, self._finder = follow, rules, finder
        self._record_id = record_id
        self._search_wait, self._sleep = search_wait, sleep
        self._found: dict[str, list[str]] = {}
        self._refused_alike = 0
        self._refusal = ""

    @property
    def batch_max(self) -> int:
        """Links that are written together."""
        return min((one.association.batch_max for one in self._rules), default=1)

    def counts(self) -> list[LinkCounts]:
        """Return how the rows were associated."""
        return [
            LinkCounts(
                to=one.association.to,
                by=one.association.by,
                linked=one.counts["linked"],
                missing=one.counts["missing"],
                ambiguous=one.counts["ambiguous"],
                none=one.counts["none"],
                free_mail=one.counts["free_mail"],
                refused=one.counts["refused"],
            )
            for one in self._rules
        ]

    def rows(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows with the records that they are associated with. Rows are read ahead."""
        while block := list(itertools.islice(rows, _ROWS)):
            self._look_up(block)
            for row in block:
                yield self._linked(self._identified(row))

    def _look_up(self, block: Sequence[Row]) -> None:
        readable = [row for row in block if row.record is not None]
        for rule in self._rules:
            keys = (key for row in readable for key in rule.keys(row) if key not in rule.skipped)
            self._fill(rule.found, keys, rule.association.find, searched=rule.association.searched)
        if self._finder is not None:
            name, key_of = self._finder.found_by or "", self._finder.found_key
            keys = (key for row in readable if (key := key_of((row.record or {}).get(name))))
            self._fill(self._found, keys, self._finder.find, searched=True)

    def _fill(
        self,
        found: dict[str, list[str]],
        keys: Iterator[str],
        find: Callable[[Sequence[str]], Procedure[dict[str, list[str]]]],
        *,
        searched: bool,
    ) -> None:
        wanted = list(dict.fromkeys(keys))
        if len(found) + len(wanted) > _KEPT_MAX:
            found.clear()
        new = [key for key in wanted if key not in found]
        if not new:
            return
        found.update({key: [] for key in new} | self._follow(find(new)))
        while searched and self._search_wait > 0 and (missing := [key for key in new if not found[key]]):
            seconds = min(_SEARCH_INTERVAL, self._search_wait)
            self._search_wait -= seconds
            self._sleep(seconds)
            found.update(self._follow(find(missing)))

    def _identified(self, row: Row) -> Row:
        """Return the row with the id of its record, where the platform cannot find it by its key."""
        if self._finder is None or row.record is None:
            return row
        name = self._finder.found_by or ""
        key = self._finder.found_key(row.record.get(name))
        if not key:
            return replace(
                row, record=None, code="KEY_MISSING", problem=f"{name}, the key, is missing or empty"
            )
        ids = self._found.get(key, [])
        if len(ids) == 1:
            record = {field: value for field, value in row.record.items() if field != name}
            return replace(row, record={**record, self._record_id: ids[0]})
        if not ids:
            problem = f"there is no record with this {name}"
            return replace(row, record=None, code="OBJECT_NOT_FOUND", problem=problem, skipped=True)
        return replace(row, record=None, code=AMBIGUOUS, problem=_several(name, ids))

    def _linked(self, row: Row) -> Row:
        if row.record is None:
            return row
        links: list[Link] = []
        for place, rule in enumerate(self._rules):
            keys = rule.keys(row)
            wanted = [key for key in keys if key not in rule.skipped]
            if not wanted:
                rule.counts["free_mail" if keys else "none"] += 1
            for key in wanted:
                ids = rule.found.get(key, [])
                if len(ids) == 1:
                    links.append(Link(place, ids[0]))
                    continue
                code = AMBIGUOUS if ids else PARENT_MISSING
                rule.counts["ambiguous" if ids else "missing"] += 1
                to, by = rule.association.to, rule.association.by
                what = _several(by, ids) if ids else f"there is no record with this {by}"
                problem = f"{to} of column {rule.column!r}: {what}"
                if rule.missing == "reject":
                    return replace(row, record=None, code=code, problem=problem)
                row = replace(row, warning=(code, problem))
        return replace(row, links=tuple(links)) if links else row

    def write(self, linked: Sequence[tuple[str, Sequence[Link]]], ask: RunCall) -> list[RecordResult | None]:
        """Associate records. Returns for each why it was not, or None.

        :param linked: record ids and their links.
        :param ask: runs a call.
        :raises PlatformError: on errors that concern every record.
        """
        results: list[RecordResult | None] = [None] * len(linked)
        for number, rule in enumerate(self._rules):
            places: dict[tuple[str, str], list[int]] = {}
            for place, (record, links) in enumerate(linked):
                for link in links:
                    if link.rule == number:
                        places.setdefault((record, link.to_id), []).append(place)
            pairs = list(places)
            refused: dict[tuple[str, str], str] = {}
            for start in range(0, len(pairs), rule.association.batch_max):
                part = pairs[start : start + rule.association.batch_max]
                refused |= self._write(rule.association, part, ask)
            rule.counts["linked"] += len(pairs) - len(refused)
            for pair, reason in refused.items():
                for place in places[pair]:
                    rule.counts["refused"] += 1
                    problem = f"was written, but not associated with {rule.association.to}: {reason}"
                    results[place] = rejected(NOT_ASSOCIATED, problem)
        return results

    def _write(
        self, association: Association, pairs: Sequence[tuple[str, str]], ask: RunCall
    ) -> dict[tuple[str, str], str]:
        try:
            return association.refused(pairs, ask(association.call(pairs)))
        except InvalidRequest as error:
            if error.about_request or association.about_request(error):
                raise
            if len(pairs) == 1:
                same = error.message == self._refusal
                self._refused_alike = self._refused_alike + 1 if same else 1
                self._refusal = error.message
                if self._refused_alike >= _REFUSED_ALIKE:
                    raise
                return {pairs[0]: error.message}
        half = len(pairs) // 2
        return self._write(association, pairs[:half], ask) | self._write(association, pairs[half:], ask)


def _several(name: str, ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_IDS_SHOWN]) + (" ..." if len(ids) > _IDS_SHOWN else "")
    return f"{len(ids)} records have this {name}: {shown}"
