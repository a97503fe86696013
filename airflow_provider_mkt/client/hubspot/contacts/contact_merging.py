"""Merge contacts."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.objects._records import Record as Contact
from airflow_provider_mkt.client.hubspot.objects._records import read_record
from airflow_provider_mkt.client.parameters import TextId, endpoint

_WRITE = ("crm.objects.contacts.write",)


@endpoint
def merge(primary_id: TextId, merged_id: TextId) -> Call[Contact]:
    """Merge one contact into another. It cannot be undone and is never retried automatically.

    :param primary_id: record id of the contact whose values are kept.
    :param merged_id: record id of the contact that is merged into the primary one. This id then refers to the
        primary contact, except in batch updates.
    :returns: the merged contact; its id may differ from *primary_id*.
    :raises InvalidInput: when both ids are the same, or one is empty.
    :raises InvalidRequest: when both contacts together have more than 250 merged ids.
    :raises NotFound: when one of the contacts does not exist.

    Source: ``POST /crm/{version}/objects/contacts/merge``.
    """
    ids = str(primary_id), str(merged_id)
    if ids[0].strip() == ids[1].strip():
        raise InvalidInput("merged_id", "is the contact it is to be merged into")
    return Call(
        "contact_merging.merge",
        Route("POST", "contacts", "/merge"),
        read_record,
        Replay.NEVER,
        body=JsonBody({"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}),
        scopes=_WRITE,
    )
