"""Types, readers and inputs of the calls that read and write records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Envelope, Json, Pairs, comma_joined, query_pairs
from airflow_provider_mkt.client.encoding import embedded
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import Properties
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import Check, item_list, items
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = 100
HISTORY_MAX = 50
PAGE_MAX = 100
RECORD_ID = "hs_object_id"
"""The property that holds the record id."""


class Record(TypedDict):
    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: NotRequired[str]
    propertiesWithHistory: NotRequired[dict[str, list[JsonDict]]]
    associations: NotRequired[JsonDict]


def read_record(envelope: Envelope) -> Record:
    """Read one record."""
    return cast("Record", envelope)


def read_records(envelope: Envelope) -> list[Record]:
    """Read a page of records."""
    return cast("list[Record]", envelope["results"])


def _mappings(field: str, records: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    for index, record in enumerate(records):
        if not isinstance(record, Mapping):
            problem = f"must be a mapping of properties, not {describe_type(record)}"
            raise InvalidInput(f"{field}[{index}]", problem)
    return records


Records = Annotated[Sequence[Properties], items(BATCH_MAX), Check(_mappings)]
"""Mappings of properties, at most as many as one batch takes."""


def fields(properties: Sequence[str], with_history: Sequence[str], associations: Sequence[str]) -> Pairs:
    """Return the query that says what is returned of a record."""
    return query_pairs(
        properties=comma_joined(properties),
        propertiesWithHistory=comma_joined(with_history),
        associations=comma_joined(associations),
    )


def create_inputs(records: Sequence[Mapping[str, str]]) -> list[dict[str, Json]]:
    """Return the inputs of a batch that creates records."""
    return [
        # Without a trace id on every input, one conflict fails the whole batch.
        {"associations": [], "properties": embedded(record), "objectWriteTraceId": str(index)}
        for index, record in enumerate(records)
    ]


def upsert_inputs(
    field: str, records: Sequence[Mapping[str, str]], id_property: str
) -> list[dict[str, Json]]:
    """Return the inputs of a batch that creates or updates records.

    :param field: the parameter that holds the records, for errors.
    :raises InvalidInput: when a record has no key.
    """
    return [
        {
            "idProperty": id_property,
            "id": key_of(f"{field}[{index}]", record, id_property),
            "properties": embedded(record),
            # Matches results to inputs, even when HubSpot normalizes the key.
            "objectWriteTraceId": str(index),
        }
        for index, record in enumerate(records)
    ]


def update_inputs(
    field: str, records: Sequence[Mapping[str, str]], id_property: str
) -> list[dict[str, Json]]:
    """Return the inputs of a batch that updates records.

    :param field: the parameter that holds the records, for errors.
    :raises InvalidInput: when a record has no key.
    """
    inputs: list[dict[str, Json]] = []
    for index, record in enumerate(records):
        row: dict[str, Json] = {
            "id": key_of(f"{field}[{index}]", record, id_property),
            # The record id is read-only: HubSpot rejects it among the properties.
            "properties": {name: value for name, value in record.items() if name != RECORD_ID}
            if RECORD_ID in record
            else embedded(record),
            "objectWriteTraceId": str(index),
        }
        if id_property != RECORD_ID:
            row["idProperty"] = id_property
        inputs.append(row)
    return inputs


def read_body(
    ids: Sequence[int | str],
    properties: Sequence[str],
    with_history: Sequence[str],
    id_property: str | None,
) -> tuple[list[dict[str, Json]], dict[str, Json]]:
    """Return the inputs and the body of a batch that reads records.

    :raises InvalidInput: when there is no id, or are too many.
    """
    item_list("ids", ids, at_most=HISTORY_MAX if with_history else BATCH_MAX)
    inputs: list[dict[str, Json]] = [{"id": str(record_id)} for record_id in ids]
    body: dict[str, Json] = {
        "inputs": inputs,
        "properties": [*properties],
        "propertiesWithHistory": [*with_history],
    }
    if id_property is not None:
        body["idProperty"] = id_property
    return inputs, body


def key_of(field: str, record: Mapping[str, str], id_property: str) -> str:
    """Return the key of a record.

    :raises InvalidInput: when it has none.
    """
    value = record.get(id_property)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{field}.{id_property}", f"the key is missing: {describe_type(value)}")
    return value
