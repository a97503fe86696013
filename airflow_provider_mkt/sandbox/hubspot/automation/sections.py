"""The tables of sequences and workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.world import Section

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.hubspot.automation.store import AutomationStore, Enrolment

NEWEST = 10


def automation_tables(store: AutomationStore) -> list[Section]:
    """Who was enrolled where, the newest first."""
    sequences = {one.id: one.name for one in store.sequences.values()}
    workflows = {one.flow_id: one.name for one in store.workflows.values()}
    return [
        _table("Sequence enrolments", store.in_sequences, sequences),
        _table("Workflow enrolments", store.in_workflows, workflows),
    ]


def _table(title: str, enrolments: list[Enrolment], names: dict[str, str]) -> Section:
    rows = [
        [iso(one.at), names.get(one.where, one.where), one.contact, iso(one.until)]
        for one in reversed(enrolments[-NEWEST:])
    ]
    return Section(title, ["at", "in", "contact", "until"], rows, f"{len(enrolments):,} in all")
