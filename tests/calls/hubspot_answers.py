"""The answers of HubSpot as documented, by call: campaigns, emails, sends, accounts and automation."""

from __future__ import annotations

from typing import Any

from calls.hubspot_envelopes import STATUSES, batch, counted, page, undated_and_dated
from calls.hubspot_event_answers import EVENTS, SUBSCRIPTIONS
from calls.hubspot_object_answers import OBJECTS
from calls.hubspot_people_answers import PEOPLE
from calls.shapes import NOTHING, Documented, Time, also, shape, words

ASSET = shape("Asset", {"name": str, "metrics": dict[str, float]}, id=str)
CAMPAIGN = shape(
    "Campaign",
    id=str,
    createdAt=Time,
    updatedAt=Time,
    properties=dict[str, str],
    businessUnits=list[shape("BusinessUnit", id=int)],
)
CAMPAIGN_WITH_ASSETS = also(CAMPAIGN, "CampaignWithAssets", assets=dict[str, page(ASSET)])
LINE = shape(
    "Line", {"description": str}, id=str, name=str, amount=float, order=int, createdAt=int, updatedAt=int
)

FIGURES = shape(
    "Figures",
    counters=dict[str, int],
    deviceBreakdown=dict[str, dict[str, int]],
    qualifierStats=dict[str, dict[str, int]],
    ratios=dict[str, float],
)
TOTALS: dict[str, Any] = {
    "aggregate": FIGURES,
    "campaignAggregations": dict[str, FIGURES],
    "emails": list[int],
}
FORM = shape(
    "Form",
    {"archivedAt": Time},
    id=str,
    name=str,
    formType=words("hubspot captured flow blog_comment"),
    fieldGroups=list[dict[str, Any]],
    configuration=dict[str, Any],
    displayOptions=dict[str, Any],
    legalConsentOptions=dict[str, Any],
    createdAt=Time,
    updatedAt=Time,
    archived=bool,
)
SUBMISSION = shape(
    "Submission",
    {"pageUrl": str},
    conversionId=str,
    submittedAt=int,
    values=list[shape("SubmittedValue", {"objectTypeId": str}, name=str, value=str)],  # type: ignore[misc]
)
EMAIL_CAMPAIGNS = shape(
    "EmailCampaigns",
    hasMore=bool,
    offset=str,
    campaigns=list[shape("EmailCampaignRow", id=int, appId=int, appName=str, lastUpdatedTime=int)],
)
EVENT_KEY = shape("EventKey", id=str, created=int)
EMAIL_EVENT = also(
    EVENT_KEY,
    "EmailEvent",
    {
        "sentBy": EVENT_KEY,
        "obsoletedBy": EVENT_KEY,
        "subject": str,
        "response": str,
        "dropReason": str,
        "filteredEvent": bool,
    },
    type=str,
    recipient=str,
    portalId=int,
    appId=int,
    appName=str,
    emailCampaignId=int,
)
RECIPIENTS = shape("Recipients", {"include": list[str], "exclude": list[str]})
EMAIL_STATES = words(
    "AGENT_GENERATED AUTOMATED AUTOMATED_AB AUTOMATED_AB_VARIANT AUTOMATED_DRAFT AUTOMATED_DRAFT_AB "
    "AUTOMATED_DRAFT_ABVARIANT AUTOMATED_LOSER_ABVARIANT AUTOMATED_SENDING DRAFT DRAFT_AB DRAFT_AB_VARIANT "
    "ERROR LOSER_AB_VARIANT PRE_PROCESSING PROCESSING PUBLISHED PUBLISHED_AB PUBLISHED_AB_VARIANT "
    "PUBLISHED_OR_SCHEDULED SCHEDULED SCHEDULED_AB SCHEDULED_OR_PUBLISHED"
)
EMAIL = shape(
    "Email",
    {
        "id": str,
        "name": str,
        "subject": str,
        "state": EMAIL_STATES,
        "type": str,
        "subcategory": str,
        "archived": bool,
        "campaign": str,
        "campaignName": str,
        "clonedFrom": str,
        "createdAt": Time,
        "updatedAt": Time,
        "publishDate": Time,
        "publishedAt": Time,
        "unpublishedAt": Time,
        "isPublished": bool,
        "isTransactional": bool,
        "sendOnPublish": bool,
        "language": str,
        "primaryEmailCampaignId": str,
        "allEmailCampaignIds": list[str],
        "stats": FIGURES,
        "testing": shape("Testing", {"isAbVariation": bool, "testId": str, "abStatus": str}),
        "to": shape(
            "To", {"contactIds": RECIPIENTS, "contactIlsLists": RECIPIENTS, "contactLists": RECIPIENTS}
        ),
        "from": shape("From", {"fromName": str, "replyTo": str, "customReplyTo": str}),
        "workflowNames": list[str],
    },
    isAb=bool,
)
REVISION = shape(
    "Revision", id=str, object=EMAIL, updatedAt=Time, user=shape("User", id=str, email=str, fullName=str)
)

SEND = shape(
    "Send",
    {
        "message": str,
        "sendResult": str,
        "requestedAt": Time,
        "startedAt": Time,
        "completedAt": Time,
        "eventId": shape("EventId", id=str, created=Time),
    },
    status=STATUSES,
    statusId=str,
)
SMTP_TOKEN = shape(
    "SmtpToken",
    id=str,
    campaignName=str,
    createContact=bool,
    createdAt=Time,
    createdBy=str,
    emailCampaignId=str,
)
SMTP_TOKEN_WITH_PASSWORD = also(SMTP_TOKEN, "SmtpTokenWithPassword", password=str)

SEQUENCE = shape("Sequence", {"folderId": str}, id=str, name=str, userId=str, createdAt=Time, updatedAt=Time)
ENROLMENT = shape("Enrolment", id=str, toEmail=str, enrolledAt=Time, updatedAt=Time)
FLOW = shape(
    "Procedure",
    {"name": str, "uuid": str},
    id=str,
    isEnabled=bool,
    flowType=words("ACTION_SET UNKNOWN WORKFLOW"),
    objectTypeId=str,
    revisionId=str,
    createdAt=Time,
    updatedAt=Time,
)

ROWS = list[dict[str, Any]]
WHOLE_FLOW = also(
    FLOW,
    "WholeFlow",
    {"canEnrollFromSalesforce": bool, "suppressionListIds": list[int], "enrollmentCriteria": dict},
    type=words("CONTACT_FLOW PLATFORM_FLOW"),
    actions=ROWS,
    timeWindows=ROWS,
    blockedDates=ROWS,
    dataSources=ROWS,
    customProperties=dict[str, str],
    crmObjectCreationStatus=words("PENDING COMPLETE"),
    nextAvailableActionId=str,
)

TOKENS = shape(
    "Tokens",
    {"hub_id": int, "user_id": int, "scopes": list[str], "id_token": str},
    access_token=str,
    expires_in=int,
    token_type=str,
    token_use=words("access_token client_credentials"),
)
TOKENS_TO_KEEP = also(TOKENS, "TokensToKeep", refresh_token=str)
SIGNED = shape(
    "SignedAccessToken",
    appId=int,
    expiresAt=int,
    hubId=int,
    hublet=str,
    installingUserId=int,
    isPrivateDistribution=bool,
    isServiceAccount=bool,
    isUserLevel=bool,
    newSignature=str,
    scopes=str,
    scopeToScopeGroupPks=str,
    signature=str,
    trialScopes=str,
    trialScopeToScopeGroupPks=str,
    userId=int,
)
TOKEN_FACTS = shape(
    "TokenFacts",
    {"expires_in": int, "hub_domain": str, "user": str, "signed_access_token": SIGNED},
    active=bool,
    app_id=int,
    client_id=str,
    hub_id=int,
    scopes=list[str],
    token=str,
    token_type=str,
    token_use=words("access_token refresh_token"),
    user_id=int,
)

ANSWERS: Documented = {
    **PEOPLE,
    **OBJECTS,
    **EVENTS,
    **SUBSCRIPTIONS,
    "account_info.daily_usage": shape(
        "Usages",
        results=list[
            shape(
                "Usage",
                {"resetsAt": Time},
                name=str,
                collectedAt=Time,
                currentUsage=int,
                usageLimit=int,
                fetchStatus=words("CACHED FAILURE NOTFOUND SUCCESS TIMEOUT"),
            )
        ],
    ),
    "account_info.details": shape(
        "Account",
        accountType=words("APP_DEVELOPER DEVELOPER_TEST SANDBOX STANDARD"),
        additionalCurrencies=list[str],
        companyCurrency=str,
        dataHostingLocation=str,
        portalId=int,
        timeZone=str,
        uiDomain=str,
        utcOffset=str,
        utcOffsetMilliseconds=int,
    ),
    "campaign_assets.add": NOTHING,
    "campaign_assets.list": page(ASSET),
    "campaign_assets.remove": NOTHING,
    **{
        f"campaign_{kind}.{call}": LINE for kind in ("budgets", "spend") for call in ("add", "get", "replace")
    },
    "campaign_budgets.remove": NOTHING,
    "campaign_spend.remove": NOTHING,
    "campaign_budgets.totals": shape(
        "Totals",
        {"budgetTotal": float, "remainingBudget": float, "spendTotal": float},
        budgetItems=list[LINE],
        spendItems=list[LINE],
        currencyCode=str,
    ),
    "campaign_reports.contacts": page(shape("ContactReference", id=str)),
    "campaign_reports.metrics": shape(
        "Metrics", influencedContacts=int, newContactsFirstTouch=int, newContactsLastTouch=int, sessions=int
    ),
    "campaign_reports.revenue": shape(
        "Revenue",
        {
            "contactsNumber": int,
            "currencyCode": str,
            "dealAmount": float,
            "dealsNumber": int,
            "revenueAmount": float,
        },
    ),
    "campaigns.archive_batch": NOTHING,
    "campaigns.create": CAMPAIGN,
    "campaigns.create_batch": batch(CAMPAIGN),
    "campaigns.delete": NOTHING,
    "campaigns.get": CAMPAIGN_WITH_ASSETS,
    "campaigns.batch_read": batch(CAMPAIGN_WITH_ASSETS),
    "campaigns.list": counted(CAMPAIGN),
    "campaigns.update": CAMPAIGN,
    "campaigns.update_batch": batch(CAMPAIGN),
    "email_campaigns.get": shape(
        "EmailCampaign",
        {
            "scheduledAt": int,
            "lastProcessingStartedAt": int,
            "lastProcessingFinishedAt": int,
            "lastProcessingStateChangeAt": int,
            "subType": str,
        },
        id=int,
        appId=int,
        appName=str,
        contentId=int,
        name=str,
        subject=str,
        type=str,
        processingState=str,
        numIncluded=int,
        numQueued=int,
        counters=dict[str, int],
    ),
    "email_campaigns.list": EMAIL_CAMPAIGNS,
    "email_campaigns.list_by_id": EMAIL_CAMPAIGNS,
    "email_events.get": EMAIL_EVENT,
    "email_events.list": shape("EmailEvents", hasMore=bool, offset=str, events=list[EMAIL_EVENT]),
    "email_revisions.get": REVISION,
    "email_revisions.list": counted(REVISION),
    "email_revisions.restore": NOTHING,
    "email_revisions.restore_to_draft": EMAIL,
    "email_statistics.histogram": counted(
        shape("Interval", aggregations=FIGURES, interval=shape("Span", start=Time, end=Time))
    ),
    "email_statistics.totals": undated_and_dated(
        shape("EmailTotals", TOTALS), shape("EmailTotals", **TOTALS)
    ),
    "email_tests.create_variation": EMAIL,
    "email_tests.get_variation": EMAIL,
    **{f"emails.{call}": EMAIL for call in ("clone", "create", "get", "get_draft", "update", "update_draft")},
    **{f"emails.{call}": NOTHING for call in ("archive", "publish", "reset_draft", "unpublish")},
    "emails.list": counted(EMAIL),
    "flows.create": WHOLE_FLOW,
    "flows.delete": NOTHING,
    "flows.get": WHOLE_FLOW,
    "flows.list": page(FLOW),
    "flows.email_campaigns": page(shape("FlowEmail", flowId=str)),
    "flows.performance": shape("Performance", results=list[dict[str, Any]]),
    "oauth.access_token_info": shape("AccessTokenInfo", hubId=int, userId=int, appId=int, scopes=list[str]),
    "flows.batch_read": batch(WHOLE_FLOW),
    "flows.replace": WHOLE_FLOW,
    "flows.workflow_ids": batch(shape("WorkflowId", flowId=int, workflowId=int)),
    **{f"forms.{call}": FORM for call in ("create", "get", "replace", "update")},
    "forms.archive": NOTHING,
    "forms.list": page(FORM),
    "form_submissions.list": page(SUBMISSION),
    "form_submissions.submit": shape("Submitted", {"inlineMessage": str, "redirectUri": str}),
    "legacy.enrol_in_nurture": NOTHING,
    "legacy.update_lead": NOTHING,
    "oauth.client_credentials": TOKENS,
    "oauth.exchange_code": TOKENS_TO_KEEP,
    "oauth.introspect": TOKEN_FACTS,
    "oauth.refresh": TOKENS_TO_KEEP,
    "oauth.revoke": NOTHING,
    "send_statuses.get": SEND,
    "sequences.enrol": ENROLMENT,
    "sequences.enrolment": also(
        ENROLMENT, "CurrentEnrolment", enrolledBy=str, enrolledByEmail=str, sequenceId=str, sequenceName=str
    ),
    "sequences.get": also(SEQUENCE, "WholeSequence", steps=list[dict], dependencies=list[dict]),
    "sequences.list": counted(SEQUENCE),
    "smtp_tokens.archive": NOTHING,
    "smtp_tokens.create": SMTP_TOKEN_WITH_PASSWORD,
    "smtp_tokens.get": SMTP_TOKEN,
    "smtp_tokens.reset_password": SMTP_TOKEN_WITH_PASSWORD,
    "smtp_tokens.list": page(SMTP_TOKEN),
    "transactional.send": SEND,
    "transactional.single_send": SEND,
    "workflows.enrol": NOTHING,
    "workflows.enrolments": shape("Workflows", results=list[shape("Workflow", id=int, name=str)]),
    "workflows.unenrol": NOTHING,
}
