"""Read what a marketing email is judged by before it is sent: its subscription type, its A/B test, others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from airflow_provider_mkt.actions.hubspot import jobs
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.actions.sending import OtherSend, SendDetails, SendEvidence, Subscription
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.emails import email_tests, emails
from airflow_provider_mkt.client.hubspot.emails._fields import time_of
from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.client.hubspot.subscriptions import subscriptions
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import Definition
from airflow_provider_mkt.client.json_types import JsonDict

HISTORY = timedelta(days=90)
"""How long ago the last email to the same lists may be."""
_WITH_FIGURES = 3
"""Of so many of the last emails the figures are read."""


def read_evidence(
    details: SendDetails, *, around: datetime | None, within: timedelta | None
) -> Procedure[SendEvidence]:
    """Read the account's subscription types, contact properties and other emails. Five to nine calls."""
    unreadable: dict[str, str] = {}
    types: tuple[Subscription, ...] | None = None
    try:
        rows: list[Definition] = yield subscriptions.definitions()
        types = tuple(_subscription(row) for row in rows)
    except (PermissionDenied, InvalidRequest) as error:
        unreadable["subscriptions"] = error.message
    fields: dict[str, str] | None = None
    try:
        known: list[properties.Property] = yield properties.list("contacts")
        fields = {one["name"].lower(): one["name"] for one in known}
    except (PermissionDenied, InvalidRequest) as error:
        unreadable["fields"] = error.message
    email: emails.Email = yield emails.get(
        details.target.id, included_properties=("businessUnitId", "subscriptionDetails")
    )
    more = email.model_dump()
    office = (more.get("subscriptionDetails") or {}).get("officeLocationId")
    others = (yield from _others(details, around, within)) if within is not None else None
    return SendEvidence(
        subscriptions=types,
        business_unit=str(more.get("businessUnitId") or ""),
        office_location=bool(office),
        fields=fields,
        other_sends=others,
        variation_found=(yield from _variation(details)) if details.ab_test else None,
        unreadable=unreadable,
    )


def _subscription(row: Definition) -> Subscription:
    return Subscription(
        str(row["id"]),
        str(row.get("name") or ""),
        active=row.get("isActive") is not False,
        internal=bool(row.get("isInternal")),
        business_unit=str(row.get("businessUnitId") or ""),
    )


def _variation(details: SendDetails) -> Procedure[bool]:
    try:
        yield email_tests.get_variation(details.target.id)
    except NotFound:
        return False
    return True


def _others(
    details: SendDetails, around: datetime | None, within: timedelta | None
) -> Procedure[tuple[OtherSend, ...]]:
    """Read emails to one of the same lists that were sent lately, or are scheduled. An email that is
    scheduled or sent was changed by that, so those that were not changed for long are not read."""
    wanted = {one.id: one.name or one.id for one in details.lists}
    if not wanted:
        return ()
    now = datetime.now(UTC)
    rows: list[emails.Email] = yield Pages(
        emails.list(
            updated=(now - HISTORY, None),
            sort=("-updatedAt",),
            included_properties=("name", "state", "isPublished", "to", "publishDate", "publishedAt"),
        )
    )
    found = []
    for row in rows:
        at = _goes_out_at(row)
        shared = wanted.keys() & set(_included(row.model_dump()))
        if at is not None and shared and row.id != details.target.id:
            found.append(OtherSend(row.id, row.name, at, tuple(sorted(wanted[one] for one in shared))))
    found.sort(key=lambda one: one.at, reverse=True)
    past = [one for one in found if one.at <= now][:_WITH_FIGURES]
    sent = {}
    for one in past:
        email: emails.Email = yield emails.get(one.id, include_stats=True)
        counters = ((email.model_extra or {}).get("stats") or {}).get("counters") or {}
        if isinstance(counters.get("sent"), int):
            sent[one.id] = counters["sent"]
    return tuple(OtherSend(one.id, one.name, one.at, one.lists, sent.get(one.id)) for one in found)


def _goes_out_at(email: emails.Email) -> datetime | None:
    """Return when an email went out, or will; None for a draft, and one that is not sent to lists."""
    status = jobs.email_status(email)
    if status.startswith("AUTOMATED") or status not in jobs.PUBLISHED | jobs.SCHEDULED | jobs.SENDING:
        return None
    return time_of(email.publishDate or email.publishedAt)


def _included(fields: JsonDict) -> list[str]:
    to = fields.get("to")
    named = cast("Mapping[str, object]", to).get("contactIlsLists") if isinstance(to, Mapping) else None
    return [str(one) for one in (named.get("include") or ())] if isinstance(named, Mapping) else []
