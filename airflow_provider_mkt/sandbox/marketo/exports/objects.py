"""Extracts of custom objects: check the request, and write the records."""

from collections.abc import Iterator

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.exports.requests import (
    NOT_EVERYWHERE,
    OBJECT_FILTERS,
    between,
    filter_of,
    is_inside,
    list_of,
    sheet_of,
)
from airflow_provider_mkt.sandbox.marketo.exports.store import Writer, Writing
from airflow_provider_mkt.sandbox.marketo.leads.values import match_key
from airflow_provider_mkt.sandbox.marketo.lists.audience import tested
from airflow_provider_mkt.sandbox.marketo.object_store import Link, ObjectRecord
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, Row
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

_OF_LEAD = {"Lead": "", "Company": "externalCompanyId"}
"""What an object of the first level links to, and the field of a lead that leads there; empty for the field
that the link names."""


def read(request: MarketoRequest, body: Row) -> Writer:
    """Return what writes the records of one custom object.

    :raises MarketoError: the request is not valid, or the object links to other custom objects only.
    """
    state, name = request.state, request.path_params["apiName"]
    model = state.custom_objects.live(name).model
    links = {
        field.name: field.link
        for field in model.fields.values()
        if field.link and field.link.object in _OF_LEAD
    }
    if not links:
        # Objects of the second level cannot be extracted. With which code is not documented.
        raise MarketoError(1003, f"Custom object '{name}' is not linked to leads or companies")
    sheet = sheet_of(body, model.fields)
    given = filter_of(request, body, OBJECT_FILTERS, NOT_EVERYWHERE["custom objects"])
    if len(given) != 1:
        raise MarketoError(1003, "Exactly one filter is required")
    ((kind, value),) = given.items()
    span = between(value, kind) if kind == "updatedAt" else None
    if span is None:
        list_of(state, kind, value)

    def write(at: object) -> Writing:
        store = state.custom_objects.live(name)
        keys: set[tuple[str, str]] = set()
        if span is None:
            for lead in tested(state, list_of(state, kind, value)):
                if lead is not None:
                    keys.update((field, _key(state, lead.id, link)) for field, link in links.items())

        def wanted(record: ObjectRecord) -> bool:
            if span is not None:
                return is_inside(record.updated_at, span)
            return any(
                (field, match_key(record.values[field])) in keys for field in links if field in record.values
            )

        def rows() -> Iterator[list[object] | None]:
            for record in store:
                values = store.row(record)
                yield [values.get(column) for column in sheet.fields] if wanted(record) else None

        return (yield from sheet.write(rows()))

    return write


def _key(state: MarketoState, lead_id: int, link: Link) -> str:
    """Return the value of a link that leads to a lead, or to its company."""
    lead = state.leads.existing(lead_id)
    return match_key(state.leads.value(lead, _OF_LEAD[link.object] or link.field))
