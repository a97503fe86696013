"""Single sends and SMTP tokens in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"singleSends": state.single_sends.snapshot(), "smtpTokens": state.smtp_tokens.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_single_sends(state), _smtp_tokens(state)]


def _single_sends(state: HubSpotState) -> Table:
    every = state.single_sends.all()
    rows = []
    for one in reversed(every[-NEWEST:]):
        view = state.single_sends.view(one)
        rows.append([iso(one.requested), one.email, one.to, view["status"], view.get("sendResult", "")])
    return Table("Single sends", ["at", "email", "to", "status", "result"], rows, f"{len(every):,} in all")


def _smtp_tokens(state: HubSpotState) -> Table:
    every = state.smtp_tokens.all()
    rows = [[one.id, one.campaign, iso(one.created)] for one in reversed(every[-NEWEST:])]
    return Table("SMTP tokens", ["user", "campaign", "created"], rows, f"{len(every):,} in all")
