"""Import the rows of a file of custom objects."""

from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.custom_objects.links import check_links
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.imports.rows import ROWS_AT_ONCE
from airflow_provider_mkt.sandbox.marketo.imports.store import COMPLETE, ImportJob
from airflow_provider_mkt.sandbox.marketo.object_calls import ACTIONS, Objects
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

_REASONS = {"1001": "invalid.data.type", "1004": "lead.not.found", "1006": "field.not.found"}
"""Reasons of failed rows are keys, not texts as they are for leads. Of these, Marketo documents the one of a
row without its key only."""
_NO_KEY = "missing.dedupe.fields"


class ObjectImportRun:
    """Imports the rows of a job, some at a time.

    A header without the key fails every row, and the job is complete all the same.
    """

    def __init__(self, state: MarketoState, job: ImportJob) -> None:
        self._state, self._job = state, job
        self._next = 0
        self._rows: list[list[str]] = []
        self._store = state.custom_objects.live(job.object_name or "")
        self._key = self._store.model.dedupe_fields
        self._objects = Objects(lambda request: self._store, check_links(self._store.model), of_crm=False)

    def search(self, at: datetime) -> int:
        """Take the next rows, and return their number."""
        self._rows = self._job.rows[self._next : self._next + ROWS_AT_ONCE]
        self._next += len(self._rows)
        return len(self._rows)

    def write(self, at: datetime) -> None:
        """Write the rows that were taken last."""
        job = self._job
        for row in self._rows:
            try:
                self._write(row)
            except MarketoError as error:
                job.failures.append((row, _REASONS.get(error.code, error.message)))
            else:
                job.processed += 1

    def _write(self, row: list[str]) -> None:
        if len(row) != len(self._job.header):
            raise MarketoError(1003, "wrong.number.of.columns")
        record: dict[str, object] = dict(zip(self._job.header, row, strict=True))
        if any(not str(record.get(name) or "").strip() for name in self._key):
            raise MarketoError(1002, _NO_KEY)
        self._objects.write(self._state, self._store, ACTIONS[0], self._key, record)

    def finish(self) -> None:
        """Set the final status of the job."""
        job = self._job
        job.status = COMPLETE
        job.message = f"Import succeeded, {job.processed} records imported"
        if job.failures:
            job.message = (
                f"Import completed with errors, {job.processed} records imported, {len(job.failures)} failed"
            )
