"""Workflows, sequences and enrolments in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.automation.store import Enrolment
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"automation": state.automation.snapshot(), "legacy": state.nurture.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    store = state.automation
    sequences = {one.id: one.name for one in store.sequences.values()}
    workflows = {one.flow_id: one.name for one in store.workflows.values()}
    return [
        _enrolments("Sequence enrolments", store.in_sequences, sequences),
        _enrolments("Workflow enrolments", store.in_workflows, workflows),
        _nurture_enrolments(state),
    ]


def _enrolments(title: str, enrolments: list[Enrolment], names: dict[str, str]) -> Table:
    rows = [
        [iso(one.at), names.get(one.where, one.where), one.contact, iso(one.until)]
        for one in reversed(enrolments[-NEWEST:])
    ]
    return Table(title, ["at", "in", "contact", "until"], rows, f"{len(enrolments):,} in all")


def _nurture_enrolments(state: HubSpotState) -> Table:
    enrolments = state.nurture.enrolments
    rows = [
        [iso(one.at), state.nurture.campaigns[one.campaign].name, one.lead]
        for one in reversed(enrolments[-NEWEST:])
    ]
    return Table("Nurture enrolments", ["at", "campaign", "lead"], rows, f"{len(enrolments):,} in all")
