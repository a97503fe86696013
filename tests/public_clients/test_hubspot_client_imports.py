"""HubSpot's own Python client: imports of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hubspot import Client
from hubspot.crm.imports import ApiException, PublicImportResponse
from public_clients import category

from airflow_provider_mkt.sandbox import Sandbox

ROWS = """Email,First name,Stage
ada@example.com,Adah,lead
zoe@example.com,Zoe,lead
not-an-address,Nobody,lead
"""
COLUMNS = {"Email": "email", "First name": "firstname", "Stage": "lifecyclestage"}


def start(
    client: Client, folder: Path, *, rows: str = ROWS, columns: dict[str, str] = COLUMNS
) -> PublicImportResponse:
    path = folder / "people.csv"
    path.write_text(rows)
    mappings = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": title,
            "propertyName": name,
            "columnType": "HUBSPOT_ALTERNATE_ID" if name == "email" else "STANDARD",
        }
        for title, name in columns.items()
    ]
    order = {
        "name": "People of November",
        "importOperations": {"0-1": "UPSERT"},
        "dateFormat": "DAY_MONTH_YEAR",
        "files": [
            {
                "fileName": path.name,
                "fileFormat": "CSV",
                "fileImportPage": {"hasHeader": True, "columnMappings": mappings},
            }
        ],
    }
    return client.crm.imports.core_api.create(files=str(path), import_request=json.dumps(order))


def test_a_file_is_imported_and_its_invalid_row_is_reported(
    client: Client, box: Sandbox, tmp_path: Path
) -> None:
    api = client.crm.imports.core_api
    begun = start(client, tmp_path)
    assert (begun.state, begun.import_name, begun.mapped_object_type_ids) == (
        "STARTED",
        "People of November",
        ["0-1"],
    )
    box.clock.advance(60)
    done = api.get_by_id(begun.id)
    assert (done.state, done.metadata.counters["TOTAL_ROWS"]) == ("DONE", 3)
    assert (done.metadata.counters["CREATED_OBJECTS"], done.metadata.counters["UPDATED_OBJECTS"]) == (1, 1)
    (error,) = client.crm.imports.public_imports_api.get_errors(
        begun.id, include_error_message=True, include_row_data=True
    ).results
    assert (error.error_type, error.source_data.line_number) == ("INVALID_EMAIL", 4)
    assert error.source_data.row_data == ["not-an-address", "Nobody", "lead"]
    assert [one.id for one in api.get_page(limit=5).results] == [begun.id]
    zoe = client.crm.contacts.basic_api.get_by_id("zoe@example.com", id_property="email")
    assert zoe.properties["firstname"] == "Zoe"


def test_an_import_is_cancelled(client: Client, box: Sandbox, tmp_path: Path) -> None:
    api = client.crm.imports.core_api
    begun = start(client, tmp_path)
    assert api.cancel(begun.id).status == "COMPLETE"
    box.clock.advance(60)
    assert api.get_by_id(begun.id).state == "CANCELED"
    assert len(client.crm.contacts.get_all()) == 5


def test_a_column_without_a_mapping_is_rejected(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ApiException) as rejected:
        start(client, tmp_path, columns={"Email": "email"})
    assert (rejected.value.status, category(rejected.value)) == (400, "VALIDATION_ERROR")
    assert client.crm.imports.core_api.get_page().results == []
