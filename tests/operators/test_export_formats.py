"""The ending of an export's path says what is in the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_runs import jobs, shorten
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput, JobFailed
from airflow_provider_mkt.operators._output_formats import OutputFormat, convert, output_format
from airflow_provider_mkt.operators.exports import (
    ExportActivitiesOperator,
    ExportLeadsOperator,
    ExportProgramMembersOperator,
)
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.version_compat import AirflowFailException

RANGE = {"start": "2024-05-01T00:00:00Z", "end": "2024-05-31T00:00:00Z"}


pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def leads(sandbox: Sandbox) -> list[int]:
    store = sandbox.marketo.state.leads
    values: list[dict[str, Any]] = [
        {"email": "a@example.com", "lastName": 'Ä "quoted"\nline', "leadScore": 7, "unsubscribed": True},
        {"email": "b@example.com", "dateOfBirth": "1990-02-03"},
        {"email": "c@example.com", "lastName": "null", "annualRevenue": 1.5, "unsubscribed": False},
    ]
    created = datetime(2024, 5, 5, 9, 30, tzinfo=UTC)
    return [store.insert(one, store.partitions[0], created).id for one in values]


def export(path: Path | str, **arguments: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "fields": ["id", "email", "lastName", "createdAt", "dateOfBirth", "annualRevenue", "unsubscribed"],
        **RANGE,
        **arguments,
    }
    operator = ExportLeadsOperator(
        task_id="export", conn_id="marketo_default", output_path=str(path), poll_interval=0.05, **given
    )
    outcome: dict[str, Any] = operator.execute(context())
    return outcome


def decompress_zstd(content: bytes) -> bytes:
    with pa.CompressedInputStream(io.BytesIO(content), "zstd") as stream:
        read: bytes = stream.read()
        return read


@pytest.mark.parametrize(
    ("ending", "read"),
    [
        (".csv", bytes),
        (".csv.gz", gzip.decompress),
        (".CSV.ZST", decompress_zstd),
        (".txt.gzip", gzip.decompress),
    ],
)
def test_a_table_is_compressed_as_its_name_says(
    sandbox: Sandbox, leads: list[int], tmp_path: Path, ending: str, read: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"leads{ending}"
    outcome = export(path)
    content = path.read_bytes()
    assert read(content).startswith(b"id,email,lastName,createdAt,")
    assert b'"\xc3\x84 ""quoted""\nline"' in read(content)
    assert (outcome["rows"], outcome["bytes"]) == (3, len(content))
    assert outcome["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("ending", "delimiter"), [(".tsv", "\t"), (".ssv", ";"), (".csv", ",")])
def test_the_ending_chooses_the_delimiter(
    sandbox: Sandbox, leads: list[int], tmp_path: Path, ending: str, delimiter: str
) -> None:
    export(tmp_path / f"leads{ending}", fields=["id", "email"])
    assert (tmp_path / f"leads{ending}").read_text().startswith(f"id{delimiter}email\n")
    (job,) = jobs(sandbox)
    assert job.format.lower() == ending[1:]


def test_json_lines_have_types_and_nulls(sandbox: Sandbox, leads: list[int], tmp_path: Path) -> None:
    path = tmp_path / "leads.jsonl.gz"
    outcome = export(path, column_headers={"id": "lead"})
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert outcome["rows"] == 3
    assert rows[0] == {
        "lead": leads[0],
        "email": "a@example.com",
        "lastName": 'Ä "quoted"\nline',
        "createdAt": "2024-05-05T09:30:00Z",
        "dateOfBirth": None,
        "annualRevenue": None,
        "unsubscribed": True,
    }
    assert rows[1]["dateOfBirth"] == "1990-02-03"
    assert (rows[2]["annualRevenue"], rows[2]["unsubscribed"]) == (1.5, False)


def test_parquet_has_types_and_nulls(sandbox: Sandbox, leads: list[int], tmp_path: Path) -> None:
    path = tmp_path / "leads.parquet"
    outcome = export(path)
    table = pq.read_table(path)
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "int64",
        "email": "string",
        "lastName": "string",
        "createdAt": "timestamp[us, tz=UTC]",
        "dateOfBirth": "date32[day]",
        "annualRevenue": "double",
        "unsubscribed": "bool",
    }
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == leads
    assert rows[0]["createdAt"] == datetime(2024, 5, 5, 9, 30, tzinfo=UTC)
    assert rows[0]["lastName"] == 'Ä "quoted"\nline'
    assert rows[1]["dateOfBirth"] == date(1990, 2, 3)
    assert (rows[1]["lastName"], rows[2]["annualRevenue"], rows[2]["unsubscribed"]) == (None, 1.5, False)
    assert outcome["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv.gz"])
def test_a_file_without_rows_and_one_file_per_window(sandbox: Sandbox, tmp_path: Path, ending: str) -> None:
    more = {"start": "2024-05-01T00:00:00Z", "end": "2024-06-20T00:00:00Z"}
    outcome = export(f"{tmp_path}/{{window}}{ending}", **more)
    assert [file["rows"] for file in outcome["files"]] == [0, 0]
    for file in outcome["files"]:
        path = Path(file["path"].removeprefix("file://"))
        if ending == ".parquet":
            table = pq.read_table(path)
            assert (table.num_rows, table.num_columns) == (0, 7)
        elif ending == ".jsonl":
            assert path.read_bytes() == b""
        else:
            assert gzip.decompress(path.read_bytes()).startswith(b"id,email")


def test_activities_and_members_have_types_too(sandbox: Sandbox, tmp_path: Path) -> None:
    common: dict[str, Any] = {"task_id": "export", "conn_id": "marketo_default", "poll_interval": 0.05}
    path = tmp_path / "activities.parquet"
    ExportActivitiesOperator(output_path=str(path), **RANGE, **common).execute(context())
    types = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert types["leadId"] == types["activityTypeId"] == types["campaignId"] == "int64"
    assert (types["activityDate"], types["attributes"]) == ("timestamp[us, tz=UTC]", "string")
    path = tmp_path / "members.pq"
    members = ExportProgramMembersOperator(
        output_path=str(path),
        fields=["leadId", "statusName", "reachedSuccess", "membershipDate"],
        program_ids=[seed.NURTURE_PROGRAM],
        **common,
    )
    members.execute(context())
    types = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert (types["programId"], types["leadId"], types["reachedSuccess"]) == ("int64", "int64", "bool")
    assert (types["statusName"], types["membershipDate"]) == ("string", "timestamp[us, tz=UTC]")


def test_without_the_permission_to_read_types_all_columns_are_text(
    sandbox: Sandbox, leads: list[int], tmp_path: Path
) -> None:
    sandbox.marketo.faults.add("*/describe2.json", answer={"code": "603"})
    export(tmp_path / "leads.parquet")
    assert {str(field.type) for field in pq.read_schema(tmp_path / "leads.parquet")} == {"string"}


@pytest.mark.parametrize(
    ("path", "file_format", "field"),
    [
        ("leads.xlsx", "csv", "output_path"),
        ("leads.json", "csv", "output_path"),
        ("leads.zip", "csv", "output_path"),
        ("leads.csv.bz2", "csv", "output_path"),
        ("leads.avro.gz", "csv", "output_path"),
        ("leads.parquet.gz", "csv", "output_path"),
        ("leads.parquet", "tsv", "file_format"),
        ("leads.jsonl", "ssv", "file_format"),
        ("leads.tsv", "ssv", "file_format"),
    ],
)
def test_what_is_not_written_is_refused_at_parse_and_before_a_job_is_created(
    sandbox: Sandbox, tmp_path: Path, path: str, file_format: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        export(tmp_path / path, file_format=file_format)
    assert refused.value.field == field
    operator = ExportLeadsOperator(
        task_id="export",
        conn_id="marketo_default",
        fields=["id"],
        output_path="{{ path }}",
        file_format=file_format,
        **RANGE,
    )
    operator.output_path = str(tmp_path / path)
    with pytest.raises(AirflowFailException, match=field):
        operator.execute(context())
    assert not jobs(sandbox)


@pytest.mark.parametrize(
    ("path", "file_format", "expected"),
    [
        ("leads", "csv", OutputFormat("table", "csv")),
        ("leads.csv", "ssv", OutputFormat("table", "ssv")),
        ("s3://b/x/leads.2025.01", "csv", OutputFormat("table", "csv")),
        ("leads-{window}.ndjson.zst", "csv", OutputFormat("jsonl", "csv", "zstd")),
        ("leads.gz", "tsv", OutputFormat("table", "tsv", "gzip")),
        ("{window}.pq", "csv", OutputFormat("parquet", "csv")),
    ],
)
def test_endings(path: str, file_format: str, expected: OutputFormat) -> None:
    assert output_format(path, file_format) == expected


def test_a_missing_library_is_named_before_a_job_is_created(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for ending in (".parquet", ".csv.zst"):
        with pytest.raises(AirflowFailException, match=r"pip install 'airflow-provider-mkt\[files\]'"):
            export(tmp_path / f"leads{ending}")
    assert not jobs(sandbox)


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, *args: object) -> None: ...

    def warning(self, message: str, *args: object) -> None:
        self.lines.append(message % args)


def converted(content: bytes, types: dict[str, str], log: Log | None = None) -> list[dict[str, Any]]:
    target = io.BytesIO()
    output = OutputFormat("parquet", "csv")
    convert(io.BytesIO(content), target, output, types, raise_if_cancelled=lambda: None, log=log or Log())
    rows: list[dict[str, Any]] = pq.read_table(target).to_pylist()
    return rows


def test_a_column_whose_values_are_not_of_its_type_is_text() -> None:
    log = Log()
    content = b"a,b\n1,2\nsecret,2\n"
    assert converted(content, {"a": "integer", "b": "integer"}, log) == [
        {"a": "1", "b": 2},
        {"a": "secret", "b": 2},
    ]
    assert log.lines == ["Column 'a' has values that are no integer; it is written as text"]


def test_a_row_may_be_larger_than_what_is_read_at_once() -> None:
    long = "ä" * 1_500_000
    content = f"a,b\n1,{long}\n2,short\n".encode()
    assert converted(content, {"a": "integer"}) == [{"a": 1, "b": long}, {"a": 2, "b": "short"}]


def test_a_file_that_is_no_table_fails_without_its_values() -> None:
    with pytest.raises(JobFailed) as failed:
        converted(b"a,b\nsecret,2,3\n", {})
    assert "secret" not in str(failed.value)


@pytest.mark.usefixtures("from_templates")
def test_a_result_of_json_lines_is_compressed_or_refused_by_its_name(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def run(path: str) -> dict[str, Any]:
        operator = MarketoOperator(
            task_id="t", conn_id="marketo_default", call="channels.list", output_path=str(tmp_path / path)
        )
        outcome: dict[str, Any] = operator.execute(context())
        return outcome

    rows = run("channels.jsonl")["rows"]
    plain = (tmp_path / "channels.jsonl").read_bytes()
    assert plain.count(b"\n") == rows > 1
    run("channels.jsonl.gz")
    assert gzip.decompress((tmp_path / "channels.jsonl.gz").read_bytes()) == plain
    run("channels.ndjson.zst")
    assert decompress_zstd((tmp_path / "channels.ndjson.zst").read_bytes()) == plain
    for path in ("channels.csv", "channels.parquet", "channels.json", "channels.csv.gz"):
        with pytest.raises(AirflowFailException, match=r"output_path: has the ending .* use \.jsonl"):
            run(path)
        assert not (tmp_path / path).exists()


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "fields"),
    [
        (SyncLeadsOperator, ("rejects_path", "outcomes_path")),
        (ImportLeadsOperator, ("rejects_path", "warnings_path")),
        (AddToListOperator, ("rejects_path",)),
    ],
)
def test_files_of_results_are_compressed_or_refused_by_their_names(
    sandbox: Sandbox, tmp_path: Path, operator: Any, fields: tuple[str, ...]
) -> None:
    source = tmp_path / "leads.csv"
    source.write_text("email\nada@example.com\nno address\nADA@example.com\n")
    given: dict[str, Any] = {"source": str(source), "lookup_field": "email"}
    if operator is AddToListOperator:
        given = {"leads": ["nobody@example.com"], "list_id": str(hubspot_seed.LIST_ID)}
    elif operator is ImportLeadsOperator:
        given |= {"poll_interval": 0.05}

    def run(**paths: str) -> None:
        one = operator(task_id="t", conn_id="hubspot_default", max_rejected=None, **given, **paths)
        one.execute(context(run="".join(paths.values()).replace("/", "_")))

    for field in fields:
        for ending in ("csv", "parquet", "json.gz"):
            with pytest.raises(AirflowFailException, match=rf"{field}: has the ending .* use \.jsonl"):
                run(**{field: f"{tmp_path}/{field}.{ending}"})
    assert not any(method == "POST" for method, _ in sandbox.hubspot.calls.routes)

    def read(ending: str) -> list[bytes]:
        return [(tmp_path / f"{field}.{ending}").read_bytes() for field in fields]

    for ending in ("jsonl", "jsonl.gz", "ndjson.zst"):
        run(**{field: f"{tmp_path}/{field}.{ending}" for field in fields})
    plain = read("jsonl")
    assert all(plain)
    assert [gzip.decompress(content) for content in read("jsonl.gz")] == plain
    assert [decompress_zstd(content) for content in read("ndjson.zst")] == plain


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("path", "file_format", "problem"),
    [
        ("s.csv.gz", None, None),
        ("s", "csv", None),
        ("s.jsonl", "csv", "file_format: is csv"),
        ("s.csv", "jsonl", "file_format: is jsonl"),
        ("s.parquet", None, None),
    ],
)
def test_statistics_are_written_as_the_name_says(
    sandbox: Sandbox, tmp_path: Path, path: str, file_format: str | None, problem: str | None
) -> None:
    operator = EmailStatisticsOperator(
        task_id="t",
        conn_id="hubspot_default",
        output_path=str(tmp_path / path),
        breakdown="total",
        file_format=file_format,
    )
    if problem:
        with pytest.raises(AirflowFailException, match=problem):
            operator.execute(context())
        return
    operator.execute(context())
    content = (tmp_path / path).read_bytes()
    beginning = b"PAR1" if path.endswith(".parquet") else b"emails,"
    assert (gzip.decompress(content) if path.endswith(".gz") else content).startswith(beginning)
