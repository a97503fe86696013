"""Smart lists: find, clone and delete them, read their rules, and extract by them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from marketo_tools import Api, code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

NOTHING = ["No assets found for the given search criteria."]
LISTS, ONE = "/asset/v1/smartLists.json", f"/asset/v1/smartList/{seed.SMART_LIST}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def copy(api: Api, name: str) -> dict[str, object]:
    answer = api.form(
        f"{ONE}/clone.json", name=name, folder=folder_param(seed.PROGRAM_FOLDER), description="Copy"
    )
    return dict(answer["result"][0])


def test_a_smart_list_is_found_by_id_name_folder_and_update(api: Api) -> None:
    (returned,) = api.get(f"{ONE}.json")["result"]
    assert (returned["name"], returned["folder"]) == (
        "Readers of the Newsletter",
        folder_param(seed.PROGRAM_FOLDER),
    )
    assert api.get("/asset/v1/smartList/byName.json", name=returned["name"])["result"] == [returned]
    made = copy(api, "Others")
    assert [row["id"] for row in api.get(LISTS)["result"]] == sorted([seed.SMART_LIST, int(str(made["id"]))])
    assert api.get(LISTS, maxReturn=1, offset=1)["result"] == [returned]
    assert api.get(LISTS, latestUpdatedAt="2025-12-31T00:00:00Z")["result"] == [returned]
    assert api.get(LISTS, folder='{"id":13,"type":"Folder"}')["warnings"] == NOTHING
    assert api.get("/asset/v1/smartList/9.json")["warnings"] == NOTHING


@pytest.mark.parametrize(
    "owner", [f"program/{seed.EMAIL_PROGRAM}", f"smartCampaign/{seed.BATCH_CAMPAIGN}", None]
)
def test_rules_are_included_only_if_requested(api: Api, owner: str | None) -> None:
    path = f"/asset/v1/{owner}/smartList.json" if owner else f"{ONE}.json"
    (bare,) = api.get(path)["result"]
    (returned,) = api.get(path, includeRules="true")["result"]
    assert returned == bare | {"rules": returned["rules"]}
    (rule,) = returned["rules"]["filters"]
    assert rule["conditions"][0]["values"] == ["Newsletter Readers"]
    assert api.get(f"/asset/v1/smartList/{bare['id']}.json")["result"] == [bare]


def test_a_clone_has_the_rules_of_the_original_and_its_own_name(api: Api) -> None:
    made = copy(api, "Others")
    assert made["description"] == "Copy"
    (returned,) = api.get(f"/asset/v1/smartList/{made['id']}.json", includeRules="true")["result"]
    assert returned["rules"]["filters"][0]["conditions"][0]["values"] == ["Newsletter Readers"]
    again = {"name": "others", "folder": folder_param(seed.PROGRAM_FOLDER)}
    assert code(api.form(f"{ONE}/clone.json", **again)) == "709"
    assert code(api.form("/asset/v1/smartList/9/clone.json", **again)) == "702"


def test_only_smart_lists_that_are_assets_can_be_deleted(api: Api) -> None:
    assert code(api.form(f"/asset/v1/staticList/{seed.STATIC_LIST}/delete.json")) == "709"
    assert api.form(f"{ONE}/delete.json")["result"] == [{"id": seed.SMART_LIST}]
    assert api.get(f"{ONE}.json")["warnings"] == NOTHING
    (of_program,) = api.get(f"/asset/v1/program/{seed.EMAIL_PROGRAM}/smartList.json")["result"]
    assert code(api.form(f"/asset/v1/smartList/{of_program['id']}/delete.json")) == "702"


def test_a_cloned_programs_smart_lists_are_its_own(api: Api) -> None:
    inside = folder_param(seed.EMAIL_PROGRAM, "Program")
    api.form(f"{ONE}/clone.json", name="Guests", folder=inside)
    path = f"/asset/v1/program/{seed.EMAIL_PROGRAM}"
    (old,) = api.get(f"{path}/smartList.json", includeRules="true")["result"]
    (made,) = api.form(f"{path}/clone.json", name="December", folder=folder_param(seed.PROGRAM_FOLDER))[
        "result"
    ]
    (new,) = api.get(f"/asset/v1/program/{made['id']}/smartList.json", includeRules="true")["result"]
    assert (new["rules"], new["id"] == old["id"]) == (old["rules"], False)
    (guests,) = api.get(LISTS, folder=json.dumps(folder_param(made["id"], "Program")))["result"]
    assert guests["name"] == "Guests"


@pytest.mark.parametrize(
    "chosen", [{"smartListId": seed.SMART_LIST}, {"smartListName": "Readers of the Newsletter"}]
)
def test_leads_are_extracted_by_a_smart_list(api: Api, chosen: dict[str, object]) -> None:
    body = {"fields": ["id"], "filter": chosen}
    job = api.client.post("/bulk/v1/leads/export/create.json", json=body).json()["result"][0]
    api.client.post(f"/bulk/v1/leads/export/{job['exportId']}/enqueue.json")
    api.advance(600)
    content = api.bulk(f"/leads/export/{job['exportId']}/file.json").text
    assert content.split() == ["id", str(seed.ANNA), str(seed.BEN), str(seed.CARLA)]
