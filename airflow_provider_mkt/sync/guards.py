"""Limits that a sync must keep before its first call, and whether a plan keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted


@dataclass(frozen=True)
class Limit:
    """A number of rows, or a share of those of the last run.

    :param count: a number of rows.
    :param share: a share, 0-1.
    """

    count: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, name: str, value: object) -> Limit | None:
        """Read a parameter: 10, 0.05, ``"10"``, ``"5%"``, or None for no limit.

        :raises InvalidInput: on any other value.
        """
        if value is None or value in ("", "None"):
            return None
        if isinstance(value, str):
            value = _number(name, value.strip())
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(count=value)
        if isinstance(value, float) and 0 <= value <= 1:
            return cls(share=value)
        raise InvalidInput(
            name, f"must be a whole number, or a share from 0 to 1, not {describe_type(value)}"
        )

    def rows(self, last: int | None) -> float | None:
        """Return the limit in rows; None for a share when there was no run.

        :param last: rows of the source in the last run; None without one.
        """
        if self.count is not None:
            return float(self.count)
        return self.share * last if self.share is not None and last is not None else None

    def __str__(self) -> str:
        return f"{self.count:,}" if self.count is not None else f"{self.share:.2%}"


class GuardResult(TypedDict):
    """Whether one limit is kept.

    :param guard: the parameter.
    :param value: the number of rows that it limits.
    :param limit: as it was given; None for a rule without a number.
    :param ok: whether it is kept.
    :param text: a sentence about it.
    """

    guard: str
    value: int
    limit: str | None
    ok: bool
    text: str


@dataclass(frozen=True)
class SyncCounts:
    """The numbers of rows that limits are about.

    :param rows: of the source, all that have a key.
    :param without_key: rows of the source that are not in ``rows``.
    :param last_rows: rows of the source in the last run; None when there was none.
    :param changed: rows that will be written.
    :param removed: rows that are gone from the source and will be removed.
    """

    rows: int
    without_key: int = 0
    last_rows: int | None = None
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Guards:
    """Limits that are checked before the first call.

    :param max_changed: rows that may be new or changed. A share is not judged in a first run.
    :param max_removed: rows that may be removed.
    :param min_rows: rows that the source must have. Without it, an empty source is refused if it had rows in
        the last run; 0 allows it.
    """

    max_changed: Limit | None = None
    max_removed: Limit | None = None
    min_rows: Limit | None = None

    def judge(self, counts: SyncCounts) -> list[GuardResult]:
        """Return whether each limit that applies is kept."""
        results = [self._enough(counts)]
        last = counts.last_rows
        # After a run without rows, as after none, any number of rows is new.
        results.append(_at_most("max_changed", self.max_changed, counts.changed, last or None, "written"))
        results.append(_at_most("max_removed", self.max_removed, counts.removed, last, "removed"))
        return [one for one in results if one is not None]

    def _enough(self, counts: SyncCounts) -> GuardResult | None:
        if self.min_rows is None:
            if counts.rows or not counts.last_rows:
                return None
            what = "the source is empty"
            if counts.without_key:
                what = f"the source has {counted(counts.without_key, 'row')}, none with a key"
            text = f"min_rows: {what}; 0 allows it"
            return GuardResult(guard="min_rows", value=0, limit=None, ok=False, text=text)
        least = self.min_rows.rows(counts.last_rows)
        if least is None:
            return None
        # 0.29 * 100 comes out a little below 29.
        ok = counts.rows >= least - 1e-6
        of_last = f" of the {counts.last_rows:,} of the last run" if self.min_rows.share is not None else ""
        text = f"min_rows: the source has {counted(counts.rows, 'row')}, wanted: at least "
        text += f"{self.min_rows}{of_last}"
        return GuardResult(guard="min_rows", value=counts.rows, limit=str(self.min_rows), ok=ok, text=text)


def broken(results: Sequence[GuardResult]) -> list[str]:
    """Return the sentences about the limits that are not kept."""
    return [one["text"] for one in results if not one["ok"]]


def _at_most(name: str, limit: Limit | None, value: int, last: int | None, done: str) -> GuardResult | None:
    most = limit.rows(last) if limit is not None else None
    if limit is None or most is None:
        return None
    of_last = f" of {last:,} in the last run" if limit.share is not None else ""
    text = f"{name}: {counted(value, 'row')} would be {done}, allowed: {limit}{of_last}"
    return GuardResult(guard=name, value=value, limit=str(limit), ok=value <= most + 1e-6, text=text)


def _number(name: str, text: str) -> int | float:
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise InvalidInput(name, f"must be a number or a percentage, not {describe_type(text)}") from None
