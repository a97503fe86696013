"""Files appear when they are complete, on every storage."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach

from airflow_provider_mkt.operators._files import whole_file, write_rows


@pytest.fixture(params=["local", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStoragePath:
    """A path on this machine, in a directory that is not there yet, and one in another storage."""
    name = "new/dir/rows.jsonl"
    attach("memory", fs=fsspec.filesystem("memory"))
    return ObjectStoragePath(
        f"file://{tmp_path}/{name}" if request.param == "local" else f"memory://{tmp_path.name}/{name}"
    )


def test_a_file_is_not_there_before_it_is_whole(target: ObjectStoragePath) -> None:
    with whole_file(str(target)) as file:
        file.write(b"half")
        assert not target.exists()
        file.write(b" and whole")
    assert target.read_bytes() == b"half and whole"


def test_an_error_leaves_the_file_as_it_was_and_nothing_beside_it(
    target: ObjectStoragePath, tmp_path: Path
) -> None:
    write_rows(str(target), [{"old": 1}])
    with pytest.raises(ZeroDivisionError):
        write_rows(str(target), ({"new": 6 / number} for number in (1, 0)))
    assert json.loads(target.read_text()) == {"old": 1}
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_rows_are_written_as_lines_of_json(target: ObjectStoragePath) -> None:
    rows = [{"name": "Zoë\nof two lines", "half": "\ud83d"}, {"count": 2}]
    assert write_rows(str(target), iter(rows)) == 2
    lines = target.read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows
