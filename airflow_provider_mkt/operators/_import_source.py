"""The file of a bulk import, and what is remembered of it between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._files import open_for_reading
from airflow_provider_mkt.state.settings import state_directory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.sync.import_progress import SharedMark
    from airflow_provider_mkt.sync.mapping import FieldMapping
    from airflow_provider_mkt.sync.rows import Row


class ImportFile:
    """A file of leads that is read more than once.

    :param path: where it is.
    :param file_format: where its name does not tell.
    :param mapping: from its columns to the platform's fields.
    :raises InvalidInput: when there is no such file, or its format is unknown.
    """

    def __init__(self, path: str, file_format: str | None, mapping: FieldMapping) -> None:
        from airflow_provider_mkt.sync.files import kind_of

        self._path = ObjectStoragePath(path)
        self._kind = kind_of(self._path.name, file_format)
        self._mapping = mapping
        try:
            self._size = self._path.stat().st_size
        except FileNotFoundError:
            raise InvalidInput("source", f"there is no file {path}") from None

    @contextmanager
    def rows(self) -> Iterator[Iterator[Row]]:
        """Its rows from the first, with the platform's fields."""
        from airflow_provider_mkt.sync.files import FileSource

        with FileSource(lambda: open_for_reading(self._path), self._size, self._kind, blank="clear") as file:
            yield self._mapping.apply(file.rows())

    def columns(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        """The platform's fields that it has, in order.

        :raises InvalidInput: when one of them is unknown, the key is not among them, or two columns become
            one field.
        """
        from airflow_provider_mkt.sync.files import FileSource

        with FileSource(lambda: open_for_reading(self._path), self._size, self._kind) as file:
            given = file.columns()
        if given is None:
            return self._fields_of_rows(known_fields, key_column)
        columns = self._mapping.fields(given) if given else [key_column]
        unknown = [name for name in columns if known_fields is not None and name not in known_fields]
        if unknown:
            raise InvalidInput("source", f"column {unknown[0]!r} is no field of a lead; nothing was sent")
        if key_column not in columns:
            raise InvalidInput("source", f"has no column {key_column!r}, the key; nothing was sent")
        return columns

    def _fields_of_rows(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        """The fields of all rows together, where each brings its own."""
        fields = {key_column: None}
        with self.rows() as rows:
            for row in rows:
                fields.update(dict.fromkeys(row.record or ()))
        return [name for name in fields if known_fields is None or name in known_fields]


def shared_mark(digest: str) -> SharedMark:
    """What all tasks on this machine (or that share ``[mkt] state_dir``) know of one file."""
    from airflow_provider_mkt.sync.import_progress import SharedMark

    return SharedMark(state_directory() / "imports" / f"{digest[:32]}.json")


def import_name(context: Context, digest: str) -> str:
    """What an import of this run of this task is called on the platform."""
    ti = context["ti"]
    run = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index), digest))
    return f"{ti.dag_id}.{ti.task_id} {hashlib.sha256(run.encode()).hexdigest()[:12]}"
