"""What an operator tells OpenLineage, by the methods that its provider calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow_runs import know_account
from workers import context

from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.state import known_accounts
from airflow_provider_mkt.operators.exports import ExportActivitiesOperator, ExportLeadsOperator
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor

HUBSPOT = f"hubspot://{hubspot.PORTAL_ID}"

pytestmark = pytest.mark.usefixtures("short_waits")


def names(datasets: list[Any]) -> list[tuple[str, str]]:
    return [(one.namespace, one.name) for one in datasets]


def origins(dataset: Any) -> dict[str, list[tuple[str, str, str]]]:
    fields = dataset.facets["columnLineage"].fields
    return {
        name: [(one.namespace, one.name, one.field) for one in field.inputFields]
        for name, field in fields.items()
    }


def fields(dataset: Any) -> list[str]:
    return [one.name for one in dataset.facets["schema"].fields]


def test_a_query_names_its_tables_as_the_databases_hook_does(sandbox: Sandbox, database: str) -> None:
    task = SyncLeadsOperator(
        task_id="task",
        conn_id="hubspot_default",
        sql=f'SELECT p.mail AS email, p.town, p.score AS points FROM "{database}" p '
        "WHERE p.mail = %(who)s AND p.mail <> '%%(who)s?'",
        sql_conn_id="crm",
        sql_parameters={"who": "p1@example.com"},
        columns={"town": "city", "points": None},
    )
    (table,) = task.get_openlineage_facets_on_start().inputs
    assert table.namespace.startswith("postgres://")
    assert table.name == f"test.public.{database}"
    task.execute({**context(), "task": task})
    done = task.get_openlineage_facets_on_complete(None)
    assert names(done.inputs) == names([table])
    assert done.inputs[0].inputFacets["inputStatistics"].rowCount == 1
    (contacts,) = done.outputs
    assert (contacts.namespace, contacts.name) == (HUBSPOT, "contacts")
    assert origins(contacts) == {
        "city": [(table.namespace, table.name, "town")],
        "email": [(table.namespace, table.name, "mail")],
    }
    assert sorted(fields(contacts)) == ["city", "email"]
    assert "p1@example.com" not in repr(done)
    assert "SELECT" not in repr(done)


def test_a_join_has_no_count_of_rows_of_one_table(sandbox: Sandbox, database: str) -> None:
    task = SyncLeadsOperator(
        task_id="task",
        conn_id="hubspot_default",
        sql=f'SELECT a.mail AS email, b.town AS city FROM "{database}" a JOIN other.people b USING (mail)',
        sql_conn_id="crm",
    )
    task.outcome = {"outcome": "sync", "total": 5, "written": 5}
    lineage = task.get_openlineage_facets_on_complete(None)
    assert sorted(name for _, name in names(lineage.inputs)) == [
        "test.other.people",
        f"test.public.{database}",
    ]
    assert [one.inputFacets for one in lineage.inputs] == [{}, {}]


def test_columns_without_a_mapping_are_known_once_the_file_was_read(sandbox: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email,city\nnew@example.com,Bern\n")
    task = SyncLeadsOperator(task_id="task", conn_id="hubspot_default", source=str(source))
    assert task.get_openlineage_facets_on_start().outputs[0].facets == {}
    task.execute({**context(), "task": task})
    (contacts,) = task.get_openlineage_facets_on_complete(None).outputs
    assert origins(contacts) == {
        "email": [("file", str(source), "email")],
        "city": [("file", str(source), "city")],
    }


def test_records_of_other_types_are_data_sets_of_their_own(sandbox: Sandbox) -> None:
    task = SyncObjectsOperator(
        task_id="task",
        conn_id="hubspot_default",
        object_type="companies",
        lookup_field="domain",
        source="s3://b/c.csv",
    )
    lineage = task.get_openlineage_facets_on_start()
    assert (names(lineage.inputs), names(lineage.outputs)) == (
        [("s3://b", "c.csv")],
        [(HUBSPOT, "companies")],
    )


def test_an_export_names_what_it_reads_and_its_columns(sandbox: Sandbox) -> None:
    task = ExportLeadsOperator(
        task_id="task",
        conn_id="marketo_default",
        output_path="s3://aws@bucket/leads.csv",
        fields=["id", "email"],
        column_headers={"email": "mail"},
        static_list_id=marketo.STATIC_LIST,
    )
    instance = f"marketo://{sandbox.marketo.url.removeprefix('http://')}"
    lineage = task.get_openlineage_facets_on_start()
    assert names(lineage.inputs) == [(instance, f"lists/{marketo.STATIC_LIST}"), (instance, "leads")]
    assert names(lineage.outputs) == [("s3://bucket", "leads.csv")]
    assert fields(lineage.outputs[0]) == ["id", "mail"]
    assert [one[2] for one in origins(lineage.outputs[0])["mail"]] == ["email"]
    task.outcome = {"outcome": "export", "rows": 7, "bytes": 900, "output_path": "s3://aws@bucket/leads.csv"}
    done = task.get_openlineage_facets_on_complete(None)
    statistics = done.outputs[0].outputFacets["outputStatistics"]
    assert (statistics.rowCount, statistics.size) == (7, 900)
    assert done.inputs[1].inputFacets["inputStatistics"].rowCount == 7


def test_an_export_of_windows_names_the_folder(sandbox: Sandbox) -> None:
    task = ExportActivitiesOperator(
        task_id="task",
        conn_id="marketo_default",
        output_path="s3://bucket/activities/{window}.jsonl",
        start="2026-01-01T00:00:00Z",
        end="2026-02-01T00:00:00Z",
    )
    lineage = task.get_openlineage_facets_on_start()
    assert [name for _, name in names(lineage.inputs)] == ["activities"]
    assert names(lineage.outputs) == [("s3://bucket", "activities")]


def test_an_account_that_is_not_known_yet_is_not_read_for_an_event_of_the_start(sandbox: Sandbox) -> None:
    key = HubSpotHook().platform.account_key
    for name in (key, f"{key} pages"):
        known_accounts().set(name, None)
    task = AddToListOperator(task_id="task", conn_id="hubspot_default", list_id=hubspot.LIST_ID, leads=["1"])
    assert task.get_openlineage_facets_on_start().outputs == []
    assert sum(one.total for one in sandbox.hubspot.calls.routes.values()) == 0
    know_account(sandbox)
    assert names(task.get_openlineage_facets_on_start().outputs) == [
        (HUBSPOT, f"lists/{hubspot.LIST_ID}"),
        (HUBSPOT, "contacts"),
    ]


def test_the_answer_to_a_named_call_is_no_outcome(sandbox: Sandbox, tmp_path: Path) -> None:
    path = str(tmp_path / "contacts.jsonl")
    to_file = HubSpotOperator(
        task_id="task", conn_id="hubspot_default", call="contacts.list", output_path=path
    )
    to_file.execute({**context(), "task": to_file})
    (file,) = to_file.get_openlineage_facets_on_complete(None).outputs
    assert (file.name, file.outputFacets["outputStatistics"].rowCount) == (path, 5)
    to_xcom = HubSpotOperator(task_id="task", conn_id="hubspot_default", call="account_info.details")
    to_xcom.execute({**context(), "task": to_xcom})
    lineage = to_xcom.get_openlineage_facets_on_complete(None)
    assert (lineage.inputs, lineage.outputs, lineage.run_facets) == ([], [], {})


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_a_sensor_that_writes_a_file_has_lineage(sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
    path = str(tmp_path / "changed.jsonl")
    task = LeadChangesSensor(
        task_id="task", conn_id=f"{platform}_default", leads_path=path, since="2020-01-01T00:00:00Z"
    )
    people = "contacts" if platform == "hubspot" else "leads"
    lineage = task.get_openlineage_facets_on_start()
    assert [name for _, name in names(lineage.inputs)] == [people]
    assert names(lineage.outputs) == [("file", path)]
    task.outcome = {"platform": platform, "new": 2, "changed": 1, "leads": path}
    (file,) = task.get_openlineage_facets_on_complete(None).outputs
    assert file.outputFacets["outputStatistics"].rowCount == 3


def test_a_task_that_only_waits_leaves_lineage_to_its_inlets_and_outlets(sandbox: Sandbox) -> None:
    job = {"platform": "hubspot", "kind": "email_publish", "id": "1"}
    task = BatchStatusSensor(task_id="task", conn_id="hubspot_default", job=job)
    assert task.get_openlineage_facets_on_start() is None
