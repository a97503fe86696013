"""Merging of contacts, which cannot be undone."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.contacts.contacts import Contact, contact
from airflow_provider_mkt.client.hubspot.parameters import text

_WRITE = ("crm.objects.contacts.write",)


def merge(primary_id: str, merged_id: str) -> Call[Contact]:
    """Merge one contact into another, for good. Never repeated by itself.

    :param primary_id: record id of the contact whose values win.
    :param merged_id: record id of the one that goes; it leads to the survivor from then on, but not in
        batch updates.
    :returns: the contact that stays. Take its id from here.
    :raises InvalidInput: when both ids are the same, or one is none.
    :raises InvalidRequest: when the two have more than 250 identities together.
    :raises NotFound: when one does not exist.

    Source: ``POST /crm/{version}/objects/contacts/merge``.
    """
    name = "contact_merging.merge"
    ids = text(name, "primary_id", primary_id), text(name, "merged_id", merged_id)
    if ids[0].strip() == ids[1].strip():
        raise InvalidInput("merged_id", "is the contact it is to be merged into", call=name)
    return Call(
        name,
        Route("POST", "contacts", "/merge"),
        contact,
        Replay.NEVER,
        body=JsonBody({"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}),
        scopes=_WRITE,
    )
