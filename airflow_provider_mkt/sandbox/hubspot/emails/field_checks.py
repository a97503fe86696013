"""Checks of the fields of an email."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails.constants import (
    BLOG_LAYOUTS,
    STATES,
    SUBCATEGORIES,
    TEST_METRICS,
    TEST_ROLES,
)
from airflow_provider_mkt.sandbox.hubspot.emails.models import ONE_BY_ONE
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.languages import is_language
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

UPDATABLE = frozenset(
    [
        "activeDomain",
        "archived",
        "businessUnitId",
        "campaign",
        "content",
        "folderIdV2",
        "from",
        "jitterSendTime",
        "language",
        "name",
        "publishDate",
        "rssData",
        "sendOnPublish",
        "state",
        "subcategory",
        "subject",
        "subscriptionDetails",
        "testing",
        "to",
        "webversion",
    ]
)
CREATABLE = UPDATABLE | {"feedbackSurveyId"}
_OBJECTS = ("content", "from", "rssData", "subscriptionDetails", "testing", "to", "webversion")
_FLAGS = ("archived", "jitterSendTime", "sendOnPublish")
DEFAULT_BUSINESS_UNIT = "0"
"""The only one of the account."""
_TESTING = (
    ("abTestPercentage", int, "a whole number"),
    ("hoursToWait", int, "a whole number"),
    ("isAbVariation", bool, "a boolean"),
    ("testId", str, "a string"),
)
_TESTING_VALUES = {
    "abSampleSizeDefault": TEST_ROLES,
    "abSamplingDefault": TEST_ROLES,
    "abStatus": TEST_ROLES,
    "abSuccessMetric": TEST_METRICS,
}
_TEXTS = ("activeDomain", "campaign", "language", "name", "state", "subcategory", "subject")


def checked(body: object, schema: str, *, creating: bool, dated: bool) -> JsonObject:
    """Return a create or update body with known fields of the right type, without null fields."""
    known = CREATABLE if creating else UPDATABLE
    # Dated paths do not require a name.
    fields = check_object(body, schema, ["name"] if creating and not dated else [], known)
    fields = {name: value for name, value in fields.items() if value is not None}
    for names, kind, description in (
        (_OBJECTS, dict, "an object"),
        (_FLAGS, bool, "a boolean"),
        (_TEXTS, str, "a string"),
    ):
        for name in names:
            if name in fields and not isinstance(fields[name], kind):
                raise _misshapen(schema, f"{name} is not {description}")
    _check_recipients(fields.get("to") or {}, schema)
    _check_values(fields, {"state": STATES, "subcategory": SUBCATEGORIES}, schema)
    _check_values(fields.get("rssData") or {}, {"blogLayout": BLOG_LAYOUTS}, schema)
    if "language" in fields and not is_language(fields["language"]):
        raise _misshapen(schema, f"{fields['language']!r} is no language")
    if "testing" in fields:
        _check_testing(fields["testing"], dated=dated)
    if "publishDate" in fields:
        moment = times.parse(str(fields["publishDate"]))
        if moment is None:
            raise _misshapen(schema, "publishDate is no time")
        fields["publishDate"] = times.iso(moment)
    return fields


def _check_testing(testing: JsonObject, *, dated: bool) -> None:
    schema = "PublicEmailTestingDetails"
    # Dated paths require the role of the email in the test.
    check_object(testing, schema, ["isAbVariation"] if dated else [])
    _check_values(testing, _TESTING_VALUES, schema)
    for name, kind, description in _TESTING:
        value = testing.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise _misshapen(schema, f"{name} is not {description}")


def _check_values(fields: JsonObject, known: dict[str, frozenset[str]], schema: str) -> None:
    for name, description in known.items():
        value = fields.get(name)
        if value is not None and not (isinstance(value, str) and value in description):
            raise _misshapen(schema, f"{name} knows no {fields[name]!r}")


def _misshapen(schema: str, what: str) -> HubSpotError:
    return invalid(f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {what}")


def check_references(fields: JsonObject, state: HubSpotState) -> None:
    """Check that the campaign, the subscription type, the business unit and the lists of an email exist.

    Which of them HubSpot checks is not documented. A list that was deleted can be restored.
    """
    campaign = fields.get("campaign")
    if campaign and state.campaigns.get(campaign) is None:
        msg = f"Campaign {campaign} does not exist"
        raise invalid(msg)
    subscription = (fields.get("subscriptionDetails") or {}).get("subscriptionId")
    if subscription is not None and state.subscriptions.definition(subscription) is None:
        msg = f"Subscription type {subscription} does not exist"
        raise invalid(msg)
    unit = fields.get("businessUnitId")
    if unit is not None and str(unit) != DEFAULT_BUSINESS_UNIT:
        msg = f"Business unit {unit} does not exist"
        raise invalid(msg)
    to = fields.get("to") or {}
    for side in ("include", "exclude"):
        for list_id in (to.get("contactIlsLists") or {}).get(side) or []:
            if state.lists.get(str(list_id), deleted=True) is None:
                msg = f"List {list_id} does not exist"
                raise invalid(msg)
        for legacy in (to.get("contactLists") or {}).get(side) or []:
            if str(legacy) not in state.lists.legacy_ids:
                msg = f"No list has the legacy id {legacy}"
                raise invalid(msg)


def _check_recipients(to: JsonObject, schema: str) -> None:
    for name in ("limitSendFrequency", "suppressGraymail"):
        if to.get(name) is not None and not isinstance(to[name], bool):
            raise _misshapen(schema, f"{name} of to is not a boolean")
    for kind in ("contactIds", "contactIlsLists", "contactLists"):
        sides = check_object(to.get(kind) or {}, f"{schema}, {kind} of to")
        for side in ("include", "exclude"):
            ids = array(sides, side, f"{schema}, {kind} of to")
            if not all(isinstance(one, int | str) and not isinstance(one, bool) for one in ids):
                raise _misshapen(schema, f"{kind} of to holds no ids")


def is_automated(fields: JsonObject) -> bool:
    """Return whether a new email is an automated one, by its state or subcategory."""
    state = str(fields.get("state", "DRAFT"))
    if state not in ("DRAFT", "AUTOMATED_DRAFT"):
        msg = f"An email cannot be created in state {state}"
        raise invalid(msg)
    subcategory = str(fields.get("subcategory", ""))
    # Publishing an email for single sends does not send it: it becomes active, like an automated one.
    return state == "AUTOMATED_DRAFT" or subcategory.startswith(("automated", *ONE_BY_ONE))
