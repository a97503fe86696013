"""Definitions of HubSpot's own properties of companies, deals, tickets and custom objects."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property, named

PIPELINE = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}
"""The properties that hold the pipeline and the stage, by object type."""


def _by_name(*groups: list[Property]) -> Mapping[str, Property]:
    return {one.name: one for group in groups for one in group}


COMMON = [
    *named("number", "hs_object_id", read_only=True),
    *named("datetime", "hs_createdate hs_lastmodifieddate", read_only=True),
    *named("string", "hs_merged_object_ids", read_only=True),
]
_STANDARD = [*COMMON, *named("datetime", "createdate", read_only=True), *named("string", "hubspot_owner_id")]

CUSTOM_PROPERTIES = _by_name(COMMON, named("string", "hubspot_owner_id"))

COMPANY_PROPERTIES = _by_name(
    _STANDARD,
    named(
        "string",
        "name domain website phone address address2 city state zip country description industry type "
        "about_us founded_year timezone linkedin_company_page twitterhandle",
    ),
    named("number", "numberofemployees annualrevenue"),
    named("bool", "is_public"),
    [Property("lifecyclestage", "enumeration", ("lead", "opportunity", "customer", "other"))],
    named("number", "num_associated_contacts num_associated_deals", read_only=True),
)
DEAL_PROPERTIES = _by_name(
    _STANDARD,
    named("string", "dealname pipeline dealstage description deal_currency_code closed_lost_reason"),
    named("number", "amount"),
    named("datetime", "closedate"),
    [Property("dealtype", "enumeration", ("newbusiness", "existingbusiness"))],
    named("bool", "hs_is_closed hs_is_closed_won", read_only=True),
)
TICKET_PROPERTIES = _by_name(
    _STANDARD,
    named("string", "subject content hs_pipeline hs_pipeline_stage hs_resolution"),
    [
        Property("hs_ticket_priority", "enumeration", ("LOW", "MEDIUM", "HIGH", "URGENT")),
        Property("hs_ticket_category", "enumeration", ("PRODUCT_ISSUE", "BILLING_ISSUE", "GENERAL_INQUIRY")),
    ],
    named("datetime", "closed_date", read_only=True),
)
