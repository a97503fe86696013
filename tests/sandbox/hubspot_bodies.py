"""A body that HubSpot accepts for every endpoint of the sandbox that reads one, with every field it knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.sandbox.hubspot.forms.seed import definition

ADA, BRUNO, *_ = seed.CONTACT_IDS
NEWS = seed.DEFAULT_SUBSCRIPTION
JANE = "jane@example.com"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CLIENT = {"client_id": seed.OAUTH_CLIENT_ID, "client_secret": seed.OAUTH_CLIENT_SECRET}
GRANT = {**CLIENT, "grant_type": "refresh_token", "refresh_token": seed.REFRESH_TOKEN}

PATH_PARAMETERS = {
    "appId": "777100",
    "campaignGuid": seed.SPRING_CAMPAIGN,
    "campaign_guid": seed.WELCOME_NURTURE,
    "contactId": ADA,
    "email": "ada@example.com",
    "emailId": seed.NEWSLETTER_EMAIL,
    "externalAccountId": events.ACCOUNT,
    "exportId": "66000001",
    "externalEventId": events.WEBINAR,
    "fileName": "x.csv",
    "flowId": automation.WELCOME_FLOW,
    "folderId": "11",
    "formId": seed.NEWSLETTER_FORM,
    "fromObjectType": "contacts",
    "groupName": "contactinformation",
    "lead_guid": seed.LEAD_GUIDS[0],
    "lineId": "1",
    "listId": seed.LIST_ID,
    "marketingEventId": events.WEBINAR_OBJECT,
    "objectId": events.WEBINAR_OBJECT,
    "objectType": "contacts",
    "ownerId": "9000501",
    "pipelineId": "default",
    "portalId": str(seed.PORTAL_ID),
    "propertyName": "external_id",
    "recordId": ADA,
    "subscriberIdString": JANE,
    "subscriberState": "register",
    "toObjectType": "contacts",
    "toRecordId": BRUNO,
    "taskId": "66000001",
    "tokenId": "smtp-1",
    "workflowId": automation.WELCOME_WORKFLOW,
}
QUERY = {
    "channel": "EMAIL",
    "externalAccountId": events.ACCOUNT,
    "access_token": seed.TOKEN,
    "userId": automation.SALES_USER,
}
"""Query parameters that some endpoints require and the others ignore."""


@dataclass(frozen=True)
class Sent:
    """A body, and how it is encoded."""

    content: Any
    content_type: str = JSON
    path: dict[str, str] = field(default_factory=dict)
    """Path parameters that differ from the usual ones."""


def inputs(*rows: Any, **more: Any) -> Sent:
    return Sent({"inputs": list(rows), **more})


def _filters(*filters: dict[str, Any]) -> dict[str, Any]:
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": list(filters)}
    return {"filterBranchType": "OR", "filterBranches": [branch], "filters": []}


FILTERS = _filters(
    {
        "filterType": "PROPERTY",
        "property": "lifecyclestage",
        "operation": {
            "operationType": "ENUMERATION",
            "operator": "IS_ANY_OF",
            "values": ["lead"],
            "value": "lead",
            "includeObjectsWithNoValueSet": False,
        },
    },
    {"filterType": "IN_LIST", "listId": seed.LIST_ID, "operator": "IN_LIST"},
)
EMAIL = {
    "name": "New",
    "subject": "New",
    "activeDomain": "example.com",
    "archived": False,
    "businessUnitId": 0,
    "campaign": seed.SPRING_CAMPAIGN,
    "content": {"widgets": {}},
    "folderIdV2": 1,
    "from": {"fromName": "Example Ltd", "replyTo": "news@example.com"},
    "jitterSendTime": False,
    "language": "en",
    "publishDate": "2030-01-01T00:00:00Z",
    "rssData": {"blogLayout": "FULL_POST"},
    "sendOnPublish": False,
    "subcategory": "batch",
    "subscriptionDetails": {"subscriptionId": str(NEWS), "officeLocationId": "1"},
    "testing": {
        "abSampleSizeDefault": "master",
        "abSamplingDefault": "master",
        "abStatus": "master",
        "abSuccessMetric": "CLICKS_BY_OPENS",
        "abTestPercentage": 50,
        "hoursToWait": 4,
        "isAbVariation": False,
        "testId": "1",
    },
    "to": {
        "contactIds": {"include": [ADA], "exclude": []},
        "contactIlsLists": {"include": [seed.LIST_ID], "exclude": []},
        "contactLists": {"include": ["1"], "exclude": []},
        "limitSendFrequency": False,
        "suppressGraymail": False,
    },
    "webversion": {"enabled": True},
}
EVENT = {
    "eventName": "Webinar",
    "eventOrganizer": "Example Ltd",
    "eventType": "WEBINAR",
    "eventUrl": "https://example.com",
    "eventDescription": "About it",
    "startDateTime": "2030-01-01T00:00:00Z",
    "endDateTime": "2030-01-01T01:00:00Z",
    "eventCancelled": False,
    "customProperties": [{"name": "venue", "value": "Berlin"}],
}
EXTERNAL = {"externalAccountId": events.ACCOUNT, "externalEventId": "new-1"}
ATTENDANCE = {
    "interactionDateTime": 1_700_000_000_000,
    "properties": {"joinedAt": "2030-01-01T00:00:00Z", "leftAt": "2030-01-01T01:00:00Z"},
}
BY_ID = inputs({"vid": int(ADA), **ATTENDANCE})
BY_EMAIL = inputs({"email": "new@example.com", "contactProperties": {"firstname": "New"}, **ATTENDANCE})
PROPERTY = {
    "name": "grade",
    "label": "Grade",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "contactinformation",
    "description": "Of the school",
    "displayOrder": 1,
    "hasUniqueValue": False,
    "hidden": False,
    "formField": True,
    "options": [{"label": "A", "value": "a", "displayOrder": 0, "hidden": False, "description": "Best"}],
}
CONTACT = {
    "properties": {
        "email": JANE,
        "renewal_date": "2030-01-01",
        "lead_score": "5",
        "newsletter_opt_in": "true",
    },
    "associations": [
        {
            "to": {"id": ADA},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 449}],
        }
    ],
    "objectWriteTraceId": "1",
}
SEARCH = {
    "after": "0",
    "limit": 10,
    "query": "ada",
    "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
    "properties": ["email"],
    "filterGroups": [
        {
            "filters": [
                {"propertyName": "email", "operator": "EQ", "value": "ada@example.com"},
                {
                    "propertyName": "createdate",
                    "operator": "BETWEEN",
                    "value": "1",
                    "highValue": "9999999999999",
                },
                {"propertyName": "lifecyclestage", "operator": "IN", "values": ["customer"]},
            ]
        }
    ],
}
FLOW = {
    "type": "CONTACT_FLOW",
    "flowType": "WORKFLOW",
    "objectTypeId": "0-1",
    "name": "New",
    "isEnabled": True,
    "actions": [{"actionId": "1", "type": "SINGLE_CONNECTION"}],
    "enrollmentCriteria": {"shouldReEnroll": True, "type": "MANUAL"},
    "canEnrollFromSalesforce": False,
    "suppressionListIds": [],
    "timeWindows": [],
    "blockedDates": [],
    "customProperties": {},
    "dataSources": [],
}
CONSENT = {"legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "form"}
STATUS = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": NEWS, **CONSENT}
V3_STATUS = Sent({"emailAddress": JANE, "subscriptionId": str(NEWS), **CONSENT})
SEND = {
    "message": {
        "to": JANE,
        "from": "Example <a@example.com>",
        "sendId": "1",
        "cc": ["cc@example.com"],
        "bcc": [],
        "replyTo": [],
    },
    "contactProperties": {"firstname": "Jane"},
    "customProperties": {"amount": "5"},
}
MONEY = Sent({"name": "Ads", "amount": 10.5, "order": 0, "description": "spring"})
SUBSCRIBERS = inputs(JANE, "john@example.com")

WHOLE_FORM = definition("Fair", "email", "city")
FILLED_FORM = Sent(
    {
        "fields": [{"objectTypeId": "0-1", "name": "email", "value": JANE}],
        "context": {"pageUri": "https://www.example.com/", "pageName": "Home", "ipAddress": "192.0.2.1"},
        "legalConsentOptions": {
            "consent": {
                "consentToProcess": True,
                "text": "Yes",
                "communications": [{"value": True, "subscriptionTypeId": NEWS, "text": "News"}],
            }
        },
        "skipValidation": False,
    }
)

ASSOCIATION_TYPE = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 449}
PAIR = {"from": {"id": ADA}, "to": {"id": BRUNO}}

BODIES = {
    "account.introspect": Sent({**CLIENT, "token": seed.REFRESH_TOKEN}, FORM),
    "account.access_token_info": Sent({"tokenKey": seed.TOKEN}),
    "account.revoke": Sent({**CLIENT, "token": "nothing"}, FORM),
    "account.token": Sent(
        {**CLIENT, "grant_type": "refresh_token", "refresh_token": seed.REFRESH_TOKEN}, FORM
    ),
    "account.token_v1": Sent(
        {**CLIENT, "grant_type": "refresh_token", "refresh_token": seed.REFRESH_TOKEN}, FORM
    ),
    "associations.associate_by_type": Sent([ASSOCIATION_TYPE]),
    "associations.batch_archive": inputs({"from": {"id": ADA}, "to": [{"id": BRUNO}]}),
    "associations.batch_archive_labels": inputs({**PAIR, "types": [ASSOCIATION_TYPE]}),
    "associations.batch_associate_by_default": inputs(PAIR),
    "associations.batch_create": inputs({**PAIR, "types": [ASSOCIATION_TYPE]}),
    "associations.batch_read": inputs({"id": ADA, "after": "MQo="}),
    "associations.create_label": Sent({"name": "boss", "label": "Boss", "inverseLabel": "Reports to"}),
    "associations.update_label": Sent({"associationTypeId": 1, "label": "Chief", "inverseLabel": "Team"}),
    "associations.create_limits": inputs({"category": "HUBSPOT_DEFINED", "typeId": 449, "maxToObjectIds": 2}),
    "automation.create_flow": Sent(FLOW),
    "automation.replace_flow": Sent({**FLOW, "revisionId": "1"}),
    "automation.batch_read": inputs({"type": "FLOW_ID", "flowId": automation.WELCOME_FLOW}),
    "automation.map_ids": inputs(
        {"type": "FLOW_ID", "flowMigrationStatuses": automation.WELCOME_FLOW},
        {"type": "WORKFLOW_ID", "flowMigrationStatusForClassicWorkflows": automation.WELCOME_WORKFLOW},
    ),
    "automation.enrol_lead": Sent(seed.LEAD_GUIDS[0], "text/plain"),
    "automation.update_lead": Sent({"guid": seed.LEAD_GUIDS[0], "closedAt": "1", "isDeleted": False}),
    "automation.enrol_contact": Sent(
        {
            "contactId": ADA,
            "senderEmail": automation.SALES_ADDRESS,
            "sequenceId": automation.FOLLOW_UP_SEQUENCE,
            "senderAliasAddress": automation.SALES_ALIAS,
        }
    ),
    "campaigns.batch_create": inputs({"properties": {"hs_name": "A", "hs_start_date": "2030-01-01"}}),
    "campaigns.batch_read": inputs({"id": seed.SPRING_CAMPAIGN}),
    "campaigns.batch_update": inputs({"id": seed.SPRING_CAMPAIGN, "properties": {"hs_notes": "A"}}),
    "campaigns.batch_archive": inputs({"id": seed.SPRING_CAMPAIGN}),
    "campaigns.create_item": MONEY,
    "campaigns.replace_item": MONEY,
    "campaigns.create_campaign": Sent({"properties": {"hs_name": "A", "hs_currency_code": "EUR"}}),
    "campaigns.update_campaign": Sent({"properties": {"hs_campaign_status": "active"}}),
    "objects.batch_archive": inputs({"id": ADA}),
    "objects.batch_create": inputs(CONTACT),
    "objects.batch_read": inputs(
        {"id": "ada@example.com"}, idProperty="email", properties=["city"], propertiesWithHistory=["email"]
    ),
    "objects.batch_update": inputs({"id": ADA, "properties": {"city": "Bonn"}, "objectWriteTraceId": "1"}),
    "objects.batch_upsert": inputs(
        {"id": JANE, "idProperty": "email", "properties": {"email": JANE}, "objectWriteTraceId": "1"}
    ),
    "objects.create_record": Sent(CONTACT),
    "objects.update_record": Sent({"properties": {"city": "Bonn"}, "objectWriteTraceId": "1"}),
    "objects.merge_records": Sent({"primaryObjectId": ADA, "objectIdToMerge": BRUNO}),
    "contacts.gdpr_delete_contact": Sent({"objectId": ADA, "idProperty": "hs_object_id"}),
    "objects.search_records": Sent(SEARCH),
    "emails.create_variation": Sent({"contentId": seed.NEWSLETTER_EMAIL, "variationName": "B"}),
    "emails.update_draft": Sent(EMAIL),
    "emails.create_email": Sent({**EMAIL, "feedbackSurveyId": "1", "state": "DRAFT"}),
    "emails.clone_email": Sent({"id": seed.NEWSLETTER_EMAIL, "cloneName": "C", "language": "de"}),
    "emails.update_email": Sent(EMAIL),
    "events.record_contacts": BY_ID,
    "events.record_emails": BY_EMAIL,
    "events.record_contacts_by_object_id": BY_ID,
    "events.record_emails_by_object_id": BY_EMAIL,
    "events.upsert_contacts": BY_ID,
    "events.upsert_emails": BY_EMAIL,
    "events.batch_upsert": inputs({**EVENT, **EXTERNAL}),
    "events.batch_delete": inputs({**EXTERNAL, "appId": 777_100}),
    "events.update_objects": inputs({**EVENT, "objectId": events.WEBINAR_OBJECT}),
    "events.archive_objects": inputs({"objectId": events.WEBINAR_OBJECT}),
    "events.create_event": Sent({**EVENT, **EXTERNAL}),
    "events.upsert_event": Sent(
        {**EVENT, "externalAccountId": events.ACCOUNT, "externalEventId": events.WEBINAR}
    ),
    "events.update_event": Sent(EVENT),
    "events.complete_event": Sent(
        {"startDateTime": "2030-01-01T00:00:00Z", "endDateTime": "2030-01-01T01:00:00Z"}
    ),
    "events.update_settings": Sent({"eventDetailsUrl": "https://example.com/%s"}),
    "forms.create_form": Sent(WHOLE_FORM),
    "forms.replace_form": Sent(WHOLE_FORM),
    "forms.submit": FILLED_FORM,
    "forms.submit_with_token": FILLED_FORM,
    "forms.update_form": Sent({"name": "Fair 2026", "archived": False}),
    "lists.schedule_conversion": Sent(
        {
            "conversionType": "CONVERSION_DATE",
            "year": 2030,
            "month": 1,
            "day": 1,
            "timeUnit": "DAY",
            "offset": 1,
        }
    ),
    "lists.create_folder": Sent({"name": "A", "parentFolderId": "0"}),
    "lists.move_list": Sent({"listId": seed.LIST_ID, "newFolderId": "0"}),
    "lists.create_list": Sent(
        {
            "name": "New",
            "objectTypeId": "0-1",
            "processingType": "DYNAMIC",
            "filterBranch": FILTERS,
            "listFolderId": 0,
            "customProperties": {"a": "b"},
            "listPermissions": {"teamsWithEditAccess": []},
            "membershipSettings": {"membershipTeamId": None},
        }
    ),
    "lists.map_legacy_ids": Sent(["1", "2"]),
    "lists.update_filters": Sent({"filterBranch": FILTERS}),
    "lists.add_members": Sent([ADA, "404"]),
    "lists.remove_members": Sent([ADA]),
    "lists.add_and_remove": Sent({"recordIdsToAdd": [ADA], "recordIdsToRemove": [BRUNO]}),
    "lists.lists_of_records": inputs({"objectTypeId": "0-1", "recordId": ADA}),
    "lists.search_lists": Sent(
        {
            "additionalProperties": ["hs_list_size"],
            "count": 5,
            "listIds": [],
            "objectTypeId": "0-1",
            "offset": 0,
            "processingTypes": ["MANUAL"],
            "query": "a",
            "sort": "name",
        }
    ),
    "lists.get_all_lists": Sent(
        {
            "additionalProperties": ["hs_list_size"],
            "count": 5,
            "objectTypeId": "0-1",
            "processingTypes": ["MANUAL"],
            "after": "MAo=",
        }
    ),
    "properties.batch_create": inputs(PROPERTY),
    "properties.batch_read": inputs({"name": "email"}, archived=False, dataSensitivity="non_sensitive"),
    "properties.batch_archive": inputs({"name": "external_id"}),
    "properties.create_group": Sent({"name": "school", "label": "School", "displayOrder": 1}),
    "properties.update_group": Sent({"label": "School", "displayOrder": 1}),
    "properties.create_property": Sent(PROPERTY),
    "properties.create_schema": Sent(
        {
            "name": "machine",
            "labels": {"singular": "Machine", "plural": "Machines"},
            "description": "Sold",
            "primaryDisplayProperty": "model",
            "secondaryDisplayProperties": ["model"],
            "requiredProperties": ["model"],
            "searchableProperties": ["model"],
            "associatedObjects": ["CONTACT"],
            "allowsSensitiveProperties": False,
            "properties": [
                {
                    "name": "model",
                    "label": "Model",
                    "type": "enumeration",
                    "fieldType": "select",
                    "groupName": "machine_information",
                    "hasUniqueValue": False,
                    "options": [{"label": "A", "value": "a"}],
                }
            ],
        }
    ),
    "properties.update_property": Sent({key: value for key, value in PROPERTY.items() if key != "name"}),
    "sends.send_email": Sent({**SEND, "emailId": int(seed.TRANSACTIONAL_EMAIL)}),
    "sends.single_send": Sent({**SEND, "emailId": int(seed.SINGLE_SEND_EMAIL)}),
    "sends.create_token": Sent({"campaignName": "Shop", "createContact": True}),
    "subscriptions.batch_read": SUBSCRIBERS,
    "subscriptions.batch_get_unsubscribed_from_all": SUBSCRIBERS,
    "subscriptions.batch_unsubscribe": SUBSCRIBERS,
    "exports.start_export": Sent(
        {
            "exportType": "VIEW",
            "exportName": "June",
            "format": "CSV",
            "language": "EN",
            "objectType": "CONTACT",
            "objectProperties": ["email"],
            "associatedObjectType": ["COMPANY"],
            "exportInternalValuesOptions": ["NAMES", "VALUES"],
            "includeLabeledAssociations": True,
            "includePrimaryDisplayPropertyForAssociatedObjects": True,
            "overrideAssociatedObjectsPerDefinitionPerRowLimit": True,
            "publicCrmSearchRequest": {
                "filterGroups": [
                    {"filters": [{"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}]}
                ],
                "query": "ada",
                "sorts": [],
                "filters": [],
            },
        }
    ),
    "subscriptions.batch_write": inputs({**STATUS, "subscriberIdString": JANE}),
    "subscriptions.links": Sent({"subscriberIdString": JANE, "subscriptionId": NEWS, "language": "de"}),
    "subscriptions.write_status": Sent(STATUS),
    "subscriptions.subscribe": V3_STATUS,
    "subscriptions.unsubscribe": V3_STATUS,
    "subscriptions.resubscribe": V3_STATUS,
}
"""Bodies by area and handler."""

WITHOUT_BODY = frozenset(
    {
        "associations.associate_by_default",
        "automation.enrol_contact",
        "campaigns.add_asset",
        "emails.publish_email",
        "emails.reset_draft",
        "emails.restore",
        "emails.restore_to_draft",
        "emails.unpublish_email",
        "events.associate_by_external_id",
        "events.associate_by_object_id",
        "events.cancel_event",
        "imports.cancel_import",
        "lists.add_from",
        "lists.move_folder",
        "lists.rename_folder",
        "lists.rename_list",
        "lists.restore_list",
        "sends.reset_password",
        "subscriptions.unsubscribe_from_all",
    }
)
"""Endpoints that change something without a body."""
FILES = frozenset({"imports.start_import"})
"""Endpoints that read a file."""
