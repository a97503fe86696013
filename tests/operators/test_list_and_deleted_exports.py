"""Members of lists, and deleted and merged leads, of both platforms, exported to files."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from airflow_runs import Airflow
from workers import context

from airflow_provider_mkt.operators.deleted_lead_exports import ExportDeletedLeadsOperator
from airflow_provider_mkt.operators.list_exports import ExportListMembersOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.leads import removal
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

HUBSPOT, MARKETO = "hubspot_default", "marketo_default"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def members(path: Path, list_id: object, conn_id: str = MARKETO, **more: Any) -> ExportListMembersOperator:
    return ExportListMembersOperator(
        task_id="export", conn_id=conn_id, output_path=str(path), list_id=list_id, **more
    )


def gone(path: Path, conn_id: str = MARKETO, **more: Any) -> ExportDeletedLeadsOperator:
    return ExportDeletedLeadsOperator(task_id="export", conn_id=conn_id, output_path=str(path), **more)


def hubspot(sandbox: Sandbox) -> httpx.Client:
    headers = {"Authorization": f"Bearer {hubspot_seed.TOKEN}"}
    return httpx.Client(base_url=sandbox.hubspot.url, headers=headers)


def around(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    """The hour that the sandbox's clock is in the middle of."""
    now: datetime = sandbox.marketo.state.now()
    return {"start": now - timedelta(minutes=30), "end": now + timedelta(minutes=30), **more}


def add_to_list(sandbox: Sandbox, count: int) -> list[int]:
    """Add leads to the static list, and return the ids of all its members."""
    state = sandbox.marketo.state
    chosen, partition = state.lists[seed.STATIC_LIST], state.leads.partition(seed.DEFAULT_PARTITION)
    assert partition is not None
    for number in range(count):
        values = state.leads.read({"email": f"m{number}@example.com", "leadScore": number})
        chosen.members[state.leads.insert(values, partition, state.now()).id] = state.now()
    return sorted(chosen.members)


def test_all_members_of_a_static_list_of_marketo_are_in_the_file_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    known = add_to_list(sandbox, 650)
    out = tmp_path / "members.csv"
    outcome = members(out, seed.STATIC_LIST).execute(context())
    assert [int(row["id"]) for row in rows(out)] == known
    assert list(rows(out)[0]) == ["id", "email", "firstName", "lastName", "createdAt", "updatedAt"]
    assert rows(out)[0]["email"] == "anna.berg@example.com"
    assert (outcome["kind"], outcome["rows"], outcome["platform"]) == ("list_members", 653, "marketo")
    pages = sandbox.marketo.calls.of("GET", "/rest/v1/list/{listId}/leads.json").total
    assert pages == 3


def test_members_have_the_chosen_fields_with_their_types(sandbox: Sandbox, tmp_path: Path) -> None:
    add_to_list(sandbox, 2)
    out = tmp_path / "members.parquet"
    members(out, seed.STATIC_LIST, fields=["email", "leadScore", "unsubscribed"]).execute(context())
    table = pq.read_table(out)
    types = {name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)}
    assert types == {"id": "int64", "email": "string", "leadScore": "int64", "unsubscribed": "bool"}
    assert table.to_pylist()[-1]["leadScore"] == 1


def test_a_list_of_hubspot_has_the_time_at_which_its_members_joined(sandbox: Sandbox, tmp_path: Path) -> None:
    contacts = sandbox.hubspot.state.contacts
    made = [contacts.create({"email": f"c{number}@example.com"}).id for number in range(3)]
    out = tmp_path / "members.jsonl"
    body = {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}
    with hubspot(sandbox) as api:
        list_id = api.post("/crm/lists/2026-09", json=body).json()["list"]["listId"]
        assert api.put(f"/crm/lists/2026-09/{list_id}/memberships/add", json=made).status_code == 200
    members(out, list_id, HUBSPOT, fields=["email"]).execute(context())
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["id"], one["email"]) for one in found] == [
        (one, f"c{number}@example.com") for number, one in enumerate(made)
    ]
    assert all(one["membershipTimestamp"] for one in found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"list_id": 9}, "list_id: is 9, which is no list of the account"),
        ({"list_id": seed.STATIC_LIST, "fields": ["emial"]}, "did you mean 'email'"),
        (
            {"list_id": seed.STATIC_LIST, "start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z"},
            "start: is not possible: Marketo does not say when a lead joined a list",
        ),
    ],
)
def test_what_cannot_be_read_of_a_list_is_named(
    sandbox: Sandbox, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    out = tmp_path / "members.csv"
    with pytest.raises(AirflowFailException, match=message):
        members(out, **arguments).execute(context())
    assert not out.exists()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"list_id": 99}, "list_id: is 99, which is no list of the account"),
        ({"list_id": hubspot_seed.LIST_ID, "fields": ["emial"]}, "fields: 'emial' is no property of 0-1"),
    ],
)
def test_what_cannot_be_read_of_a_list_of_hubspot_is_named(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        members(tmp_path / "members.csv", conn_id=HUBSPOT, **arguments).execute(context())


def test_deleted_and_merged_leads_of_marketo_are_in_one_file(sandbox: Sandbox, tmp_path: Path) -> None:
    state = sandbox.marketo.state
    removal.delete(state, state.leads.existing(seed.ANNA))
    losers = [state.leads.existing(seed.CARLA), state.leads.existing(seed.DAVID)]
    removal.merge(state, state.leads.existing(seed.BEN), losers, Origin("Web service API", "mergeLeads"))
    out = tmp_path / "gone.csv"
    outcome = gone(out, **around(sandbox)).execute(context())
    found = [(row["id"], row["mergedInto"]) for row in rows(out)]
    assert found == [
        (str(seed.ANNA), ""),
        (str(seed.CARLA), str(seed.BEN)),
        (str(seed.DAVID), str(seed.BEN)),
    ]
    assert list(rows(out)[0]) == ["id", "deletedAt", "mergedInto", "marketoGUID"]
    deleted = [datetime.fromisoformat(row["deletedAt"]) for row in rows(out)]
    assert all(state.now() - timedelta(minutes=10) < one <= state.now() for one in deleted)
    assert (outcome["kind"], outcome["rows"]) == ("deleted_leads", 3)
    only = tmp_path / "deleted.csv"
    gone(only, include_merged=False, **around(sandbox)).execute(context())
    assert [row["id"] for row in rows(only)] == [str(seed.ANNA)]


def test_deletions_are_in_the_range_that_they_are_dated_in(sandbox: Sandbox, tmp_path: Path) -> None:
    state = sandbox.marketo.state
    before = around(sandbox)
    removal.delete(state, state.leads.existing(seed.ANNA))
    sandbox.clock.advance(3600)
    removal.delete(state, state.leads.existing(seed.BEN))
    for span, wanted in ((before, seed.ANNA), (around(sandbox), seed.BEN)):
        out = tmp_path / f"{wanted}.csv"
        gone(out, **span).execute(context())
        assert [row["id"] for row in rows(out)] == [str(wanted)]


def test_deletions_of_marketo_need_a_range(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="start: is missing"):
        gone(tmp_path / "gone.csv").execute(context())


@pytest.mark.parametrize("ranged", [False, True])
def test_deleted_and_merged_contacts_of_hubspot_are_in_one_file(
    sandbox: Sandbox, tmp_path: Path, ranged: bool
) -> None:
    contacts = sandbox.hubspot.state.contacts
    first, second, third = (contacts.create({"email": f"c{number}@example.com"}).id for number in range(3))
    body = {"primaryObjectId": second, "objectIdToMerge": third}
    with hubspot(sandbox) as api:
        assert api.delete(f"/crm/objects/2026-09/contacts/{first}").status_code == 204
        winner = api.post("/crm/objects/2026-09/contacts/merge", json=body).json()["id"]
    sandbox.clock.advance(60)
    out = tmp_path / "gone.csv"
    gone(out, HUBSPOT, **(around(sandbox) if ranged else {})).execute(context())
    found = {(row["id"], row["mergedInto"], bool(row["deletedAt"])) for row in rows(out)}
    assert (first, "", True) in found
    assert (third, winner, False) in found
    if ranged:
        sandbox.clock.advance(7200)
        later = tmp_path / "later.csv"
        gone(later, HUBSPOT, **around(sandbox)).execute(context())
        assert rows(later) == []


@pytest.mark.parametrize(
    "operator", ["list_exports:ExportListMembersOperator", "deleted_lead_exports:ExportDeletedLeadsOperator"]
)
def test_both_run_in_airflow(airflow: Airflow, sandbox: Sandbox, tmp_path: Path, operator: str) -> None:
    module, name = operator.split(":")
    removal.delete(sandbox.marketo.state, sandbox.marketo.state.leads.existing(seed.ANNA))
    span = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in around(sandbox).items()}
    own = f"list_id={seed.STATIC_LIST}" if "List" in name else f"**{span!r}"
    run = airflow.run(
        f"from airflow_provider_mkt.operators.{module} import {name}\n"
        f'{name}(task_id="export", conn_id="marketo_default", output_path="{tmp_path}/out.csv", {own})'
    )
    assert run.tasks == {"export": "success"}, run.log[-4000:]
    assert "@example.com" not in run.log
    assert len(rows(tmp_path / "out.csv")) == run.returned["export"]["rows"] > 0
