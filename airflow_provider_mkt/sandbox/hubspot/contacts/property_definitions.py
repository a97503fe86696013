"""Definitions of contact properties, and checks of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)

Problem = tuple[str, str, str]
Definitions = Mapping[str, "Property"]


@dataclass(frozen=True, slots=True)
class Property:
    """Definition of one property."""

    name: str
    kind: str = "string"
    options: tuple[str, ...] = ()
    read_only: bool = False
    unique: bool = False
    custom: JsonObject = field(default_factory=dict, compare=False)
    """The definition that a client gave; empty for HubSpot's own properties."""

    def problem(self, value: str) -> Problem | None:
        """Return the error in a value as (property, code, message), or None."""
        if self.read_only:
            return (
                self.name,
                "READ_ONLY_VALUE",
                f'"{self.name}" is a read only property; its value cannot be set',
            )
        if value == "" or self._fits(value):
            return None
        if self.name == "email":
            return self.name, "INVALID_EMAIL", f"Email address {value} is invalid"
        if self.options:
            allowed = ", ".join(self.options)
            return self.name, "INVALID_OPTION", f"{value} was not one of the allowed options: [{allowed}]"
        code = {"number": "INVALID_LONG", "date": "INVALID_DATE", "datetime": "INVALID_DATE"}[self.kind]
        return self.name, code, f"{value} is not a valid {self.kind}"

    def _fits(self, value: str) -> bool:
        if self.name == "email":
            return _EMAIL.fullmatch(value.strip()) is not None
        if self.kind == "number":
            try:
                return math.isfinite(float(value))
            except ValueError:
                return False
        if self.kind == "date":
            moment = times.parse(value)
            return moment is not None and (len(value) == 10 or moment % 86400 == 0)
        if self.kind == "datetime":
            return times.parse(value) is not None
        if self.kind == "bool":
            return value in ("true", "false")
        if self.options:
            # A multi-select value is a list separated by semicolons.
            return all(part in self.options for part in value.strip(";").split(";"))
        return True


def _named(kind: str, names: str, *, read_only: bool = False) -> list[Property]:
    options = ("true", "false") if kind == "bool" else ()
    return [Property(name, kind, options, read_only) for name in names.split()]


LIFECYCLE_STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
LEAD_STATUSES = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)

_EXTERNAL_ID = {
    "name": "external_id",
    "label": "External id",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
    "hasUniqueValue": True,
    "createdAt": "2025-01-06T09:00:00.000Z",
    "updatedAt": "2025-01-06T09:00:00.000Z",
}

CONTACT_PROPERTIES: Mapping[str, Property] = {
    prop.name: prop
    for prop in [
        Property("email", unique=True),
        Property("lifecyclestage", "enumeration", LIFECYCLE_STAGES),
        Property("hs_lead_status", "enumeration", LEAD_STATUSES),
        Property("hs_language", "enumeration", ("de", "en", "en-gb", "es", "fr", "it", "ja", "nl", "pt-br")),
        Property(
            "hs_buying_role", "enumeration", ("BUDGET_HOLDER", "CHAMPION", "DECISION_MAKER", "END_USER")
        ),
        # A custom property with unique values, which can be the key of an upsert.
        Property("external_id", unique=True, custom=_EXTERNAL_ID),
        *_named(
            "string",
            "firstname lastname salutation phone mobilephone fax company jobtitle job_function industry "
            "website address city state zip country message work_email seniority degree field_of_study "
            "gender date_of_birth graduation_date marital_status military_status relationship_status school "
            "start_date twitterhandle twitterbio hs_linkedin_url hs_persona hs_timezone hs_state_code "
            "hs_country_region_code hs_additional_emails hs_legal_basis hubspot_owner_id company_size "
            "numemployees annualrevenue ip_city ip_country",
        ),
        *_named("number", "followercount kloutscoregeneral hubspotscore lead_score total_revenue"),
        *_named("date", "closedate_day renewal_date"),
        *_named("datetime", "closedate hs_content_membership_registered_at"),
        *_named("bool", "hs_email_optout newsletter_opt_in"),
        *_named("number", "hs_object_id num_conversion_events associatedcompanyid", read_only=True),
        *_named(
            "datetime",
            "createdate lastmodifieddate hs_lastmodifieddate first_conversion_date recent_conversion_date "
            "notes_last_updated notes_last_contacted hubspot_owner_assigneddate",
            read_only=True,
        ),
        *_named(
            "string",
            "hs_email_domain hs_full_name_or_email hs_analytics_source hs_marketable_status hs_object_source",
            read_only=True,
        ),
    ]
}

SHOWN_BY_DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def problems_of(values: dict[str, str], definitions: Definitions) -> list[Problem]:
    """Return all errors in a set of values."""
    found: list[Problem] = []
    for name, value in values.items():
        known = definitions.get(name)
        if known is None:
            found.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif (problem := known.problem(value)) is not None:
            found.append(problem)
    return found
