"""An array or an object where a body of HubSpot has one value is refused, at any depth."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hubspot_bodies import BODIES

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

SCHEMAS = "/crm-object-schemas/2026-09/schemas"
PROPERTIES = "/crm/properties/2026-09/contacts"
FLOWS = "/automation/v4/flows"
REQUESTS = [
    ("POST", PROPERTIES, "properties.create_property", ["displayOrder", "hidden", "options.0.label"]),
    ("POST", f"{PROPERTIES}/groups", "properties.create_group", ["name", "label"]),
    (
        "POST",
        "/crm-object-schemas/2026-09/schemas",
        "properties.create_schema",
        ["properties.0.hasUniqueValue"],
    ),
    ("POST", FLOWS, "automation.create_flow", ["name", "isEnabled", "enrollmentCriteria.shouldReEnroll"]),
    ("POST", "/marketing/emails/2026-09", "emails.create_email", ["folderIdV2", "from.fromName"]),
    ("POST", "/crm/lists/2026-09", "lists.create_list", ["listFolderId"]),
    ("POST", "/crm/objects/2026-09/contacts/search", "objects.search_records", ["sorts.0.direction"]),
]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with Sandbox(only="hubspot") as box:
        headers = {"Authorization": f"Bearer {seed.TOKEN}"}
        with httpx.Client(base_url=box.hubspot.url, headers=headers, timeout=60) as client:
            yield client


def replaced(body: Any, place: str, value: object) -> Any:
    """Return a body with another value at a place."""
    changed = inner = copy.deepcopy(body)
    *path, last = [int(one) if one.isdigit() else one for one in place.split(".")]
    for one in path:
        inner = inner[one]
    inner[last] = value
    return changed


@pytest.mark.parametrize(("method", "path", "name", "places"), REQUESTS)
def test_a_structure_is_no_single_value(
    client: httpx.Client, method: str, path: str, name: str, places: list[str]
) -> None:
    body = BODIES[name].content
    for place in places:
        for value in ({}, ["x"], []):
            answer = client.request(method, path, json=replaced(body, place, value))
            assert answer.status_code == 400, (place, value)
            assert answer.json()["category"] == "VALIDATION_ERROR"
    assert client.request(method, path, json=body).status_code in (200, 201)


def test_names_of_the_account_are_not_checked(client: httpx.Client) -> None:
    properties = {"lastname": "Ada", "hidden": {}}
    answer = client.post("/crm/objects/2026-09/contacts", json={"properties": properties})
    assert "property hidden is no string" in answer.json()["message"]
