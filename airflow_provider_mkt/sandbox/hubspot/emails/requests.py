"""Scopes, and reading what requests name."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.errors import not_found
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest

READ = ("marketing.email.read", "marketing.email.write", "content")
# The documentation lists the read scope for writes as well, probably by mistake; it is not accepted here.
WRITE = ("marketing.email.write", "content")
SEND = ("marketing-email", "transactional-email")


def find(request: HubSpotRequest, *, archived: bool = False) -> Email:
    """Return the email of the path; an archived one only if it is requested."""
    email_id = request.path_params["emailId"]
    email = request.state.emails.get(email_id)
    if email is None or (email.archived_at is not None) is not archived:
        msg = f"Email {email_id} not found"
        raise not_found(msg)
    return email


def asks_for_archived(request: HubSpotRequest) -> bool:
    return bool_param(request.query_params.get("archived"), "archived")
