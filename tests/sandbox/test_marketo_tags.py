"""Tags: tag types, programs by tag, and the tags of a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from marketo_tools import Api, code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.programs.models import TagType

NOTHING = ["No assets found for the given search criteria."]
BY_TAG = "/asset/v1/program/byTag.json"
PROGRAM = f"/asset/v1/program/{seed.DEFAULT_PROGRAM}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def tags(api: Api, program: int = seed.DEFAULT_PROGRAM) -> dict[str, str]:
    (row,) = api.get(f"/asset/v1/program/{program}.json")["result"]
    return {one["tagType"]: one["tagValue"] for one in row["tags"]}


def test_only_a_type_by_name_has_its_values(api: Api) -> None:
    (listed,) = api.get("/asset/v1/tagTypes.json")["result"]
    assert listed == {
        "tagType": "Region",
        "applicableProgramTypes": "[program,email_batch,nurture,event,webinar]",
        "required": False,
    }
    (returned,) = api.get("/asset/v1/tagType/byName.json", name="Region")["result"]
    assert returned == listed | {"allowableValues": "[EMEA, North, South]"}
    assert api.get("/asset/v1/tagTypes.json", offset=1)["warnings"] == NOTHING
    assert api.get("/asset/v1/tagType/byName.json", name="None")["warnings"] == NOTHING
    assert code(api.get("/asset/v1/tagTypes.json", maxReturn=201)) == "701"


def test_programs_are_found_by_tag_with_their_tags_and_without_costs(api: Api) -> None:
    region = [{"tagType": "Region", "tagValue": "North"}]
    spent = [{"startDate": "2026-01-01", "cost": 5}]
    for program in (seed.DEFAULT_PROGRAM, seed.EMAIL_PROGRAM):
        api.form(f"/asset/v1/program/{program}.json", tags=region, costs=spent)
    requested = {"tagType": "Region", "tagValue": "North"}
    first = api.get(BY_TAG, maxReturn=1, **requested)["result"]
    rest = api.get(BY_TAG, maxReturn=1, offset=1, **requested)["result"]
    assert {row["id"] for row in first + rest} == {seed.DEFAULT_PROGRAM, seed.EMAIL_PROGRAM}
    assert [(row["tags"], row["costs"]) for row in first] == [(region, [])]
    assert api.get(BY_TAG, tagType="Region", tagValue="South")["warnings"] == NOTHING
    assert code(api.get(BY_TAG, tagType="Region")) == "701"
    assert code(api.get(BY_TAG, tagValue="North")) == "701"


def test_tags_of_a_program_are_set_and_deleted_one_by_one(api: Api) -> None:
    api.state.tag_types += (TagType("Speaker", ("Ada",)),)
    api.form(f"{PROGRAM}.json", tags=[{"tagType": "Speaker", "tagValue": "Ada"}])
    done = {"success": True, "result": [{"id": seed.DEFAULT_PROGRAM}]}
    assert done.items() <= api.client.post(f"/rest{PROGRAM}/tag/Region.json?tagValue=EMEA").json().items()
    assert api.form(f"{PROGRAM}/tag/Region.json", tagValue="North")["success"]
    assert tags(api) == {"Speaker": "Ada", "Region": "North"}
    assert done.items() <= api.form(f"{PROGRAM}/tag/Speaker/delete.json").items()
    assert tags(api) == {"Region": "North"}
    assert code(api.form(f"{PROGRAM}/tag/Speaker/delete.json")) == "702"
    assert code(api.form(f"{PROGRAM}/tag/Region.json")) == "701"


def test_a_tag_that_programs_need_cannot_be_deleted(api: Api) -> None:
    api.state.tag_types = tuple(replace(one, required=True) for one in api.state.tag_types)
    (made,) = api.form(
        "/asset/v1/programs.json",
        name="Autumn",
        type="Default",
        channel="Default",
        folder=folder_param(seed.PROGRAM_FOLDER),
        tags=[{"tagType": "Region", "tagValue": "EMEA"}],
    )["result"]
    assert code(api.form(f"/asset/v1/program/{made['id']}/tag/Region/delete.json")) == "709"
    assert tags(api, made["id"]) == {"Region": "EMEA"}
