"""Marketing emails and their sends in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"emails": state.emails.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_emails(state), _sends(state)]


def _emails(state: HubSpotState) -> Table:
    now, every = state.clock.time(), state.emails.all()
    rows = [
        [
            one.id,
            one.name,
            "archived" if one.archived_at is not None else state.emails.state(one),
            "yes" if one.draft is not None else "",
            "" if one.partner is None else f"{one.role}, with {one.partner}",
            str(len(one.revisions)),
            str(sum(1 for send in one.sends if not send.cancelled)),
            f"{one.reached(now, state.settings):,}",
        ]
        for one in reversed(every[-NEWEST:])
    ]
    columns = ["id", "name", "state", "draft", "test", "revisions", "sends", "mails out"]
    return Table("Marketing emails", columns, rows, f"{len(every):,} in all")


def _sends(state: HubSpotState) -> Table:
    sends = state.emails.sends()
    rows = [
        [iso(send.due), email.id, email.name, "failed" if send.failed else f"{send.recipients or 0:,}"]
        for email, send in reversed(sends[-NEWEST:])
    ]
    return Table("Sends", ["at", "email", "name", "recipients"], rows, f"{len(sends):,} in all")
