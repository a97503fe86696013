"""Leads come from files of every kind and from databases, under whatever names their columns have."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pyarrow
import pytest
from airflow_runs import Airflow
from pyarrow import parquet

from airflow_provider_mkt.client.hubspot import platform as hubspot_platform
from airflow_provider_mkt.client.marketo import platform as marketo_platform
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.server.limits import Window

PLATFORMS = ["hubspot", "marketo"]


def count(box: Sandbox, platform: str) -> int:
    return len(box.hubspot.state.contacts) if platform == "hubspot" else len(box.marketo.state.leads)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", ["people.csv.gz", "people.parquet", "people.jsonl.zst"])
def test_files_of_every_kind_are_mapped_and_synced(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str, name: str
) -> None:
    people = [{"Mail": f"p{number}@example.com", "Town": "Bern", "Note": "x"} for number in range(350)]
    path = tmp_path / name
    if name.endswith("parquet"):
        parquet.write_table(pyarrow.Table.from_pylist(people), path)
    elif name.endswith("zst"):
        with pyarrow.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write("".join(json.dumps(one) + "\n" for one in people).encode())
    else:
        lines = ["Mail,Town,Note", *(",".join(one.values()) for one in people)]
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    before = count(sandbox, platform)
    last_name = "lastname" if platform == "hubspot" else "lastName"
    run = airflow.run_tasks(
        f'SyncLeadsOperator(task_id="sync", conn_id="{platform}_default", source="file://{path}", '
        'columns={"Mail": "email", "Town": "city", "Note": None}, '
        f'constants={{"{last_name}": "Imported"}})'
    )
    assert run.state == "success", run.log[-2000:]
    assert run.returned["sync"]["created"] == 350
    assert count(sandbox, platform) == before + 350


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_query_is_streamed_from_postgresql(
    airflow: Airflow, sandbox: Sandbox, database: str, platform: str
) -> None:
    run = airflow.run_tasks(
        f'SyncLeadsOperator(task_id="sync", conn_id="{platform}_default", sql_conn_id="crm", '
        f"sql='SELECT mail, town FROM \"{database}\" WHERE score > %(least)s ORDER BY mail', "
        'sql_parameters={"least": "{{ 2000 }}"}, columns={"mail": "email", "town": "city"})'
    )
    assert run.state == "success", run.log[-2000:]
    assert run.returned["sync"]["created"] == 4000


def test_the_rejects_of_a_mapped_run_are_a_source_of_the_next_one(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    path, rejects = tmp_path / "people.csv", tmp_path / "rejects.jsonl"
    path.write_text("Mail,Score\na@example.com,12\nb@example.com,many\n")
    same = (
        'conn_id="marketo_default", columns={"Mail": "email", "Score": "leadScore"}, '
        'types={"leadScore": "integer"}'
    )
    first = airflow.run_tasks(
        f'SyncLeadsOperator(task_id="sync", source="{path}", rejects_path="{rejects}", '
        f"max_rejected=1, {same})"
    )
    assert first.state == "success", first.log[-2000:]
    assert first.returned["sync"]["created"] == 1
    assert first.returned["sync"]["reasons"] == {"BAD_VALUE": 1}
    mended = rejects.read_text().replace("many", "7")
    rejects.write_text(mended)
    again = airflow.run_tasks(f'SyncLeadsOperator(task_id="sync", source="{rejects}", {same})')
    assert again.state == "success", again.log[-2000:]
    assert again.returned["sync"]["created"] == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        ("", "exactly one of leads, source and sql"),
        ('leads=[], source="x.csv"', "exactly one of leads, source and sql"),
        ('sql="SELECT 1"', "sql_conn_id"),
        ('sql="SELECT 1", sql_conn_id="marketo_default"', "is not a SQL connection"),
        (
            'sql="SELECT 1", sql_conn_id="unknown_kind"',
            "of type 'nosuchdb', and no provider that is installed",
        ),
        ('source="/tmp/none-there.csv"', "there is no file"),
        ('leads=[], columns={"a": "email", "b": "email"}', "two columns become field"),
        ('leads=[], types={"a": "money"}', "types.a"),
        ('leads=[], blank="maybe"', "blank"),
    ],
)
def test_an_impossible_source_is_an_error_before_anything_is_sent(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, arguments: str, reported: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_UNKNOWN_KIND", '{"conn_type": "nosuchdb"}')
    run = airflow.run_tasks(
        f'SyncLeadsOperator(task_id="sync", conn_id="marketo_default", retries=2, {arguments})'
    )
    assert run.state == "failed"
    assert reported in run.log
    assert sandbox.marketo.calls.of("POST", "/rest/v1/leads.json").total == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_task_expanded_over_many_files_writes_them_all_on_one_budget(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(hubspot_platform, "INITIAL_CALLS_PER_WINDOW", 8)
    for module in (hubspot_platform, marketo_platform):
        monkeypatch.setattr(module, "WINDOW", 1.0)
    given = json.loads(os.environ["AIRFLOW_CONN_MARKETO_DEFAULT"])
    monkeypatch.setenv(
        "AIRFLOW_CONN_MARKETO_DEFAULT", json.dumps(given | {"extra": {"calls_per_20_seconds": 8}})
    )
    account = sandbox.platforms[platform]
    account.limits.rate = Window(8, 1.0)
    sources = []
    for number in range(4):
        path = tmp_path / f"part{number}.csv"
        path.write_text("email\n" + "".join(f"f{number}p{n}@example.com\n" for n in range(350)))
        sources.append(path.as_uri())
    before = count(sandbox, platform)
    run = airflow.run(
        f'SyncLeadsOperator.partial(task_id="sync", conn_id="{platform}_default").expand(source={sources!r})'
    )
    assert run.state == "success", run.log[-3000:]
    assert count(sandbox, platform) == before + 4 * 350
    # Each task by itself would have started with a full window.
    assert account.limits.refused["rate"] == 0
    assert account.calls.all.total > 8
