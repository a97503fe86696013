"""The answers of HubSpot as documented, by call: marketing events and subscriptions."""

from __future__ import annotations

from typing import Any

from calls.hubspot_envelopes import LIST, batch, counted, except_in_march, page, undated_and_dated
from calls.shapes import NOTHING, Time, also, shape, words

PROPERTY = shape("EventProperty", name=str, value=str)
APP = shape("App", id=str, name=str)
_MAY = {
    "startDateTime": Time,
    "endDateTime": Time,
    "eventCancelled": bool,
    "eventCompleted": bool,
    "eventDescription": str,
    "eventType": str,
    "eventUrl": str,
}
EVENT = shape(
    "Event",
    {**_MAY, "objectId": str},
    eventName=str,
    eventOrganizer=str,
    customProperties=list[PROPERTY],
)
SAVED_EVENT = also(EVENT, "SavedEvent", id=str, createdAt=Time, updatedAt=Time)
READ_EVENT = also(
    SAVED_EVENT,
    "ReadEvent",
    externalEventId=str,
    attendees=int,
    cancellations=int,
    noShows=int,
    registrants=int,
)
EVENT_OBJECT = shape(
    "EventObject",
    {**_MAY, "eventOrganizer": str, "appInfo": APP},
    objectId=str,
    eventName=str,
    createdAt=Time,
    updatedAt=Time,
    customProperties=list[PROPERTY],
)
READ_EVENT_OBJECT = also(
    EVENT_OBJECT,
    "ReadEventObject",
    {"attendees": int, "cancellations": int, "noShows": int, "registrants": int, "externalEventId": str},
)
BY_CONTACT = batch(shape("Attendee", vid=int))
BY_EMAIL = batch(shape("AttendeeByEmail", vid=int, email=str))
COUNTERS = shape("Counters", attended=int, cancelled=int, noShows=int, registered=int)
PARTICIPATIONS = counted(
    shape(
        "Participation",
        id=str,
        createdAt=Time,
        properties=shape(
            "ParticipationFacts",
            {"attendanceDurationSeconds": int, "attendancePercentage": str},
            attendanceState=words("ATTENDED CANCELLED EMPTY NO_SHOW REGISTERED"),
            occurredAt=int,
        ),
        associations=shape(
            "Between",
            contact=shape("Participant", {"firstname": str, "lastname": str}, contactId=str, email=str),
            marketingEvent=shape(
                "TakenPartIn",
                {"externalAccountId": str, "externalEventId": str},
                marketingEventId=str,
                name=str,
            ),
        ),
    )
)
SETTINGS = shape("Settings", appId=int, eventDetailsUrl=str)

DEFINITION = shape(
    "Definition",
    {
        "businessUnitId": int,
        "communicationMethod": str,
        "purpose": str,
        "subscriptionTranslations": list[
            shape(
                "Translation",
                createdAt=int,
                updatedAt=int,
                description=str,
                languageCode=str,
                name=str,
                subscriptionId=int,
            )
        ],
    },
    id=str,
    name=str,
    description=str,
    isActive=bool,
    isDefault=bool,
    isInternal=bool,
    createdAt=Time,
    updatedAt=Time,
)
SUBSCRIPTION = shape(
    "Subscription",
    {"brandId": int, "legalBasis": str, "legalBasisExplanation": str, "preferenceGroupName": str},
    id=str,
    name=str,
    description=str,
    sourceOfStatus=words("BRAND_WIDE_STATUS PORTAL_WIDE_STATUS SUBSCRIPTION_STATUS"),
    status=words("NOT_SUBSCRIBED SUBSCRIBED"),
)
_THREE = words("NOT_SPECIFIED SUBSCRIBED UNSUBSCRIBED")
STATUS = shape(
    "Status",
    {
        "businessUnitId": int,
        "legalBasis": str,
        "legalBasisExplanation": str,
        "subscriptionName": str,
        "setStatusSuccessReason": words(
            "NO_STATUS_CHANGE REQUESTED_CHANGE_OCCURRED RESUBSCRIBE_OCCURRED UNSUBSCRIBE_FROM_ALL_OCCURRED"
        ),
    },
    channel=words("EMAIL"),
    source=str,
    status=_THREE,
    subscriberIdString=str,
    subscriptionId=int,
    timestamp=Time,
)
WIDE_STATUS = shape(
    "WideStatus",
    {"businessUnitId": int},
    channel=words("EMAIL"),
    status=_THREE,
    subscriberIdString=str,
    timestamp=Time,
    wideStatusType=words("BUSINESS_UNIT_WIDE PORTAL_WIDE"),
)

EVENTS: dict[str, Any] = {
    "marketing_event_attendance.record_contacts": BY_CONTACT,
    "marketing_event_attendance.record_contacts_by_object_id": BY_CONTACT,
    "marketing_event_attendance.record_emails": BY_EMAIL,
    "marketing_event_attendance.record_emails_by_object_id": BY_EMAIL,
    # These two have no documented answer, and none is promised.
    "marketing_event_attendance.upsert_contacts": NOTHING,
    "marketing_event_attendance.upsert_emails": NOTHING,
    **{
        f"marketing_event_lists.{call}": NOTHING
        for call in ("add", "add_by_object_id", "remove", "remove_by_object_id")
    },
    "marketing_event_lists.lists_of": counted(LIST),
    "marketing_event_lists.lists_of_object_id": counted(LIST),
    "marketing_event_objects.delete": NOTHING,
    # Empty when all are gone; a batch answer tells which ids were none.
    "marketing_event_objects.delete_batch": NOTHING | batch(shape("None")),
    "marketing_event_objects.find": counted(
        shape(
            "Identifiers",
            {"appInfo": APP, "externalAccountId": str},
            externalEventId=str,
            marketingEventName=str,
            objectId=str,
        )
    ),
    "marketing_event_objects.get": READ_EVENT_OBJECT,
    "marketing_event_objects.list": page(READ_EVENT_OBJECT),
    "marketing_event_objects.update": EVENT_OBJECT,
    "marketing_event_objects.update_batch": batch(EVENT_OBJECT),
    "marketing_event_participations.breakdown": PARTICIPATIONS,
    "marketing_event_participations.breakdown_by_object_id": PARTICIPATIONS,
    "marketing_event_participations.counters": COUNTERS,
    "marketing_event_participations.counters_by_object_id": COUNTERS,
    "marketing_event_participations.of_contact": PARTICIPATIONS,
    "marketing_event_settings.get": SETTINGS,
    "marketing_event_settings.update": SETTINGS,
    "marketing_events.cancel": EVENT,
    "marketing_events.complete": EVENT,
    "marketing_events.create": EVENT,
    "marketing_events.delete": NOTHING,
    "marketing_events.delete_batch": NOTHING,
    "marketing_events.get": READ_EVENT,
    "marketing_events.search": shape(
        "Found",
        results=list[
            shape("FoundEvent", appId=int, externalAccountId=str, externalEventId=str, objectId=str)
        ],
    ),
    "marketing_events.update": SAVED_EVENT,
    "marketing_events.upsert": SAVED_EVENT,
    "marketing_events.upsert_batch": batch(SAVED_EVENT),
}

SUBSCRIPTIONS: dict[str, Any] = {
    "subscriptions.definitions": undated_and_dated(
        shape("Definitions", subscriptionDefinitions=list[DEFINITION]), batch(DEFINITION)
    ),
    "subscriptions.statuses": except_in_march(
        shape("Subscriptions", recipient=str, subscriptionStatuses=list[SUBSCRIPTION]), batch(STATUS)
    ),
    "subscriptions.subscribe": except_in_march(SUBSCRIPTION, batch(STATUS)),
    "subscriptions.unsubscribe": except_in_march(SUBSCRIPTION, batch(STATUS)),
    "subscriptions.resubscribe": {
        "v3": batch(STATUS),
        "2026-03": batch(STATUS),
        "2026-09": SUBSCRIPTION,
    },
    "subscription_batches.read": batch(shape("Person", subscriberIdString=str, statuses=list[STATUS])),
    "subscription_batches.read_unsubscribed_from_all": batch(
        shape("PersonWide", subscriberIdString=str, wideStatuses=list[WIDE_STATUS])
    ),
    "subscription_batches.unsubscribe_from_all": batch(
        shape("PersonGone", {"statuses": list[STATUS]}, subscriberIdString=str)
    ),
    "subscription_batches.write": batch(STATUS),
    "subscription_statuses.definitions": batch(DEFINITION),
    "subscription_statuses.get": batch(STATUS),
    "subscription_statuses.get_unsubscribed_from_all": batch(WIDE_STATUS),
    "subscription_statuses.links": shape(
        "Links",
        {"unsubscribeSingleUrl": str},
        managePreferencesUrl=str,
        subscriberIdString=str,
        unsubscribeAllUrl=str,
    ),
    "subscription_statuses.set_status": batch(STATUS),
    "subscription_statuses.unsubscribe_from_all": batch(STATUS),
}
