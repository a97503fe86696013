"""Access to leads: an API user sees only those of its partitions."""

import re
from collections.abc import Iterable, Iterator

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, lead_not_found
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest

API = "Web service API"
_COOKIE = re.compile(r"id:\d{3}-\w{3}-\d{3}&token:_mch-[\w.-]+")


def lead_of(request: MarketoRequest, lead_id: int) -> Lead:
    lead = request.state.leads.existing(lead_id)
    if not request.token.may_use(lead.partition_id):
        raise lead_not_found(lead_id)
    return lead


def visible(request: MarketoRequest, leads: Iterable[Lead | None]) -> Iterator[Lead]:
    return (lead for lead in leads if lead and request.token.may_use(lead.partition_id))


def origin(method: str, request_id: str = "") -> Origin:
    return Origin(API, method, request_id)


def check_cookie(value: str) -> None:
    """Check the value of a browser's `_mkto_trk` cookie."""
    if not _COOKIE.fullmatch(value):
        raise MarketoError(1012, f"Invalid cookie value '{value}'")
