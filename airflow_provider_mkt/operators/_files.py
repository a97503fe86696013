"""Files that operators read and write, on any object storage that Airflow supports."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.files import create_directory
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.hooks.state import (
    local_state,
    once_per_task,
    results_path,
    tasks_run_on_several_machines,
)
from airflow_provider_mkt.operators._output_formats import (
    check_json_lines,
    compressed,
    ending_of,
    output_format,
)
from airflow_provider_mkt.operators._parameters import optional_str
from airflow_provider_mkt.sync.rows import csv_writer, json_line

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.operators._output_formats import Compression

log = logging.getLogger(__name__)

_FILESYSTEMS = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "s3a": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
    "sftp": "apache-airflow-providers-sftp[sshfs]",
}
"""The packages whose filesystems paths use most, by scheme."""


def as_path(field: str, value: object) -> str | None:
    """Read a templated path: text or a path object; empty text is the same as None.

    :raises InvalidInput: on any other type.
    """
    if isinstance(value, int):
        raise InvalidInput(field, f"must be a path, not {describe_type(value)}")
    return optional_str(field, str(value) if isinstance(value, (PurePath, ObjectStoragePath)) else value)


def as_lines_path(field: str, value: object) -> str | None:
    """Read a templated path of a file that is written as JSON Lines.

    :raises InvalidInput: on another type, and when the ending promises another format.
    """
    path = as_path(field, value)
    check_json_lines(field, path)
    return path


def as_rows_path(field: str, value: object) -> str | None:
    """Read a templated path of a file whose ending says in which format it is written.

    :raises InvalidInput: on another type, and when the ending is unknown.
    """
    path = as_path(field, value)
    if path is not None:
        if re.match(r"(?!file:)[a-z][a-z0-9+.-]*:/(?!/)", path):
            raise InvalidInput(field, "has one slash after the scheme; write it as s3://bucket/name")
        if path.endswith("/"):
            raise InvalidInput(field, "is a folder: give a file in it")
        output_format(path, "csv")
    return path


def result_path(context: Context, kind: str) -> str:
    """Return the default path of a file for records that a task writes down.

    It is below ``[mkt] results_path``, else on this machine.

    :param kind: ``rejects``, ``warnings`` or ``checks``.
    """
    ti = context["ti"]
    dag, run, task = (re.sub(r"[^\w.+-]", "_", part) for part in (ti.dag_id, ti.run_id, ti.task_id))
    index = f"-{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    name = f"{task}{index}.try{ti.try_number}.jsonl"
    if base := results_path():
        return f"{base}/{kind}/{dag}/{run}/{name}"
    if tasks_run_on_several_machines() and once_per_task(context, "results"):
        log.warning(
            "Files of %s are written on this machine, where other tasks and people may not find them. Set "
            "[mkt] results_path to a place that all machines reach",
            kind,
        )
    directory = local_state().result_files(kind, dag, run)
    # Not as_uri: storage paths take a file URI literally, percent signs included.
    return f"file://{directory / name}"


def open_for_writing(path: str) -> IO[str]:
    """Open a text file for writing, and create its directory if that is on this machine.

    The file is compressed when its name ends in ``.gz`` or ``.zst``.
    """
    target = ObjectStoragePath(path)
    if target.protocol in ("file", ""):
        private_or_existing(target)
    compression = ending_of(path)[1]
    if compression is not None:
        return _CompressedText(target.open("wb"), compression)  # type: ignore[no-untyped-call]
    opened: IO[str] = target.open("w", encoding="utf-8")  # type: ignore[no-untyped-call]
    return opened


class _CompressedText(io.TextIOWrapper):
    """Text that is written compressed to a file, which is closed with it."""

    def __init__(self, file: IO[bytes], compression: Compression) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(file)
        stream = self._stack.enter_context(compressed(file, compression))
        super().__init__(stream, encoding="utf-8", newline="")

    def close(self) -> None:
        super().close()
        self._stack.close()


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
    name = f".{place.name}.{uuid.uuid4().hex}"
    # Beside *path* the file is readable as the user's own files are.
    draft = place.parent / f"{name}.part" if local else local_state().draft(name)
    try:
        with draft.open("x+b" if local else "r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if local:
            draft.replace(place)
        else:
            target.fs.put_file(str(draft), target.path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_lines(path: str) -> Iterator[IO[bytes]]:
    """Open a file for writing lines, as :func:`whole_file` does.

    The file is compressed when its name ends in ``.gz`` or ``.zst``.
    """
    with whole_file(path) as target, compressed(target, ending_of(path)[1]) as file:
        yield file


class PartFiles:
    """Files of lines, written one after another and read together.

    :param path: the directory, on any object storage; created with the first file.
    """

    def __init__(self, path: str) -> None:
        self._directory = ObjectStoragePath(path)

    def write(self, number: int, lines: Sequence[str]) -> None:
        """Write a file; one with the same number is replaced."""
        with open_for_writing(str(self._directory / f"{number:06}.jsonl")) as file:
            file.writelines(lines)

    def read(self) -> Iterator[bytes]:
        """Yield the lines of all files, by their numbers."""
        if self._directory.exists():
            for path in sorted(self._directory.iterdir(), key=lambda path: path.name):
                with open_for_reading(path) as file:
                    yield from file

    def remove(self) -> None:
        """Delete the directory."""
        if self._directory.exists():
            self._directory.rmdir(recursive=True)


def write_rows(path: str, rows: Iterable[object]) -> int:
    """Write rows as JSON Lines to a file that appears when it is complete. Returns the number of rows.

    The file is compressed when its name ends in ``.gz`` or ``.zst``.
    """
    count = 0
    with whole_lines(path) as file:
        for row in rows:
            file.write(json_line(row).encode())
            count += 1
    return count


def write_csv(path: str, rows: Iterable[Mapping[str, object]]) -> int:
    """Write rows as CSV to a file that appears when it is complete. Returns the number of rows.

    The columns are known only after the last row, so the rows are kept in a temporary file until then.
    """
    columns: dict[str, None] = {}
    count = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting, whole_file(path) as target:
        for row in rows:
            columns.update(dict.fromkeys(row))
            waiting.write(json_line(row))
            count += 1
        waiting.seek(0)
        with compressed(target, ending_of(path)[1]) as file:
            encode = csv_writer()
            file.write(encode(columns).encode("utf-8", "replace"))
            for line in waiting:
                row = json.loads(line)
                cells = [row.get(name, "") for name in columns]
                file.write(encode(cells).encode("utf-8", "replace"))
    return count


def open_for_reading(path: ObjectStoragePath) -> IO[bytes]:
    """Open a file for reading.

    :raises FileNotFoundError: when there is no such file.
    """
    opened: IO[bytes] = path.open("rb")  # type: ignore[no-untyped-call]
    return opened


def missing_filesystem(error: Exception) -> str | None:
    """Return which package is missing when a path's scheme has no filesystem here; None for other errors."""
    # Of Airflow, and of the library of paths, which knows fewer schemes.
    found = re.fullmatch(
        r"No filesystem registered for scheme (?P<of_airflow>\S+)|Unsupported filesystem: '(?P<of_path>\S+)'",
        str(error),
    )
    if found is None:
        return None
    scheme = found["of_airflow"] or found["of_path"]
    package = _FILESYSTEMS.get(scheme)
    problem = f"no Airflow provider that is installed on this worker has a filesystem for {scheme}://"
    return f"{problem}. Install {package}" if package else problem


def private_or_existing(target: ObjectStoragePath) -> None:
    """Create a missing local directory, readable by this user only: the files hold people's data."""
    parent = Path(target.path).parent
    if not parent.exists():
        create_directory(parent)
