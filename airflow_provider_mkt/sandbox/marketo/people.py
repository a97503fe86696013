"""Leads as one API user sees them: those of other partitions are not there."""

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.marketo.answers import Call
from airflow_provider_mkt.sandbox.marketo.problems import lead_not_found
from airflow_provider_mkt.sandbox.marketo.work.origin import Origin
from airflow_provider_mkt.sandbox.marketo.world.leads import Lead

API = "Web service API"


def lead_of(call: Call, lead_id: int) -> Lead:
    lead = call.world.leads.existing(lead_id)
    if not call.token.may_use(lead.partition_id):
        raise lead_not_found(lead_id)
    return lead


def visible(call: Call, leads: Iterable[Lead | None]) -> list[Lead]:
    return [lead for lead in leads if lead and call.token.may_use(lead.partition_id)]


def origin(method: str, request_id: str = "") -> Origin:
    return Origin(API, method, request_id)
