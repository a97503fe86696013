"""New and changed contacts, by the time of their last change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from airflow_provider_mkt.api.call import Call, Envelope, utc
from airflow_provider_mkt.api.conditions import Seen, State
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import contact_search
from airflow_provider_mkt.api.hubspot.contacts import rows
from airflow_provider_mkt.api.lead_changes import Change, ChangeLog, any_change, instant

_CHANGED = "lastmodifieddate"


def read(since: datetime, fields: Sequence[str], list_id: str | None) -> Flow[Call[list[Change]]]:
    """Make the call that pages through contacts that were made or changed since then.

    :raises InvalidInput: on fields or a list, by which the platform does not tell changes.
    """
    for name, value in (("fields", fields), ("list_id", list_id)):
        if value:
            raise InvalidInput(name, "HubSpot tells the changes of all contacts in all fields; leave it out")
    # A flow, as the other platform's is, though it asks for nothing.
    yield from ()
    from_ms = int(utc("", "since", since).timestamp() * 1000)
    wanted = [[{"property_name": _CHANGED, "operator": "GTE", "value": str(from_ms)}]]
    call = contact_search.search_all(wanted, properties=[_CHANGED])

    def changes(envelope: Envelope) -> list[Change]:
        return [_change(row, since) for row in rows(envelope)]

    return cast("Call[list[Change]]", replace(call, read=changes))  # type: ignore[arg-type]


def _change(row: Any, since: datetime) -> Change:
    changed = str(row["properties"].get(_CHANGED) or row["updatedAt"])
    return Change(
        str(row["id"]), f"{row['id']}@{changed}", _time(changed), new=_time(row["createdAt"]) >= since
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


LOG = ChangeLog(
    read,
    # The index is behind the writes; by how much is nowhere said, so this is far more than it takes.
    late=900.0,
)


def leads_changed(
    state: State,
    *,
    since: str,
    known: Sequence[str] = (),
    fields: Sequence[str] = (),
    list_id: str | None = None,
) -> Flow[Seen]:
    """Whether a contact was made or changed since then that is not known. One call for 200 that are."""
    changes = read(instant("since", since), fields, list_id)
    return (yield from any_change(changes, frozenset(known)))
