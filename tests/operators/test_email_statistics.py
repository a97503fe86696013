"""Statistics of emails are written to files that are complete or do not exist."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow_runs import Airflow
from workers import Worker, context, until

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.version_compat import AirflowFailException

TOTALS = "/marketing/emails/2026-09/statistics/list"


def writing(path: Any, **more: Any) -> EmailStatisticsOperator:
    arguments = {"conn_id": "hubspot_default", "output_path": path, **more}
    return EmailStatisticsOperator(task_id="statistics", **arguments)


@pytest.fixture
def sent(sandbox: Sandbox) -> list[str]:
    """Two sent emails: to a list of three people, and to all five."""
    emails = sandbox.hubspot.state.emails
    newsletter = emails.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None
    emails.publish(newsletter)
    sandbox.clock.advance(3600)
    return [hubspot.NEWSLETTER_EMAIL, hubspot.PUBLISHED_EMAIL]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("version", PROFILES)
def test_every_breakdown_adds_up(
    airflow: Airflow,
    sandbox: Sandbox,
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    version: str,
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    start = sandbox.clock.now().replace(microsecond=0).isoformat()
    run = airflow.run(f"""
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
for breakdown in ("email", "campaign", "total", "day"):
    EmailStatisticsOperator(task_id=breakdown, conn_id="hubspot_default", breakdown=breakdown,
        start="{{{{ macros.datetime.fromisoformat('{start}') - macros.timedelta(days=2) }}}}", end="{start}",
        output_path="file://{tmp_path}/{{{{ task.task_id }}}}.jsonl")
""")
    assert run.state == "success", run.log[-3000:]
    assert run.returned["email"] == {
        "outcome": "email_statistics",
        "platform": "hubspot",
        "breakdown": "email",
        "rows": 2,
        "path": f"file://{tmp_path}/email.jsonl",
    }
    assert run.returned["day"]["breakdown"] == "DAY"
    rows = {name: read(tmp_path / f"{name}.jsonl") for name in ("email", "campaign", "total", "day")}
    assert {row["email_id"]: row["counters"]["sent"] for row in rows["email"]} == dict(
        zip(sent, (5, 3), strict=True)
    )
    for name, found in rows.items():
        assert sum(row["counters"].get("sent", 0) for row in found) == 8, name
    assert rows["total"][0]["emails"] == 2
    assert {*rows["day"][0]} >= {"start", "end", "counters"}


def test_csv_has_one_column_per_value(
    sandbox: Sandbox, short_waits: None, sent: list[str], tmp_path: Path
) -> None:
    outcome = writing(tmp_path / "new" / "f.csv", email_ids=f"[{sent[0]}, 404]").execute(context())
    assert outcome["rows"] == 2
    with (tmp_path / "new" / "f.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["email_id"], first["sent"], first["deliveredratio"]) == (sent[0], "5", "100.0")
    assert first["open_device_type.computer"].isdecimal()
    assert (second["email_id"], second["sent"]) == ("404", "")
    nothing = writing(tmp_path / "none", file_format="csv", end="2020-01-01T00:00:00Z").execute(context())
    assert nothing["rows"] == 0
    assert (tmp_path / "none").read_text().strip() == ""


def test_the_file_appears_when_it_is_complete_and_a_retry_writes_it(
    sandbox: Sandbox, short_waits: None, sent: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("before")
    sandbox.hubspot.faults.add(TOTALS, skip=2, delay=30)
    worker = Worker(writing(path))
    until(lambda: sandbox.hubspot.calls.of("GET", TOTALS).total == 3)
    worker.kill()
    assert path.read_text() == "before"
    assert Worker(writing(path)).end()["result"]["rows"] == 2
    assert len(read(path)) == 2


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"output_path": " "}, "output_path: is missing"),
        ({"breakdown": "century"}, "breakdown: must be one of email, campaign, total, YEAR"),
        ({"file_format": "xml"}, "file_format: must be one of jsonl, csv, parquet"),
        ({"start": "2026-01-01T00:00:00"}, "start: has no offset"),
        ({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "end: is before start"),
        ({"email_ids": "7"}, "email_ids: must be a list"),
        ({"email_ids": ["a"]}, r"email_ids\[0\]: must be a positive whole number"),
        ({"email_ids": [1] * 401, "breakdown": "total"}, "email_ids: has 401 entries; at most 400"),
        ({"conn_id": "marketo_default"}, "is of type marketo, not hubspot"),
    ],
)
def test_a_wrong_parameter_is_named_and_no_file_is_written(
    sandbox: Sandbox, short_waits: None, tmp_path: Path, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        writing(tmp_path / "f", **arguments).execute(context())
    assert list(tmp_path.iterdir()) == []
    assert sandbox.hubspot.calls.of("GET", TOTALS).total == 0


@pytest.mark.usefixtures("short_waits")
def test_parquet_has_a_column_with_its_type_for_each_value(sent: list[str], tmp_path: Path) -> None:
    writing(f"file://{tmp_path}/s.parquet").execute(context("parquet"))
    table = pq.read_table(tmp_path / "s.parquet")
    types = dict(zip(table.schema.names, table.schema.types, strict=True))
    assert (types["email_id"], types["sent"], types["openratio"]) == (pa.string(), pa.int64(), pa.float64())
    assert types["open_device_type.mobile"] == pa.int64()
    assert {row["email_id"]: row["sent"] for row in table.to_pylist()} == dict(zip(sent, (5, 3), strict=True))
    writing(f"file://{tmp_path}/day", breakdown="DAY", file_format="parquet").execute(context("days"))
    days = pq.read_table(tmp_path / "day")
    assert days.schema.field("start").type == pa.timestamp("us", tz="UTC")
    assert sum(row["sent"] or 0 for row in days.to_pylist()) == 8


@pytest.mark.parametrize(
    ("path", "more", "named"),
    [
        ("file:///tmp/s.parquet.gz", {}, "compressed inside"),
        ("file:///tmp/s.parquet", {"file_format": "csv"}, "file_format: is csv, and output_path has"),
        ("file:///tmp/s.csv", {"file_format": "parquet"}, "file_format: is parquet, and output_path has"),
        ("file:///tmp/s.xlsx", {}, "output_path: has the ending .xlsx"),
    ],
)
def test_a_format_that_is_not_written_is_named_when_the_dag_is_parsed(
    path: str, more: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        writing(path, **more)
