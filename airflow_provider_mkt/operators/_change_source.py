"""Reads the whole source of a sync that compares, before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from airflow_provider_mkt.operators._change_task import key_of, raw_values
from airflow_provider_mkt.operators._suppression import Suppression
from airflow_provider_mkt.sync.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.operators._lead_source import LeadSource


class SourceReader:
    """Hands the rows of a source to the run of a state.

    :param task: the run.
    :param source: the rows.
    """

    def __init__(self, task: ChangeTask, source: LeadSource) -> None:
        self._task, self._source = task, source
        self._digest = 0

    def read(self) -> None:
        """Read the whole source. What cannot be sent is found here, before anything is sent."""
        task, options = self._task, self._task.options
        writer = task.writing.writer
        hook = task.writing.hook
        suppression = Suppression.read(hook, options.suppress, options.suppress_list_id, options.consent)
        key_fields = task.target.key_fields
        row_columns = [options.row_key] if options.row_key else [*map(self._source.key_column, key_fields)]
        with ExitStack() as stack:
            rows = self._source.open(stack, task.writing.key, task.known_fields).rows
            waiting: deque[Row] = deque()
            applied = suppression.applied(
                self._checked_rows(rows, waiting), hook, task.key, task.target.id_field, task.batch_max
            )
            for count, (checked, refusal) in enumerate(applied, start=1):
                row = waiting.popleft()
                if refusal is not None:
                    checked = replace(checked, record=None, code=refusal.code, problem=refusal.reason)
                record = checked.record
                task.fields.update(record or ())
                if record is None and row.record is not None:
                    record = writer.prepare(row.record)
                match = None if record is None else key_of(record, key_fields)
                by_column = options.row_key or row.record is None
                row_key = key_of(raw_values(row), row_columns) if by_column else match
                beside = task.compared_beside(checked)
                task.run.add(checked, row_key, match, beside)
                self._add_to_digest(checked, row_key, beside)
                if count % 1_000 == 0:
                    task.raise_if_cancelled()

    @property
    def digest(self) -> str:
        """Of the rows that were read, whatever their order. Only for a plan."""
        return f"{self._digest % 2**128:032x}"

    def _checked_rows(self, rows: Iterable[Row], waiting: deque[Row]) -> Iterator[Row]:
        """Yield rows as they are sent.

        :param waiting: gets each row as it was read.
        """
        for row in rows:
            waiting.append(row)
            yield self._checked(row)

    def _checked(self, row: Row) -> Row:
        """Return a row as it is sent, or with the reason why it is not."""
        if row.record is None:
            return row
        task, writer = self._task, self._task.writing.writer
        record = writer.prepare(row.record)
        problem = task.known_fields.problem_of(record) or writer.check(record)
        if problem is not None:
            return replace(row, record=None, code=problem.code, problem=problem.reason)
        return replace(row, record=record)

    def _add_to_digest(self, row: Row, row_key: object, beside: Mapping[str, object]) -> None:
        if not self._task.options.dry_run and self._task.options.plan is None:
            return
        text = json.dumps([row_key, row.record, row.code, *beside.items()], default=str, sort_keys=True)
        self._digest += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest())
