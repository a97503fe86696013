"""Types and parameters that the marketing email calls share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Pairs, flag, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import instant, names
from airflow_provider_mkt.client.redaction import describe_type

READ = ("marketing.email.read or marketing.email.write or content",)
# HubSpot's reference lists the read scope for writes as well, but a write needs one of these.
WRITE = ("marketing.email.write or content",)
SORTS = ("createdAt", "updatedAt", "name", "createdBy", "updatedBy")

When: TypeAlias = datetime | Sequence[datetime | None] | None
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


def moments(call: str, **filters: When) -> Pairs:
    """Filters on times.

    :raises InvalidInput: on a time without a zone, or what is neither a time nor a pair.
    """
    pairs: list[tuple[str, str]] = []
    for name, when in filters.items():
        if when is None:
            continue
        if isinstance(when, datetime):
            pairs.extend(query_pairs(**{f"{name}At": instant(call, name, when)}))
            continue
        if isinstance(when, str) or not isinstance(when, Sequence) or len(when) != 2:
            raise InvalidInput(
                name, f"must be a time or a pair of times, not {describe_type(when)}", call=call
            )
        after, before = when
        if after is not None and before is not None and after >= before:
            raise InvalidInput(name, "leaves no time between its two ends", call=call)
        pairs.extend(
            query_pairs(
                **{
                    f"{name}After": instant(call, f"{name}[0]", after),
                    f"{name}Before": instant(call, f"{name}[1]", before),
                }
            )
        )
    return tuple(pairs)


def details(
    call: str,
    *,
    archived: bool | None,
    included_properties: Sequence[str],
    include_stats: bool,
    variant_stats: bool,
    marketing_campaign_names: bool,
    workflow_names: bool,
) -> Pairs:
    """What is to come along with an email."""
    wanted = names(call, "included_properties", included_properties)
    return query_pairs(
        archived=flag(call, "archived", archived),
        # HubSpot guarantees only ``isAb`` in every response, and ``id`` is always needed.
        includedProperties=wanted and list(dict.fromkeys(("id", *wanted))),
        includeStats=flag(call, "include_stats", include_stats) or None,
        variantStats=flag(call, "variant_stats", variant_stats) or None,
        marketingCampaignNames=flag(call, "marketing_campaign_names", marketing_campaign_names) or None,
        workflowNames=flag(call, "workflow_names", workflow_names) or None,
    )
