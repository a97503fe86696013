"""Every error that HubSpot documents: the request that causes it, and its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hubspot_runs import CONN_ID

from airflow_provider_mkt.client.call import Call, FileBody, FormBody, JsonBody, Pairs
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerUnavailable,
)
from airflow_provider_mkt.client.hubspot.automation import sequences
from airflow_provider_mkt.client.hubspot.campaigns import campaign_reports, campaigns
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts
from airflow_provider_mkt.client.hubspot.emails import email_tests, emails
from airflow_provider_mkt.client.hubspot.events import (
    marketing_event_attendance,
    marketing_event_lists,
    marketing_events,
)
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.sends import smtp_tokens, transactional
from airflow_provider_mkt.client.hubspot.subscriptions import (
    subscription_batches,
    subscription_statuses,
    subscriptions,
)
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.hubspot.events import seed as events

ADA, BRUNO, *_ = seed.CONTACT_IDS
EMAIL = "ada@example.com"
NOBODY = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"
NEWS = seed.DEFAULT_SUBSCRIPTION
WEBINAR = (events.WEBINAR, events.ACCOUNT)

INVALID = (InvalidRequest, "VALIDATION_ERROR", 400)
MISSING = (NotFound, "OBJECT_NOT_FOUND", 404)
SCOPES = (PermissionDenied, "MISSING_SCOPES", 403)
TIER = (PermissionDenied, "FORBIDDEN", 403)

READ: Call[Any] = contacts.get(ADA)
WRITE: Call[Any] = contacts.create({"email": "new@example.com"})
UNKEYED: Call[Any] = campaigns.create({"hs_name": "New"})
"""A second request would create another campaign."""
SEARCH: Call[Any] = contact_search.search(query="ada")

Arrange = Callable[[Sandbox], object]
Expected = tuple[type[PlatformError], str, int]


@dataclass(frozen=True)
class Row:
    """One documented error: the request that causes it, and its content."""

    call: Call[Any]
    expected: Expected
    arrange: Arrange = lambda box: None
    token: str = seed.TOKEN
    says: str = ""


def answered(name: str) -> Arrange:
    """The platform responds with a documented error before the endpoint runs, to every request."""
    return lambda box: box.hubspot.faults.add("*", answer={"error": name}, times=None)


def plain(status: int, body: Any = None) -> Arrange:
    return lambda box: box.hubspot.faults.add("*", answer={"status": status, "body": body}, times=None)


def without(**products: bool) -> Arrange:
    """The account lacks products, or has features switched on."""

    def arrange(box: Sandbox) -> None:
        for name, value in products.items():
            setattr(box.hubspot.settings, name, value)

    return arrange


def body(call: Call[Any], **changes: Any) -> Call[Any]:
    """Return the call with other values in its body, which its own checks would reject."""
    assert isinstance(call.body, JsonBody)
    assert isinstance(call.body.value, dict)
    return replace(call, body=JsonBody({**call.body.value, **changes}))


def path(call: Call[Any], **values: str) -> Call[Any]:
    params: Pairs = tuple((name, values.get(name, value)) for name, value in call.route.params)
    return replace(call, route=replace(call.route, params=params))


def upload(**changes: Any) -> Call[Any]:
    """Return an import whose form was changed after its checks."""
    assert isinstance(TWO_ROWS.body, FileBody)
    return replace(TWO_ROWS, body=replace(TWO_ROWS.body, **changes))


def done(*calls: Call[Any]) -> Arrange:
    """Run calls that must succeed before."""

    def arrange(box: Sandbox) -> None:
        with HubSpotHook(CONN_ID) as hook:
            for call in calls:
                hook.run(call)

    return arrange


def many_identities(box: Sandbox) -> None:
    contact = box.hubspot.state.contacts.get(ADA)
    assert contact is not None
    contact.merges = 250


def an_active_list(box: Sandbox) -> None:
    box.hubspot.state.lists.create("Active", list_id="777", kind="DYNAMIC")


def an_old_smtp_token(box: Sandbox) -> None:
    token = box.hubspot.state.smtp_tokens.create("Shop", creates_contacts=True)
    token.id, token.created = "old", token.created - 366 * 86_400


COLUMN = {"name": "email", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"}
TWO_ROWS = imports.start("People", b"email\na@example.com\nb@example.com\n", [COLUMN])
ATTENDANCE = {"contact_id": ADA, "interaction_at": "2026-11-01T10:00:00Z"}
REGISTER = marketing_event_attendance.record_contacts(*WEBINAR, "register", [ATTENDANCE])
EVENT = marketing_events.create("new", "webinars-1", name="New", organizer="Us")
SEND = transactional.send(seed.TRANSACTIONAL_EMAIL, EMAIL)
SUBSCRIBE = subscriptions.subscribe(EMAIL, NEWS)
MEMBERS = list_memberships.add("777", [ADA])
FILTER = {"propertyName": "email", "operator": "EQ", "value": EMAIL}
ENROL = sequences.enrol(automation.SALES_USER, automation.FOLLOW_UP_SEQUENCE, ADA, automation.SALES_ADDRESS)

BY_STATUS = {
    "400 body of another shape": Row(body(WRITE, properties=None), INVALID, says="not set [properties]"),
    "401 unknown token": Row(READ, (AuthenticationError, "INVALID_AUTHENTICATION", 401), token="wrong"),
    "401 expired token": Row(
        WRITE,
        (AuthenticationError, "EXPIRED_AUTHENTICATION", 401),
        answered("EXPIRED_AUTHENTICATION"),
        says="expired",
    ),
    "403 scope": Row(WRITE, SCOPES, token=seed.READ_ONLY_TOKEN, says="needs crm.objects.contacts.write"),
    "404 unknown id": Row(contacts.get("404"), MISSING),
    "404 endpoint that is gone": Row(
        READ, (NotFound, "", 404), plain(404, "<html>Not Found</html>"), says="retired"
    ),
    "405 verb": Row(
        replace(READ, route=replace(READ.route, method="PUT")),
        (RequestRefused, "METHOD_NOT_ALLOWED", 405),
        says="PUT is not allowed",
    ),
    "409 exists": Row(
        contacts.create({"email": EMAIL}), (Conflict, "CONFLICT", 409), says="Existing ID: 90001000001"
    ),
    "414 too many identities": Row(
        contact_merging.merge(ADA, BRUNO),
        (InvalidRequest, "VALIDATION_ERROR", 414),
        many_identities,
        says="more than 250",
    ),
    "415 content type": Row(
        replace(WRITE, body=FormBody((("email", "new@example.com"),))),
        (RequestRefused, "UNSUPPORTED_MEDIA_TYPE", 415),
        says="x-www-form-urlencoded",
    ),
    "423 locked": Row(WRITE, (ServerUnavailable, "LOCKED", 423), answered("423")),
    "429 ten seconds": Row(WRITE, (RateLimited, "RATE_LIMITS", 429), answered("TEN_SECONDLY_ROLLING")),
    "429 second": Row(SEARCH, (RateLimited, "RATE_LIMITS", 429), answered("SECONDLY")),
    "429 day": Row(WRITE, (QuotaExhausted, "RATE_LIMITS", 429), answered("DAILY")),
    "477 moving": Row(WRITE, (ServerUnavailable, "MIGRATION_IN_PROGRESS", 477), answered("477")),
    **{
        f"{status} read": Row(READ, (ServerUnavailable, "", status), answered(str(status)))
        for status in (500, 502, 503, 504, 521, 522, 523, 524, 525, 526)
    },
    **{
        f"{status} write": Row(UNKEYED, (OutcomeUnknown, "", status), answered(str(status)))
        for status in (500, 502, 503, 504, 522, 524)
    },
    # The gateway did not forward the request.
    **{
        f"{status} write": Row(UNKEYED, (ServerUnavailable, "", status), answered(str(status)))
        for status in (521, 523, 525, 526)
    },
}

BY_FAMILY = {
    "campaigns: unknown property on create": Row(
        campaigns.create({"hs_name": "A", "colour": "red"}), INVALID, says="PROPERTY_DOESNT_EXIST"
    ),
    "campaigns: read-only property on update": Row(
        campaigns.update(seed.SPRING_CAMPAIGN, {"hs_object_id": "1"}), INVALID, says="READ_ONLY_VALUE"
    ),
    "campaigns: over 50 inputs": Row(
        body(
            campaigns.create_batch([{"hs_name": "A"}]),
            inputs=[{"properties": {"hs_name": f"C{number}"}} for number in range(51)],
        ),
        INVALID,
        says="is 50, but 51",
    ),
    "campaigns: token without the write scope": Row(
        campaigns.create({"hs_name": "A"}), SCOPES, token=seed.READ_ONLY_TOKEN
    ),
    "campaigns: without Professional": Row(
        campaigns.get(NOBODY), TIER, without(marketing_professional=False), says="Professional"
    ),
    "campaigns: unknown GUID on get": Row(campaigns.get(NOBODY), MISSING),
    "campaigns: unknown GUID on update": Row(campaigns.update(NOBODY, {"hs_name": "A"}), MISSING),
    "campaigns: unknown GUID on reports": Row(campaign_reports.metrics(NOBODY), MISSING),
    "emails: publish without a product": Row(
        emails.publish(seed.NEWSLETTER_EMAIL),
        TIER,
        without(marketing_enterprise=False, transactional_email=False),
        says="neither Marketing Hub Enterprise",
    ),
    "emails: unpublish without a product": Row(
        emails.unpublish(seed.AUTOMATED_EMAIL),
        TIER,
        without(marketing_enterprise=False, transactional_email=False),
        says="neither Marketing Hub Enterprise",
    ),
    "emails: publish without the scope": Row(
        emails.publish(seed.NEWSLETTER_EMAIL), SCOPES, token=seed.READ_ONLY_TOKEN
    ),
    "emails: unpublish while it goes out": Row(
        emails.unpublish(seed.NEWSLETTER_EMAIL),
        INVALID,
        done(emails.publish(seed.NEWSLETTER_EMAIL)),
        says="in state PRE_PROCESSING",
    ),
    "emails: second variation": Row(
        email_tests.create_variation(seed.NEWSLETTER_EMAIL, "C"),
        INVALID,
        done(email_tests.create_variation(seed.NEWSLETTER_EMAIL, "B")),
        says="already has an active variation",
    ),
    "emails: unknown id": Row(emails.get("404"), MISSING),
    "events: of another app": Row(marketing_events.get(events.FOREIGN_EVENT, "partner-9"), MISSING),
    "events: missing fields": Row(body(EVENT, eventName=None), INVALID, says="not set [eventName]"),
    "events: unknown subscriber state": Row(
        path(REGISTER, subscriberState="sleep"), INVALID, says="subscriber state: sleep"
    ),
    "events: lists read by a reader": Row(
        marketing_event_lists.lists_of(*WEBINAR), SCOPES, token=seed.READ_ONLY_TOKEN
    ),
    "sends: unknown email": Row(transactional.send(404, EMAIL), INVALID, says="404 does not exist"),
    "sends: email that is not published": Row(
        transactional.send(seed.NEWSLETTER_EMAIL, EMAIL), INVALID, says="is not published"
    ),
    "sends: without the add-on": Row(SEND, TIER, without(transactional_email=False), says="add-on"),
    "sends: without Professional": Row(
        SEND, TIER, without(marketing_professional=False), says="Marketing Hub Professional"
    ),
    "sends: single send without Enterprise": Row(
        transactional.single_send(seed.SINGLE_SEND_EMAIL, EMAIL),
        TIER,
        without(marketing_enterprise=False),
        says="Enterprise",
    ),
    "sends: without the scope": Row(SEND, SCOPES, token=seed.READ_ONLY_TOKEN),
    "sends: nobody to send to": Row(body(SEND, message={"to": ""}), INVALID, says="recipient"),
    "SMTP tokens: a token that is no OAuth token": Row(
        smtp_tokens.create("Shop", create_contact=True), TIER, says="OAuth app"
    ),
    "SMTP tokens: expired": Row(smtp_tokens.get("old"), MISSING, an_old_smtp_token),
    "subscriptions: no legal basis": Row(SUBSCRIBE, INVALID, without(gdpr=True), says="legalBasis"),
    "subscriptions: again after an opt-out": Row(
        SUBSCRIBE, INVALID, done(subscriptions.unsubscribe(EMAIL, NEWS)), says="opted out"
    ),
    "subscriptions: unknown id": Row(subscriptions.subscribe(EMAIL, 404), MISSING),
    "subscriptions: opted out of the whole account": Row(
        SUBSCRIBE, INVALID, done(subscription_statuses.unsubscribe_from_all(EMAIL)), says="opted out"
    ),
    "subscriptions: batch without Enterprise": Row(
        subscription_batches.read([EMAIL]), TIER, without(marketing_enterprise=False), says="Enterprise"
    ),
    "contacts: email that is taken": Row(
        contacts.update(BRUNO, {"email": EMAIL}), (Conflict, "CONFLICT", 409), says="Existing ID"
    ),
    "contacts: unknown property": Row(
        contacts.update(ADA, {"no_such_property": "x"}), INVALID, says="PROPERTY_DOESNT_EXIST"
    ),
    "contacts: no email address": Row(
        contacts.update(ADA, {"email": "no address"}), INVALID, says="INVALID_EMAIL"
    ),
    "contacts: option that does not exist": Row(
        contacts.update(ADA, {"lifecyclestage": "asleep"}), INVALID, says="allowed options"
    ),
    "contacts: over 100 inputs": Row(
        body(contacts.archive_batch([ADA]), inputs=[{"id": str(number)} for number in range(101)]),
        INVALID,
        says="is 100, but 101",
    ),
    "contacts: batch create with one that exists": Row(
        body(
            contacts.create_batch([{"email": EMAIL}]),
            inputs=[
                {"properties": {"email": email}, "associations": []} for email in (EMAIL, "new@example.com")
            ],
        ),
        (Conflict, "CONFLICT", 409),
        says="Existing ID",
    ),
    "search: beyond 10,000": Row(body(SEARCH, after="10000"), INVALID, says="beyond 10000"),
    "search: too many filters": Row(
        body(SEARCH, filterGroups=[{"filters": [FILTER] * 7}]), INVALID, says="18 in all"
    ),
    "search: too many groups": Row(
        body(SEARCH, filterGroups=[{"filters": [FILTER]}] * 7), INVALID, says="5 filter groups"
    ),
    "lists: name that is taken": Row(lists.create("Early adopters"), INVALID, says="already exists"),
    "lists: members of an active list": Row(MEMBERS, INVALID, an_active_list, says="DYNAMIC"),
    "imports: column without a mapping": Row(
        upload(content=b"email,name\na@example.com,A\n"), INVALID, says="must be mapped"
    ),
    "imports: request that is no JSON": Row(
        upload(pairs=(("importRequest", "{"),)), INVALID, says="Invalid input JSON"
    ),
    "imports: more rows than a file may have": Row(
        TWO_ROWS, (RateLimited, "RATE_LIMITS", 429), without(import_rows_per_file=1), says="more than 1 rows"
    ),
    "imports: more rows than a day may have": Row(
        TWO_ROWS, (QuotaExhausted, "RATE_LIMITS", 429), without(import_rows_per_day=1), says="imported rows"
    ),
    "sequences: no seat": Row(
        replace(ENROL, query=(("userId", automation.SEATLESS_USER),)),
        (PermissionDenied, "USER_DOES_NOT_HAVE_PERMISSIONS", 403),
        says="no seat",
    ),
    "sequences: no scope": Row(ENROL, SCOPES, token=seed.READ_ONLY_TOKEN),
    "sequences: enrolled already": Row(ENROL, INVALID, done(ENROL), says="already enrolled"),
}

ROWS = {**BY_STATUS, **BY_FAMILY}
