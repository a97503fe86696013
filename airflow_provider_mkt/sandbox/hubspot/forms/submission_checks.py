"""Checks of what is submitted with a form. A problem is (error type, message)."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.forms.store import Form
from airflow_provider_mkt.sandbox.hubspot.objects.types import CONTACTS
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_BODY = ("fields", "submittedAt", "context", "legalConsentOptions", "skipValidation")
_SCHEMA = "FormSubmission"
_CONTEXT = (
    "goToWebinarWebinarKey",
    "hutk",
    "ipAddress",
    "pageId",
    "pageName",
    "pageUri",
    "sfdcCampaignId",
)
_FIELDS_MAX = 1000
_MONTH = 31 * 86_400.0
CONTACT = "0-1"


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that is filled out: its fields as given, the values of the contact, and the consent."""

    fields: list[JsonObject]
    contact: dict[str, str]
    at: int | None
    page_url: str | None
    consent: dict[int, bool]


def filled(state: HubSpotState, form: Form, body: JsonObject, *, only_its_fields: bool) -> Filled:
    """Return what a body submits.

    :param only_its_fields: whether each field must be one of the form, as without a token.
    :raises HubSpotError: 400.
    """
    check_object(body, _SCHEMA, ["fields"], _BODY)
    fields = array(body, "fields", _SCHEMA)
    if len(fields) > _FIELDS_MAX:
        raise rejected([("MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED", f"More than {_FIELDS_MAX} fields")])
    given = [_field(one) for one in fields]
    context = check_object(body.get("context") or {}, "context", known=_CONTEXT)
    at = _time(state, body.get("submittedAt"))
    values = {one["name"]: one["value"] for one in given if one["objectTypeId"] == CONTACT}
    problems = _problems(state, form, values, only_its_fields=only_its_fields)
    consent = _consent(state, form, body.get("legalConsentOptions"), problems)
    if problems:
        raise rejected(problems)
    page_url = context.get("pageUri")
    return Filled(given, values, at, None if page_url is None else str(page_url), consent)


def rejected(problems: list[tuple[str, str]]) -> HubSpotError:
    """400, with a type for each error."""
    return invalid(
        "The request is not valid",
        errors=[{"message": message, "errorType": kind} for kind, message in problems],
    )


def _field(one: object) -> JsonObject:
    field = check_object(one, "FormField", ["name", "value"], ["objectTypeId", "name", "value"])
    for name, value in field.items():
        if not isinstance(value, str):
            msg = f"Invalid input JSON on line 1, column 1: Cannot build FormField, {name} is no string"
            raise invalid(msg)
    return {
        "objectTypeId": field.get("objectTypeId", CONTACT),
        "name": field["name"],
        "value": field["value"],
    }


def _time(state: HubSpotState, given: object) -> int | None:
    """Return the time of a submission; one that is more than a month old is refused, as documented."""
    if given is None:
        return None
    text = str(given)
    if isinstance(given, bool | float) or not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise invalid("submittedAt must be a time in milliseconds")
    now = state.clock.time()
    # Whether a time to come is refused is not documented; here it is, save for clocks that differ.
    if not now - _MONTH <= int(text) / 1000 <= now + 60:
        raise invalid("submittedAt must be within the last month")
    return int(text)


def _problems(
    state: HubSpotState, form: Form, values: dict[str, str], *, only_its_fields: bool
) -> list[tuple[str, str]]:
    known = form.fields()
    problems: list[tuple[str, str]] = []
    for name, field in known.items():
        if field.get("required") and not values.get(name, "").strip():
            problems.append(("REQUIRED_FIELD", f"Error in 'fields'. Required field '{name}' is missing"))
    for name in values if only_its_fields else ():
        if name not in known:
            where = f"Error in 'fields'. '{name}' is not in the form definition"
            problems.append(("FIELD_NOT_IN_FORM_DEFINITION", where))
    if not values.get("email", "").strip():
        # A submission without an address makes no contact that the sandbox could find again.
        problems.append(("REQUIRED_FIELD", "Error in 'fields'. Required field 'email' is missing"))
    for name, code, message in state.objects[CONTACTS].store.problems(values):
        kind = {
            "INVALID_EMAIL": "INVALID_EMAIL",
            "GDPR_BLACKLISTED_EMAIL": "BLOCKED_EMAIL",
            "INVALID_LONG": "INVALID_NUMBER",
            "INVALID_OPTION": "VALUE_NOT_IN_FIELD_DEFINITION",
            "PROPERTY_DOESNT_EXIST": "FIELD_NOT_IN_FORM_DEFINITION",
        }.get(code, "INVALID_METADATA")
        problems.append((kind, f"Error in 'fields.{name}'. {message}"))
    return list(dict.fromkeys(problems))


def _consent(
    state: HubSpotState, form: Form, given: object, problems: list[tuple[str, str]]
) -> dict[int, bool]:
    """Return which subscriptions the person consents to, by subscription type."""
    needed = form.parts["legalConsentOptions"]["type"] == "explicit_consent_to_process"
    options = check_object(given or {}, "legalConsentOptions", known=["consent", "legitimateInterest"])
    consent = check_object(
        options.get("consent") or {},
        "consent",
        known=["consentToProcess", "text", "communications"],
    )
    if needed and consent.get("consentToProcess") is not True:
        problems.append(("MISSING_PROCESSING_CONSENT", "The form requires consent to process"))
    found: dict[int, bool] = {}
    for one in array(consent, "communications", "consent"):
        row = one if isinstance(one, dict) else {}
        definition = state.subscriptions.definition(row.get("subscriptionTypeId"))
        if definition is None or not isinstance(row.get("value"), bool) or not row.get("text"):
            problems.append(("INVALID_LEGAL_OPTION_FORMAT", "Error in 'legalConsentOptions.communications'"))
        elif definition.id in found:
            problems.append(("DUPLICATE_SUBSCRIPTION_TYPE_ID", "A subscription type is named twice"))
        else:
            found[definition.id] = row["value"]
    return found
