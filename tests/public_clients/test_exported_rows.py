"""What the exports of Marketo wrote is what clients that are not of this project read."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from public_clients import marketo_client
from test_marketo_other_clients import TAP, airbyte, installed, python, run, write
from workers import context, shorten_waits

from airflow_provider_mkt.operators.deleted_lead_exports import ExportDeletedLeadsOperator
from airflow_provider_mkt.operators.exports import ExportActivitiesOperator, ExportLeadsOperator
from airflow_provider_mkt.operators.list_exports import ExportListMembersOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

NEW_LEAD, CHANGE_DATA_VALUE, MERGE_LEADS = 12, 13, 32


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose extracts are complete at once, with new, changed, deleted and merged leads."""
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("WORKERS_RUN", tmp_path.name)
    shorten_waits(monkeypatch)
    with connected() as box:
        box.marketo.settings.export_minutes = 0
        # Some clients poll without a pause.
        box.marketo.limits.rate.limit = 100_000
        call = marketo_client(box).execute
        people = [{"email": f"new{number}@example.com", "leadScore": number} for number in range(5)]
        made = [one["id"] for one in call(method="create_update_leads", leads=people)]
        call(
            method="create_update_leads",
            leads=[{"id": made[0], "city": 'Bern, "Länggasse"'}],
            action="updateOnly",
            lookupField="id",
        )
        call(method="delete_lead", id=[made[4]])
        call(method="merge_lead", id=made[1], leadIds=[made[2]], mergeInCRM=False)
        yield box


def span() -> dict[str, Any]:
    """A range around now, in whole seconds."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {"start": now - timedelta(hours=1), "end": now + timedelta(seconds=2)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def export(kind: Any, path: Path, **more: Any) -> list[dict[str, str]]:
    kind(
        task_id="export", conn_id="marketo_default", output_path=str(path), poll_interval=0.05, **more
    ).execute(context(task=path.stem))
    return rows(path)


def read(kind: Any, path: Path, **more: Any) -> list[dict[str, str]]:
    kind(task_id="export", conn_id="marketo_default", output_path=str(path), **more).execute(
        context(task=path.stem)
    )
    return rows(path)


def test_marketorestpython_reads_the_activities_members_and_deletions_of_the_files(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    call, within = marketo_client(sandbox).execute, span()
    since = f"{within['start']:%Y-%m-%dT%H:%M:%SZ}"
    types = [NEW_LEAD, CHANGE_DATA_VALUE, MERGE_LEADS]
    ours = export(ExportActivitiesOperator, tmp_path / "activities.csv", activity_type_ids=types, **within)
    theirs = call(
        method="get_lead_activities", activityTypeIds=[str(one) for one in types], sinceDatetime=since
    )
    assert {row["marketoGUID"]: row["leadId"] for row in ours} == {
        one["marketoGUID"]: str(one["leadId"]) for one in theirs
    }
    assert {row["activityTypeId"] for row in ours} == set(map(str, types))
    attributes = {one["marketoGUID"]: one["attributes"] for one in theirs}
    for row in ours:
        listed = {one["name"]: one["value"] for one in attributes[row["marketoGUID"]]}
        assert json.loads(row["attributes"]) == listed

    gone = read(ExportDeletedLeadsOperator, tmp_path / "gone.csv", **within)
    deleted = call(method="get_deleted_leads", sinceDatetime=since)
    assert [row["id"] for row in gone if not row["mergedInto"]] == [str(one["leadId"]) for one in deleted]
    assert len(gone) == len(deleted) + 1

    members = read(ExportListMembersOperator, tmp_path / "members.csv", list_id=seed.STATIC_LIST)
    listed = call(method="get_multiple_leads_by_list_id", listId=seed.STATIC_LIST, fields="email")
    assert [(row["id"], row["email"]) for row in members] == [
        (str(one["id"]), one["email"]) for one in listed
    ]


def test_the_singer_tap_reads_the_leads_and_activities_of_the_files(sandbox: Sandbox, tmp_path: Path) -> None:
    folder, url, within = installed("tap-marketo"), sandbox.marketo.url.rstrip("/"), span()
    config = write(
        tmp_path / "config.json",
        {
            "endpoint": "https://123-ABC-456.mktorest.com/rest",
            "client_id": seed.CLIENT_ID,
            "client_secret": seed.CLIENT_SECRET,
            "start_date": f"{within['start']:%Y-%m-%dT%H:%M:%SZ}",
            # Its windows end at whole seconds: with shorter waits it exports the current one again and again.
            "poll_interval": 0.5,
        },
    )
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{TAP}"
    catalog = json.loads(
        run([sys.executable, "-S", "-c", code, url, "--config", config, "--discover"]).stdout
    )
    wanted = {"leads", "activity_types", "activities_new_lead", "activities_change_data_value"}
    for stream in catalog["streams"]:
        for one in stream["metadata"] if stream["tap_stream_id"] in wanted else ():
            if one["metadata"].get("inclusion") != "unsupported":
                one["metadata"]["selected"] = True
    selected = write(tmp_path / "catalog.json", catalog)
    messages = python(folder, TAP, url, "--config", config, "--properties", selected)
    theirs: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
    for one in messages:
        if one["type"] == "RECORD":
            theirs[one["stream"]].append(one["record"])

    # Its windows can have leads in common.
    fields = ["id", "email", "leadScore", "city"]
    ours = export(
        ExportLeadsOperator, tmp_path / "leads.csv", fields=fields, date_filter="updatedAt", **within
    )
    tapped = {
        tuple("null" if row.get(name) is None else str(row[name]) for name in fields)
        for row in theirs["leads"]
    }
    assert {tuple(row[name] for name in fields) for row in ours} == tapped
    assert len(ours) == len(tapped) == 3
    types = [NEW_LEAD, CHANGE_DATA_VALUE]
    found = export(ExportActivitiesOperator, tmp_path / "activities.csv", activity_type_ids=types, **within)
    guids = {
        one["marketoGUID"]
        for name in ("activities_new_lead", "activities_change_data_value")
        for one in theirs[name]
    }
    assert {row["marketoGUID"] for row in found} == guids


def test_airbyte_reads_the_leads_and_activities_of_the_files(sandbox: Sandbox, tmp_path: Path) -> None:
    folder, within = installed("airbyte-source-marketo"), span()
    config = write(
        tmp_path / "config.json",
        {
            "domain_url": sandbox.marketo.url.rstrip("/"),
            "client_id": seed.CLIENT_ID,
            "client_secret": seed.CLIENT_SECRET,
            "start_date": f"{within['start']:%Y-%m-%dT%H:%M:%SZ}",
            "window_in_days": 30,
        },
    )
    (discovered,) = (
        one["catalog"]["streams"]
        for one in airbyte(folder, ["discover", "--config", config])
        if one["type"] == "CATALOG"
    )
    wanted = ("leads", "activities_new_lead", "activities_change_data_value")
    chosen = [
        {"stream": one, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
        for one in discovered
        if one["name"] in wanted
    ]
    catalog = write(tmp_path / "catalog.json", {"streams": chosen})
    messages = airbyte(folder, ["read", "--config", config, "--catalog", catalog])
    records = [one["record"] for one in messages if one["type"] == "RECORD"]
    # It reads leads by the time of their creation.
    ours = export(ExportLeadsOperator, tmp_path / "leads.csv", fields=["id", "email"], **within)
    leads = {(str(one["data"]["id"]), one["data"]["email"]) for one in records if one["stream"] == "leads"}
    assert {(row["id"], row["email"]) for row in ours} == leads
    types = [NEW_LEAD, CHANGE_DATA_VALUE]
    found = export(ExportActivitiesOperator, tmp_path / "activities.csv", activity_type_ids=types, **within)
    guids = {one["data"]["marketoGUID"] for one in records if one["stream"] != "leads"}
    assert {row["marketoGUID"] for row in found} == guids
