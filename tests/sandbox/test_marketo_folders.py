"""Folders: list from a root, programs as folders, create, update and delete."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from marketo_tools import Api, code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

NOTHING = ["No assets found for the given search criteria."]
FOLDERS = "/asset/v1/folders.json"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def make(api: Api, name: str, parent: int = seed.PROGRAM_FOLDER, kind: str = "Folder") -> int:
    answer = api.form(FOLDERS, name=name, parent=folder_param(parent, kind))
    return int(answer["result"][0]["id"])


def ids(answer: dict[str, object]) -> list[int]:
    return [row["id"] for row in answer["result"]]  # type: ignore[attr-defined]


def test_depth_0_is_the_root_only_and_2_is_the_default(api: Api) -> None:
    child = make(api, "Child")
    grandchild = make(api, "Grandchild", child)
    below = [seed.PROGRAM_FOLDER, seed.CAMPAIGN_FOLDER, seed.EMAIL_FOLDER]
    levels = [[seed.ROOT_FOLDER], below, [child], [grandchild]]
    for depth in range(4):
        returned = ids(api.get(FOLDERS, maxDepth=depth))
        assert returned == sorted(number for level in levels[: depth + 1] for number in level)
    assert ids(api.get(FOLDERS)) == ids(api.get(FOLDERS, maxDepth=2))
    assert code(api.get(FOLDERS, maxDepth=-1)) == "701"


def test_a_root_can_be_a_program_with_folders(api: Api) -> None:
    inside = make(api, "Drafts", seed.EMAIL_PROGRAM, "Program")
    root = folder_param(seed.EMAIL_PROGRAM, "Program")
    program, folder = api.get(FOLDERS, root=json.dumps(root))["result"]
    assert (program["id"], program["folderId"]) == (seed.EMAIL_PROGRAM, root)
    assert (folder["id"], folder["parent"]) == (inside, root)
    assert folder["path"] == "/Marketing Activities/Programs/November Newsletter/Drafts"


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (seed.EMAIL_PROGRAM, "Email Batch Program"),
        (seed.NURTURE_PROGRAM, "Nurture Program"),
        (seed.DEFAULT_PROGRAM, "Marketing Program"),
    ],
)
def test_a_program_is_returned_as_a_folder_if_its_type_is_requested(
    api: Api, program: int, kind: str
) -> None:
    (returned,) = api.get(f"/asset/v1/folder/{program}.json", type="Program")["result"]
    assert (returned["folderType"], returned["parent"]) == (kind, folder_param(seed.PROGRAM_FOLDER))
    named = api.get("/asset/v1/folder/byName.json", name=returned["name"], type="Program")
    assert named["result"] == [returned]
    assert api.get(f"/asset/v1/folder/{program}.json", type="Folder")["warnings"] == NOTHING
    assert api.get("/asset/v1/folder/byName.json", name=returned["name"])["warnings"] == NOTHING


def test_both_spellings_of_the_workspace_parameter_are_accepted(api: Api) -> None:
    for spelling in ("workSpace", "workspace"):
        requested = {"name": "Programs", spelling: "Other"}
        assert api.get("/asset/v1/folder/byName.json", **requested)["warnings"] == NOTHING


def test_a_folder_is_created_updated_archived_and_deleted(api: Api) -> None:
    made = api.form(FOLDERS, name="Autumn", parent=folder_param(seed.PROGRAM_FOLDER), description="Leaves")
    (row,) = made["result"]
    assert (row["name"], row["description"], row["parent"]) == (
        "Autumn",
        "Leaves",
        folder_param(seed.PROGRAM_FOLDER),
    )
    path = f"/asset/v1/folder/{row['id']}"
    (row,) = api.form(f"{path}.json", type="Folder", name="Fall", isArchive="true")["result"]
    assert (row["name"], row["description"], row["isArchive"]) == ("Fall", "Leaves", True)
    assert api.form(f"{path}.json", type="Folder", isArchive="false")["result"][0]["isArchive"] is False
    assert api.form(f"{path}/delete.json", type="Folder")["result"] == [{"id": row["id"]}]
    assert api.get(f"{path}.json", type="Folder")["warnings"] == NOTHING


def test_a_folder_name_is_unique_in_its_parent(api: Api) -> None:
    number = make(api, "Autumn")
    again = {"name": "autumn", "parent": folder_param(seed.PROGRAM_FOLDER)}
    assert code(api.form(FOLDERS, **again)) == "709"
    other = make(api, "Autumn", seed.EMAIL_FOLDER)
    assert api.form(f"/asset/v1/folder/{number}.json", type="Folder", name="AUTUMN")["success"]
    assert len(api.get("/asset/v1/folder/byName.json", name="Autumn")["result"]) == 1
    assert other != number


def test_rejected_writes_of_folders_have_a_reason(api: Api) -> None:
    assert code(api.form(FOLDERS, name=" ", parent=folder_param(1))) == "701"
    assert code(api.form(FOLDERS, name="A")) == "701"
    assert code(api.form(FOLDERS, name="A", parent=folder_param(99))) == "710"
    assert code(api.form(FOLDERS, name="A", parent=folder_param(1), description="x" * 2_001)) == "701"
    root, full = f"/asset/v1/folder/{seed.ROOT_FOLDER}", f"/asset/v1/folder/{seed.EMAIL_FOLDER}"
    assert code(api.form(f"{root}.json", type="Folder", name="B")) == "709"
    assert code(api.form(f"{root}/delete.json", type="Folder")) == "709"
    assert code(api.form(f"{full}/delete.json", type="Folder")) == "709"
    program = f"/asset/v1/folder/{seed.EMAIL_PROGRAM}"
    assert code(api.form(f"{program}.json", type="Program", name="B")) == "709"
    assert code(api.form(f"{program}/delete.json", type="Program")) == "709"
    assert code(api.form("/asset/v1/folder/99/delete.json", type="Folder")) == "702"
    assert code(api.form("/asset/v1/folder/99.json", type="Shelf")) == "711"
