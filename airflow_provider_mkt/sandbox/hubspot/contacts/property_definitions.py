"""Definitions of contact properties."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property, named

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

BOUNCE_REASONS = ("CONTENT", "DMARC", "MAILBOX_FULL", "OTHER", "POLICY", "SPAM", "UNKNOWN_USER")

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
            "hs_buying_role",
            "enumeration",
            ("BUDGET_HOLDER", "CHAMPION", "DECISION_MAKER", "END_USER"),
            multiple=True,
        ),
        # A custom property with unique values, which can be the key of an upsert.
        Property("external_id", unique=True, custom=_EXTERNAL_ID),
        *named(
            "string",
            "firstname lastname salutation phone mobilephone fax company jobtitle job_function industry "
            "website address city state zip country message work_email seniority degree field_of_study "
            "gender date_of_birth graduation_date marital_status military_status relationship_status school "
            "start_date twitterhandle twitterbio hs_linkedin_url hs_persona hs_timezone hs_state_code "
            "hs_country_region_code hs_additional_emails hs_legal_basis hubspot_owner_id company_size "
            "numemployees annualrevenue ip_city ip_country",
        ),
        *named("number", "followercount kloutscoregeneral hubspotscore lead_score total_revenue"),
        *named("date", "closedate_day renewal_date"),
        *named("datetime", "closedate hs_content_membership_registered_at"),
        *named("bool", "hs_email_optout newsletter_opt_in"),
        # Public integrations write it when they create contacts. Its documentation does not say who can.
        Property("hs_marketable_status", "enumeration", ("true", "false")),
        Property("hs_email_hard_bounce_reason_enum", "enumeration", BOUNCE_REASONS, read_only=True),
        *named("bool", "hs_email_bad_address hs_email_is_ineligible hs_email_quarantined", read_only=True),
        *named("number", "hs_email_sends_since_last_engagement", read_only=True),
        *named("number", "hs_object_id num_conversion_events associatedcompanyid", read_only=True),
        *named(
            "datetime",
            "createdate lastmodifieddate hs_lastmodifieddate first_conversion_date recent_conversion_date "
            "notes_last_updated notes_last_contacted hubspot_owner_assigneddate",
            read_only=True,
        ),
        *named(
            "string",
            "hs_email_domain hs_full_name_or_email hs_analytics_source hs_merged_object_ids hs_object_source",
            read_only=True,
        ),
    ]
}

SHOWN_BY_DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
