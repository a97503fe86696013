"""Access to leads: an API user sees only those of its partitions."""

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.marketo.errors import lead_not_found
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest

API = "Web service API"


def lead_of(request: MarketoRequest, lead_id: int) -> Lead:
    lead = request.state.leads.existing(lead_id)
    if not request.token.may_use(lead.partition_id):
        raise lead_not_found(lead_id)
    return lead


def visible(request: MarketoRequest, leads: Iterable[Lead | None]) -> list[Lead]:
    return [lead for lead in leads if lead and request.token.may_use(lead.partition_id)]


def origin(method: str, request_id: str = "") -> Origin:
    return Origin(API, method, request_id)
