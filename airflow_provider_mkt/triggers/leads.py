"""Triggers for ``AssetWatcher``: leads that were created, changed, deleted or active; members of lists."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from airflow_provider_mkt.client.parameters import id_text, item_list, name_list, to_bool, to_id
from airflow_provider_mkt.triggers._watching import POLL_INTERVAL, WHOLE_POLL_INTERVAL, WatcherTrigger

TYPES_MAX = 10
"""Types of activity that one call reads."""


def type_ids(field: str, value: Sequence[int]) -> list[int]:
    """Return ids of activity types.

    :raises InvalidInput: when there are none, or too many.
    """
    kinds = item_list(field, value, at_most=TYPES_MAX)
    return [to_id(f"{field}[{index}]", one) for index, one in enumerate(kinds)]


class NewLeadsTrigger(WatcherTrigger):
    """Fires when leads were created.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/search``; Marketo ``GET /rest/v1/activities.json``.
    """

    feed = "new_leads"

    def __init__(self, conn_id: str, *, poll_interval: float = POLL_INTERVAL) -> None:
        super().__init__(conn_id, poll_interval, {})


class LeadChangesTrigger(WatcherTrigger):
    """Fires when leads were created or changed.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param fields: REST names of the fields whose changes count; new leads always do. Marketo needs them;
        HubSpot reports changes of any field, by ``lastmodifieddate``.
    :param list_id: Marketo: only leads of this static list, which has fewer than 10,000.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/search``; Marketo
    ``GET /rest/v1/activities/leadchanges.json``.
    """

    feed = "lead_changes"
    checks = MappingProxyType({"fields": name_list, "list_id": id_text})

    def __init__(
        self,
        conn_id: str,
        *,
        fields: Sequence[str] | None = None,
        list_id: str | int | None = None,
        poll_interval: float = POLL_INTERVAL,
    ) -> None:
        super().__init__(conn_id, poll_interval, {"fields": fields, "list_id": list_id})


class ListMembersTrigger(WatcherTrigger):
    """Fires when people were added to a list.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param list_id: the list; on Marketo a static one.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``GET /crm/{version}/lists/{listId}/memberships/join-order``; Marketo
    ``GET /rest/v1/activities.json``.
    """

    feed = "list_members"
    checks = MappingProxyType({"list_id": id_text})
    required = ("list_id",)

    def __init__(self, conn_id: str, *, list_id: str | int, poll_interval: float = POLL_INTERVAL) -> None:
        super().__init__(conn_id, poll_interval, {"list_id": list_id})


class ListRemovalsTrigger(WatcherTrigger):
    """Fires when people left a list: they were removed from it, or no longer match its filters.

    HubSpot has no list of those who left. So each poll reads all members, 250 in a call, and compares them
    with those of the poll before. Who was deleted has left too, and who joined and left between two polls
    is not noticed. The times of an event are those of the polls. Marketo logs each removal from a static
    list.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param list_id: the list; on Marketo a static one. On HubSpot it has 100,000 members at most.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``GET /crm/{version}/lists/{listId}/memberships``; Marketo
    ``GET /rest/v1/activities.json``.
    """

    feed = "list_removals"
    checks = MappingProxyType({"list_id": id_text})
    required = ("list_id",)

    def __init__(
        self, conn_id: str, *, list_id: str | int, poll_interval: float = WHOLE_POLL_INTERVAL
    ) -> None:
        super().__init__(conn_id, poll_interval, {"list_id": list_id})


class DeletedLeadsTrigger(WatcherTrigger):
    """Fires when leads were deleted, or merged into others.

    HubSpot cannot filter deleted contacts by time, so each poll lists all of the last 90 days, 100 in a
    call. It keeps no trace of contacts that were deleted for good (GDPR). It does not say when contacts
    were merged: the time is that at which the winner changed.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param include_merged: also leads that were merged into others: the ids are those that are gone.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``GET /crm/{version}/objects/contacts`` and
    ``POST /crm/{version}/objects/contacts/search``; Marketo ``GET /rest/v1/activities/deletedleads.json`` and
    ``GET /rest/v1/activities.json``.
    """

    feed = "deleted_leads"
    checks = MappingProxyType({"include_merged": to_bool})

    def __init__(
        self, conn_id: str, *, include_merged: bool = True, poll_interval: float = WHOLE_POLL_INTERVAL
    ) -> None:
        super().__init__(conn_id, poll_interval, {"include_merged": include_merged})


class FormSubmissionsTrigger(WatcherTrigger):
    """Fires when a form was filled out. HubSpot's ids are those of the submissions, Marketo's of the leads.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param form_id: the form; on Marketo any form when not given.
    :param poll_interval: seconds between two polls.

    Source: HubSpot ``GET /form-integrations/v1/submissions/forms/{formId}``; Marketo
    ``GET /rest/v1/activities.json``.
    """

    feed = "form_submissions"
    checks = MappingProxyType({"form_id": id_text})

    def __init__(
        self, conn_id: str, *, form_id: str | int | None = None, poll_interval: float = POLL_INTERVAL
    ) -> None:
        super().__init__(conn_id, poll_interval, {"form_id": form_id})


class LeadActivitiesTrigger(WatcherTrigger):
    """Fires when Marketo has logged activities of some types.

    :param conn_id: a connection of type ``marketo``.
    :param activity_type_ids: 1-10 types, e.g. 10 (email opened), 11 (link clicked), 1 (web page visited).
    :param about_id: only activities about this campaign, email, form, list ...
    :param poll_interval: seconds between two polls.

    Source: ``GET /rest/v1/activities.json``.
    """

    feed = "lead_activities"
    checks = MappingProxyType({"activity_type_ids": type_ids, "about_id": id_text})
    required = ("activity_type_ids",)

    def __init__(
        self,
        conn_id: str,
        *,
        activity_type_ids: Sequence[int],
        about_id: str | int | None = None,
        poll_interval: float = POLL_INTERVAL,
    ) -> None:
        arguments = {"activity_type_ids": activity_type_ids, "about_id": about_id}
        super().__init__(conn_id, poll_interval, arguments)
