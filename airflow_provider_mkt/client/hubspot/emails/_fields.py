"""Types and parameters that the marketing email calls share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Json, Pairs, query_pairs, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import time_text
from airflow_provider_mkt.client.parameters import Check, to_utc
from airflow_provider_mkt.client.redaction import describe_type

READ = ("marketing.email.read or marketing.email.write or content",)
# HubSpot's reference lists the read scope for writes as well, but a write needs one of these.
WRITE = ("marketing.email.write or content",)
SORTS = ("createdAt", "updatedAt", "name", "createdBy", "updatedBy")


def _time_filter(field: str, value: object) -> datetime | tuple[datetime | None, datetime | None]:
    if isinstance(value, datetime):
        return to_utc(field, value)
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise InvalidInput(field, f"must be a time or a pair of times, not {describe_type(value)}")
    after, before = (
        None if time is None else to_utc(f"{field}[{index}]", time) for index, time in enumerate(value)
    )
    if after is not None and before is not None and after >= before:
        raise InvalidInput(field, "must end after it starts")
    return after, before


When: TypeAlias = Annotated[datetime | Sequence[datetime | None], Check(_time_filter)] | None
"""An exact time, or a pair ``(after, before)`` of which either may be None."""


class Email(BaseModel):
    """A marketing email: the fields that the provider reads. Other fields are kept as extra."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str = ""
    state: str = ""
    isPublished: bool = False
    isAb: bool = False
    sendOnPublish: bool | None = None
    publishDate: str | None = None
    publishedAt: str | None = None
    createdAt: str | None = None
    clonedFrom: str | None = None


def time_filters(**filters: When) -> Pairs:
    """Return filters on times as query parameters."""
    pairs: dict[str, str | None] = {}
    for name, when in filters.items():
        if isinstance(when, datetime):
            pairs[f"{name}At"] = time_text(when)
        elif when is not None:
            pairs[f"{name}After"], pairs[f"{name}Before"] = map(time_text, when)
    return query_pairs(**pairs)


def read_options(
    *,
    archived: bool | None,
    included_properties: Sequence[str],
    include_stats: bool,
    variant_stats: bool,
    marketing_campaign_names: bool,
    workflow_names: bool,
) -> Pairs:
    """Return the query parameters that say what to return with an email."""
    # HubSpot guarantees only ``isAb`` in every response, and ``id`` is always needed.
    properties = list(dict.fromkeys(("id", *included_properties))) if included_properties else None
    return query_pairs(
        archived=archived,
        includedProperties=properties,
        includeStats=include_stats or None,
        variantStats=variant_stats or None,
        marketingCampaignNames=marketing_campaign_names or None,
        workflowNames=workflow_names or None,
    )


def schedule_changes(publish_at: datetime | None) -> dict[str, Json]:
    """Return the fields that set the send time: *publish_at*, or immediately when None.

    :raises InvalidInput: when a time has no time zone.
    """
    if publish_at is None:
        return {"sendOnPublish": True}
    time = utc("emails.publish", "publish_at", publish_at)
    return {"sendOnPublish": False, "publishDate": time.isoformat().replace("+00:00", "Z")}


def time_of(text: str | None) -> datetime | None:
    """Read a time of an email, in UTC where it has no offset; None where it is missing or not a time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
