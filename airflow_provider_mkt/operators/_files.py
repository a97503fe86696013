"""Files that operators read and write, on any object storage that Airflow supports."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_mkt.client.files import private_directory
from airflow_provider_mkt.hooks.state import local_state
from airflow_provider_mkt.operators._parameters import optional_str
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def as_path(field: str, value: object) -> str | None:
    """Read a templated path: text or a path object; empty text is the same as None.

    :raises InvalidInput: on any other type.
    """
    return optional_str(field, str(value) if isinstance(value, (PurePath, ObjectStoragePath)) else value)


def result_path(context: Context, kind: str) -> str:
    """Return the path of a file of this machine for records that a task writes down.

    :param kind: ``rejects`` or ``warnings``.
    """
    ti = context["ti"]
    dag, run, task = (re.sub(r"[^\w.+-]", "_", part) for part in (ti.dag_id, ti.run_id, ti.task_id))
    index = f"-{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    directory = local_state().result_files(kind, dag, run)
    # Not as_uri: storage paths take a file URI literally, percent signs included.
    return f"file://{directory / f'{task}{index}.try{ti.try_number}.jsonl'}"


def open_for_writing(path: str) -> IO[str]:
    """Open a text file for writing, and create its directory if that is on this machine."""
    target = ObjectStoragePath(path)
    if target.protocol in ("file", ""):
        private_or_existing(target)
    opened: IO[str] = target.open("w", encoding="utf-8")  # type: ignore[no-untyped-call]
    return opened


@contextmanager
def whole_file(path: str) -> Iterator[IO[bytes]]:
    """Open a file for writing and reading back. It appears at *path* when the block ends without an error,
    and not at all when it ends with one or the process is killed.

    The data goes to a temporary file on this machine: beside *path* if that is on this machine too, else to
    one that is uploaded at the end.
    """
    target = ObjectStoragePath(path)
    local = target.protocol in ("file", "")
    if local:
        private_or_existing(target)
    place = Path(target.path)
    # tempfile is not used beside *path*: its files are readable by one user only.
    directory = place.parent if local else Path(tempfile.gettempdir())
    draft = directory / f".{place.name}.{uuid.uuid4().hex}.part"
    try:
        with draft.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if local:
            draft.replace(place)
        else:
            target.fs.put_file(str(draft), target.path)
    finally:
        draft.unlink(missing_ok=True)


def write_rows(path: str, rows: Iterable[object]) -> int:
    """Write rows as JSON Lines to a file that appears when it is complete. Returns the number of rows."""
    count = 0
    with whole_file(path) as file:
        for row in rows:
            file.write(json_line(row).encode())
            count += 1
    return count


def write_csv(path: str, rows: Iterable[Mapping[str, object]]) -> int:
    """Write rows as CSV to a file that appears when it is complete. Returns the number of rows.

    The columns are known only after the last row, so the rows are kept in a temporary file until then.
    """
    import csv

    columns: dict[str, None] = {}
    count = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting, whole_file(path) as file:
        for row in rows:
            columns.update(dict.fromkeys(row))
            waiting.write(json_line(row))
            count += 1
        waiting.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.DictWriter(text, list(columns), lineterminator="\n")
        writer.writeheader()
        for line in waiting:
            writer.writerow(json.loads(line))
        text.detach()
    return count


def open_for_reading(path: ObjectStoragePath) -> IO[bytes]:
    """Open a file for reading.

    :raises FileNotFoundError: when there is no such file.
    """
    opened: IO[bytes] = path.open("rb")  # type: ignore[no-untyped-call]
    return opened


def private_or_existing(target: ObjectStoragePath) -> None:
    """Create a missing local directory, readable by this user only: the files hold people's data."""
    parent = Path(target.path).parent
    if not parent.exists():
        private_directory(parent)
