"""HubSpot's records, and members of its lists, exported to files."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workers import Worker, context, until

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators import _read_export
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")


def exporting(path: Path | str, **more: Any) -> ExportObjectsOperator:
    arguments: dict[str, Any] = {"properties": ["email", "lastname"], **more}
    return ExportObjectsOperator(
        task_id="export", conn_id="hubspot_default", output_path=f"file://{path}", **arguments
    )


def add(sandbox: Sandbox, count: int) -> list[str]:
    """Add contacts, and return the ids of all."""
    contacts = sandbox.hubspot.state.contacts
    for number in range(count):
        contacts.create({"email": f"c{number}@example.com", "lastname": f"Nr {number}"})
    return [one.id for one in contacts.live()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pages(sandbox: Sandbox) -> int:
    """Pages of contacts that the platform has answered."""
    return sum(
        one.path.startswith("/crm/objects/") and one.path.endswith("/contacts")
        for one in sandbox.hubspot.calls.recent
    )


def test_all_contacts_are_in_the_file_once(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 350)
    outcome = exporting(tmp_path / "contacts.csv").execute(context())
    found = rows(tmp_path / "contacts.csv")
    assert [row["id"] for row in found] == known
    assert list(found[0]) == ["id", "createdAt", "updatedAt", "email", "lastname"]
    assert found[-1]["lastname"] == "Nr 349"
    assert outcome["rows"] == len(known)
    assert outcome["kind"] == "objects"
    assert outcome["bytes"] == (tmp_path / "contacts.csv").stat().st_size


def test_parquet_has_the_types_of_the_platform(sandbox: Sandbox, tmp_path: Path) -> None:
    companies = sandbox.hubspot.state.objects["companies"].store
    companies.create({"name": 'Müller "& Co"\n', "annualrevenue": "12.5", "is_public": "true"})
    companies.create({"name": "null"})
    names = ["name", "annualrevenue", "is_public", "hs_object_id", "hs_lastmodifieddate"]
    exporting(tmp_path / "c.parquet", object_type="companies", properties=names).execute(context())
    table = pq.read_table(tmp_path / "c.parquet")
    types = dict(zip(table.schema.names, table.schema.types, strict=True))
    assert types == {
        "id": pa.string(),
        "createdAt": pa.timestamp("us", tz="UTC"),
        "updatedAt": pa.timestamp("us", tz="UTC"),
        "name": pa.string(),
        "annualrevenue": pa.float64(),
        "is_public": pa.bool_(),
        "hs_object_id": pa.int64(),
        "hs_lastmodifieddate": pa.timestamp("us", tz="UTC"),
    }
    first, second = table.to_pylist()[-2:]
    assert (first["name"], first["annualrevenue"], first["is_public"]) == ('Müller "& Co"\n', 12.5, True)
    assert (second["name"], second["annualrevenue"], second["is_public"]) == ("null", None, None)
    assert str(first["hs_object_id"]) == first["id"]


def test_json_lines_are_compressed_by_their_ending(sandbox: Sandbox, tmp_path: Path) -> None:
    known = add(sandbox, 3)
    exporting(tmp_path / "c.jsonl.gz").execute(context())
    with gzip.open(tmp_path / "c.jsonl.gz", "rt", encoding="utf-8") as file:
        assert [json.loads(line)["id"] for line in file] == known


def test_a_killed_export_continues_where_it_was(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_read_export, "SAVE_ROWS", 300)
    known = add(sandbox, 1000)
    sandbox.hubspot.faults.add(path="/crm/objects/*/contacts", skip=7, delay=60)
    worker = Worker(exporting(tmp_path / "c.csv"))
    until(lambda: sandbox.hubspot.faults.fired)
    worker.kill()
    assert not (tmp_path / "c.csv").exists()
    sandbox.hubspot.calls.clear()
    assert Worker(exporting(tmp_path / "c.csv")).end()["result"]["rows"] == len(known)
    assert [row["id"] for row in rows(tmp_path / "c.csv")] == known
    assert 5 <= pages(sandbox) <= 6
    assert list(tmp_path.iterdir()) == [tmp_path / "c.csv"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"start": "2025-01-02T00:00:00Z"}, "end: is missing"),
        ({"start": "2025-01-02T00:00:00Z", "end": "2025-01-02T00:00:00Z"}, "end: must be after start"),
        ({"output_path": "file:///tmp/c.xlsx"}, "output_path: has the ending .xlsx"),
        ({"if_exists": "append"}, "if_exists: must be one of replace, fail"),
    ],
)
def test_wrong_parameters_are_named_when_the_dag_is_parsed(more: dict[str, Any], named: str) -> None:
    arguments = {"output_path": "file:///tmp/c.csv", **more}
    with pytest.raises(InvalidInput, match=named):
        ExportObjectsOperator(task_id="export", conn_id="hubspot_default", **arguments)


@pytest.mark.usefixtures("sandbox")
def test_an_unknown_property_is_named_before_anything_is_read(tmp_path: Path) -> None:
    named = "properties: 'lastnam' is no property of contacts .did you mean 'lastname'"
    with pytest.raises(AirflowFailException, match=named):
        exporting(tmp_path / "c.csv", properties=["lastnam"]).execute(context())


def test_a_retry_with_another_range_or_other_properties_writes_the_file_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path, midnight = tmp_path / "contacts.csv", "2025-01-01T00:00:00Z"

    def run(**more: Any) -> int:
        return int(exporting(path, start="2020-01-01T00:00:00Z", **more).execute(context())["rows"])

    assert run(end=midnight) == 0
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    count = run(end=end)
    assert count == len(rows(path)) > 0
    read = pages(sandbox)
    assert run(end=end) == count
    assert pages(sandbox) == read
    assert run(end=end, properties=["phone"]) == count
    assert "phone" in rows(path)[0]


@pytest.mark.usefixtures("sandbox")
def test_an_existing_file_is_kept_with_if_exists_fail(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("mine")
    with pytest.raises(AirflowFailException, match="output_path: exists already"):
        exporting(tmp_path / "c.csv", if_exists="fail").execute(context())
    assert (tmp_path / "c.csv").read_text() == "mine"
    exporting(tmp_path / "c.csv").execute(context())
    assert rows(tmp_path / "c.csv")
    # The task's own file is no reason to fail in a later try.
    exporting(tmp_path / "d.csv", if_exists="fail").execute(context("own"))
    exporting(tmp_path / "d.csv", if_exists="fail").execute(context("own", try_number=2))


@pytest.mark.parametrize("in_words", [True, False])
def test_a_long_range_has_a_file_for_each_window(sandbox: Sandbox, tmp_path: Path, in_words: bool) -> None:
    contacts = sandbox.hubspot.state.contacts
    start = pendulum.instance(sandbox.clock.now()).add(seconds=1).start_of("second")
    made = []
    for days in (0, 40, 20):
        sandbox.clock.advance(days * 86_400 + 2)
        made.append(contacts.create({"email": f"after{days}@example.com"}).id)
    sandbox.clock.advance(86_400)
    moments = start, start.add(days=75)
    first, last = (moment.isoformat() if in_words else moment for moment in moments)
    outcome = exporting(tmp_path / "start={window}/part.csv", start=first, end=last).execute(context())
    found = {path.parent.name: [row["id"] for row in rows(path)] for path in tmp_path.glob("*/part.csv")}
    names = [f"start={start.add(days=days):%Y%m%dT%H%M%SZ}" for days in (0, 31, 62)]
    assert found == {names[0]: made[:1], names[1]: made[1:], names[2]: []}
    assert outcome["windows"] == 3
