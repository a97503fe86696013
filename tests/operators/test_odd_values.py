"""Values with line ends, quotes, control characters and halves of characters, in the files of exports."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from export_runs import shorten
from workers import context

from airflow_provider_mkt.operators._files import write_csv
from airflow_provider_mkt.operators._output_formats import convert, output_format
from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits", "variables")

ODD = [
    *(
        "carriage\rreturn",
        "both\r\nends",
        "line\nfeed",
        'a "quoted" one',
        '"',
        "tab\there",
        "a;b,c",
        "  blanks ",
    ),
    *("nul\0here", "next\x85line", "\u2028", "\ufeffmark", "\v\f", "x" * 140_000, "\\", "\\n", "007", "NULL"),
]
HALF = "half \ud83d of a character"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


def read(path: Path) -> list[dict[str, Any]]:
    """Read a file as its users do."""
    match path.suffix:
        case ".parquet":
            rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
            return rows
        case ".jsonl":
            return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
    before = csv.field_size_limit(1_000_000)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_values_of_hubspot_are_in_the_file_as_they_are(sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    contacts = sandbox.hubspot.state.contacts
    known = {contacts.create({"lastname": value}).id: value for value in ODD}
    half = contacts.create({"lastname": HALF}).id
    path = tmp_path / f"c.{ending}"
    ExportObjectsOperator(
        task_id="export",
        conn_id="hubspot_default",
        output_path=f"file://{path}",
        properties=["lastname"],
        method="list",
    ).execute(context())
    found = {row["id"]: row["lastname"] for row in read(path)}
    assert {one: found[one] for one in known} == known
    assert found[half].encode("utf-8", "replace") == b"half ? of a character"


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_values_of_marketo_are_in_the_file_as_they_are(sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    leads, created = sandbox.marketo.state.leads, datetime(2024, 5, 5, tzinfo=UTC)
    known = {str(leads.insert({"lastName": value}, leads.partitions[0], created).id): value for value in ODD}
    path = tmp_path / f"l.{ending}"
    ExportLeadsOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path=f"file://{path}",
        fields=["id", "lastName", "createdAt"],
        start="2024-05-01T00:00:00Z",
        end="2024-05-31T00:00:00Z",
        since="last",
        poll_interval=0.05,
    ).execute(context())
    assert {str(row["id"]): row["lastName"] for row in read(path)} == known


def converted(table: bytes, name: str, types: Mapping[str, str]) -> Any:
    target = io.BytesIO()
    convert(
        io.BytesIO(table),
        target,
        output_format(name, "csv"),
        types,
        raise_if_cancelled=lambda: None,
        log=logging.getLogger(__name__),
    )
    target.seek(0)
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in target.getvalue().splitlines()]
    return pq.read_table(target).to_pylist()


@pytest.mark.parametrize("name", ["l.jsonl", "l.parquet"])
@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            b'id,name\n1,a\rb\n2,"c\rd\n\re"\n3,f\n',
            [{"id": 1, "name": "a\rb"}, {"id": 2, "name": "c\rd\n\re"}, {"id": 3, "name": "f"}],
        ),
        (b"name\na\rb\n", [{"name": "a\rb"}]),
        (b"id,name\r\n1,a\rb\r\n", [{"id": 1, "name": "a\rb"}]),
    ],
)
def test_a_carriage_return_of_marketo_that_is_not_quoted_ends_no_row(
    name: str, table: bytes, rows: list[dict[str, Any]]
) -> None:
    assert converted(table, name, {"id": "integer"}) == rows


@pytest.mark.parametrize("name", ["l.jsonl", "l.parquet"])
def test_bytes_that_are_not_utf_8_are_replaced_and_lose_no_row(name: str) -> None:
    table = b"id,name\n1,M\xfcller\n2,Zo\xc3\xab\nx\xff,\n"
    names = [row["name"] for row in converted(table, name, {"id": "integer"})]
    assert names == ["M\ufffdller", "Zo\xeb", None]


def test_rows_of_a_report_are_quoted_where_they_must_be(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write_csv(str(path), [{"name": "a\rb", "more": None}, {"name": HALF}])
    first, second = read(path)
    assert first == {"name": "a\rb", "more": ""}
    assert second["name"] == "half ? of a character"
