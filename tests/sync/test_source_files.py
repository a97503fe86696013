"""Files of every kind give the same rows, a piece at a time."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.files import FileSource, Kind, kind_of
from airflow_provider_mkt.sync.rows import Blank, of_table

PEOPLE = [{"email": f"p{number}@example.com", "city": "Zürich\nWest"} for number in range(30_000)]


def csv_bytes() -> bytes:
    lines = ["email,city", *(f'{one["email"]},"{one["city"]}"' for one in PEOPLE)]
    return ("\n".join(lines) + "\n").encode()


def jsonl_bytes() -> bytes:
    return "".join(json.dumps(one) + "\n" for one in PEOPLE).encode()


def parquet_bytes() -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(PEOPLE), sink)
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


FILES = {
    "leads.csv": csv_bytes,
    "leads.csv.gz": lambda: gzip.compress(csv_bytes()),
    "leads.csv.zst": lambda: zstd(csv_bytes()),
    "leads.jsonl": jsonl_bytes,
    "leads.ndjson.gz": lambda: gzip.compress(jsonl_bytes()),
    "leads.jsonl.zst": lambda: zstd(jsonl_bytes()),
    "leads.parquet": parquet_bytes,
}


def source(path: Path, blank: Blank = "omit") -> FileSource:
    return FileSource(lambda: path.open("rb"), path.stat().st_size, kind_of(path.name), blank=blank)


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    with source(path) as file:
        assert file.columns() in (["email", "city"], None)
        assert [row.record for row in file.rows()] == PEOPLE


@pytest.mark.parametrize("name", FILES)
def test_the_number_of_rows_is_estimated_while_they_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    with source(path) as file:
        rows = file.rows()
        for _ in range(10_000):
            next(rows)
        reported = file.expected(10_000)
        assert reported is not None
        # A compressed file is read in larger pieces, and so its end is reached sooner.
        assert 0.3 * len(PEOPLE) <= reported <= 1.7 * len(PEOPLE)


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("a.csv", Kind("csv")),
        ("A.CSV.GZ", Kind("csv", "gzip")),
        ("x.y.ndjson", Kind("jsonl")),
        ("a.jsonl.zst", Kind("jsonl", "zstd")),
        ("a.parquet", Kind("parquet")),
    ],
)
def test_a_files_name_shows_its_format(name: str, reported: Kind) -> None:
    assert kind_of(name) == reported


@pytest.mark.parametrize("name", ["leads", "leads.xlsx", ".csv", "leads.gz", "leads.parquet.gz"])
def test_a_name_that_does_not_show_the_format_is_an_error(name: str) -> None:
    with pytest.raises(InvalidInput, match="source_format"):
        kind_of(name)


def test_a_format_can_be_given_and_an_unknown_one_is_refused() -> None:
    assert kind_of("leads.txt.gz", "csv") == Kind("csv", "gzip")
    with pytest.raises(InvalidInput, match="must be one of"):
        kind_of("leads.csv", "xlsx")


@pytest.mark.parametrize("name", ["leads.csv.gz", "leads.csv.zst", "leads.parquet"])
def test_a_file_that_has_not_the_format_of_its_name_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"email\na@example.com\n")
    with pytest.raises(InvalidInput, match="source"), source(path) as file:
        file.columns()


@pytest.mark.parametrize("name", ["leads.csv.gz", "leads.jsonl.gz"])
def test_a_truncated_compressed_file_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    content = csv_bytes() if "csv" in name else jsonl_bytes()
    path.write_bytes(gzip.compress(content)[:-2000])
    with pytest.raises(InvalidInput, match="cannot be decompressed"), source(path) as file:
        list(file.rows())


class TestTables:
    def values(self, blank: Blank = "omit", **given: Any) -> Any:
        (row,) = of_table([given], blank=blank)
        return row.record

    def test_numbers_of_a_database_become_numbers_of_json_as_long_as_nothing_is_lost(self) -> None:
        assert self.values(a=Decimal("12.50"), b=Decimal("7.00"), c=Decimal("0.1234567890123456789")) == {
            "a": 12.5,
            "b": 7,
            "c": "0.1234567890123456789",
        }

    def test_times_stay_times(self) -> None:
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        assert self.values(a=moment, b=date(2026, 1, 31)) == {"a": moment, "b": date(2026, 1, 31)}

    def test_null_is_left_alone_or_clears(self) -> None:
        assert self.values(a=None, b=1) == {"b": 1}
        assert self.values("clear", a=None, b=1) == {"a": None, "b": 1}
