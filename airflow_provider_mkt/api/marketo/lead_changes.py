"""New leads and changes of their fields, by the activity log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from airflow_provider_mkt.api.call import Call, Envelope
from airflow_provider_mkt.api.conditions import Seen, State
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.lead_changes import Change, ChangeLog, any_change, instant
from airflow_provider_mkt.api.marketo import activities
from airflow_provider_mkt.api.marketo.answers import rows
from airflow_provider_mkt.api.marketo.values import moment

LATE = 7200.0
"""Seconds after which a row of the activity log is held to be there. The platform names no bound."""


def read(since: datetime, fields: Sequence[str], list_id: str | None) -> Flow[Call[list[Change]]]:
    """Make the call that pages through leads that were made, or one of whose fields changed, since then.

    :raises InvalidInput: without fields.
    """
    if not fields:
        raise InvalidInput("fields", "is missing: the REST names of the fields whose changes count")
    # Whole seconds are what the log is asked in, and an earlier start loses nothing.
    token: str = yield activities.paging_token(since.replace(microsecond=0))
    call = activities.lead_changes(token, fields=fields, list_id=list_id)

    def changes(envelope: Envelope) -> list[Change]:
        return [_change(row) for row in rows(envelope) if (moment(row["activityDate"]) or since) >= since]

    return cast("Call[list[Change]]", replace(call, read=changes))  # type: ignore[arg-type]


def _change(row: Mapping[str, Any]) -> Change:
    at = moment(row["activityDate"])
    if at is None:
        msg = "an activity has no date"
        raise ValueError(msg)
    new = int(row["activityTypeId"]) == activities.NEW_LEAD
    return Change(str(row["leadId"]), str(row["marketoGUID"]), at, new)


LOG = ChangeLog(read, LATE)


def leads_changed(
    state: State,
    *,
    since: str,
    known: Sequence[str] = (),
    fields: Sequence[str] = (),
    list_id: str | None = None,
) -> Flow[Seen]:
    """Whether a lead was made or changed since then that is not known. Two calls while few are."""
    changes = read(instant("since", since), fields, list_id)
    return (yield from any_change(changes, frozenset(known)))
