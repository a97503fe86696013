"""Reads records back from the platform, and finds the fields that are not as they were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.sync.changes import Drift, ValueType

READ_AGAIN = (2.0, 5.0)
"""Seconds after which a record that differs is read again: a platform may show a change late."""


@dataclass(frozen=True)
class SentRecord:
    """A record as it was sent.

    :param number: identifies it.
    :param values: field to value.
    :param key: what it is found by.
    :param record_id: the platform's id, if it is known.
    """

    number: int
    values: Mapping[str, object]
    key: str
    record_id: str | None = None


@dataclass
class Differences:
    """The records that are not as they were sent.

    :param read: records that were read back.
    :param fields: number of the record to the fields that differ; none when there is no such record.
    """

    read: int = 0
    fields: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """Records that are not there."""
        return sum(not names for names in self.fields.values())

    @property
    def by_field(self) -> Counter[str]:
        """Records by the field that differs."""
        return Counter(name for names in self.fields.values() for name in names)

    def __str__(self) -> str:
        parts = [f"{name} ({count:,})" for name, count in self.by_field.most_common(10)]
        if self.missing:
            parts.append(f"no record ({self.missing:,})")
        return ", ".join(parts)


class ReadBack:
    """Compares records with what was sent.

    :param task: the run.
    :param types: field to type.
    :param names: the fields to compare; None for all that were sent.
    """

    def __init__(
        self, task: ChangeTask, types: Mapping[str, ValueType], names: Sequence[str] | None = None
    ) -> None:
        self._task, self._types = task, types
        self._names = None if names is None else frozenset(names)

    def differences(self, records: Iterable[SentRecord]) -> Differences:
        """Read records once, batch by batch, and compare them."""
        found = Differences()
        for some in _batches(iter(records), self._task.batch_max):
            self._task.raise_if_cancelled()
            found.read += len(some)
            found.fields.update(self._compare(some))
        return found

    def lasting_differences(self, records: Sequence[SentRecord]) -> Differences:
        """Read records, and those that differ again, in case the platform shows a change late."""
        found = self.differences(records)
        for seconds in READ_AGAIN:
            if not found.fields:
                break
            self._task.writing.operator.sleep(seconds)
            again = [one for one in records if one.number in found.fields]
            found.fields = self.differences(again).fields
        return found

    def _compare(self, records: Sequence[SentRecord]) -> dict[int, tuple[str, ...]]:
        target = self._task.target
        names = sorted({name for one in records for name in self._compared(one)})
        differing: dict[int, tuple[str, ...]] = {}
        for by, some in (
            (target.id_field, [one for one in records if one.record_id]),
            (self._task.key, [one for one in records if not one.record_id]),
        ):
            if not some:
                continue
            stored = target.read(by, [one.record_id or one.key for one in some], names)
            for one in some:
                found = stored.get((one.record_id or one.key).lower(), ())
                if not found:
                    differing[one.number] = ()
                elif len(found) == 1 and (wrong := self._differing(one, found[0].values)):
                    differing[one.number] = wrong
        return differing

    def _differing(self, sent: SentRecord, stored: Mapping[str, object]) -> tuple[str, ...]:
        from airflow_provider_mkt.sync.changes import same_value

        return tuple(
            name
            for name in self._compared(sent)
            if not same_value(sent.values[name], stored.get(name), self._types.get(name))
        )

    def _compared(self, sent: SentRecord) -> Iterator[str]:
        """Yield the fields of a record that can be compared."""
        for name, value in sent.values.items():
            # Added to what is chosen: what the platform has is not what was sent.
            adds = self._types.get(name) == "multiple_add" or str(value).startswith(";")
            if (
                name != self._task.target.id_field
                and not adds
                and (self._names is None or name in self._names)
            ):
                yield name


class Reconciliation:
    """Reads a share of the acknowledged rows back.

    :param task: the run.
    :param types: field to type.
    """

    def __init__(self, task: ChangeTask, types: Mapping[str, ValueType]) -> None:
        self._task, self._read_back = task, ReadBack(task, types)

    def drift(self) -> Drift | None:
        """Return the rows whose records differ from what was acknowledged; None when none are read back."""
        from airflow_provider_mkt.sync.changes import Drift

        task, share = self._task, self._task.options.reconcile
        if not share:
            return None
        kept = frozenset(task.options.kept.names)
        found = self._read_back.differences(
            SentRecord(
                one.position,
                # What the platform keeps is not what was sent.
                {name: value for name, value in (one.row.record or {}).items() if name not in kept},
                one.match_key,
                one.platform_id,
            )
            for one in task.run.acknowledged(share)
        )
        task.tally.reconciled, task.tally.drifted = found.read, len(found.fields)
        log = task.writing.operator.log
        log.info(
            "%s acknowledged rows were read back, %s differ%s",
            f"{found.read:,}",
            f"{len(found.fields):,}",
            f": {found}" if found.fields else "",
        )
        return Drift(found.fields, task.options.reconcile_action == "send")


def _batches(records: Iterator[SentRecord], size: int) -> Iterator[list[SentRecord]]:
    while some := list(islice(records, size)):
        yield some
