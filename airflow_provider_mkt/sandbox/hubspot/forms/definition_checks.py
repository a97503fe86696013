"""Checks of the definitions of forms."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FORM_TYPES = ("hubspot", "captured", "flow", "blog_comment")
PARTS = ("name", "formType", "fieldGroups", "configuration", "displayOptions", "legalConsentOptions")
_KEPT = ("id", "createdAt", "updatedAt", "archived", "archivedAt")
"""What a definition may have, as reads return it, and no write changes; except `archived` in an update."""
_SCHEMA = "FormDefinition"
_FIELD_TYPES = (
    "datepicker",
    "dropdown",
    "email",
    "file",
    "mobile_phone",
    "multi_line_text",
    "multiple_checkboxes",
    "number",
    "payment_link_radio",
    "phone",
    "radio",
    "single_checkbox",
    "single_line_text",
)
LEGAL_TYPES = (
    "none",
    "implicit_consent_to_process",
    "explicit_consent_to_process",
    "legitimate_interest",
)
_OF_A_FIELD = ("objectTypeId", "name", "label", "fieldType")
_GROUP = {"groupType": "default_group", "richTextType": "text"}
_CONFIGURATION = {
    "language": "en",
    "cloneable": True,
    "editable": True,
    "archivable": True,
    "recaptchaEnabled": False,
    "notifyContactOwner": False,
    "notifyRecipients": [],
    "createNewContactForNewEmail": True,
    "prePopulateKnownValues": True,
    "allowLinkToResetKnownValues": False,
    "lifecycleStages": [],
    "postSubmitAction": {"type": "thank_you", "value": "Thanks for submitting the form."},
}
_DISPLAY = {"renderRawHtml": False, "theme": "default_style", "submitButtonText": "Submit", "cssClass": ""}
_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "13px",
    "helpTextColor": "#7c98b6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitAlignment": "left",
    "submitColor": "#ff7a59",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}
_AFTER = ("thank_you", "redirect_url")


def whole_definition(body: JsonObject) -> JsonObject:
    """Return the parts of a whole definition.

    :raises HubSpotError: 400.
    """
    return changed_parts(check_object(body, _SCHEMA, PARTS))


def changed_parts(body: JsonObject) -> JsonObject:
    """Return the parts that a body has.

    :raises HubSpotError: 400 for the first part that is not valid.
    """
    check_object(body, _SCHEMA, known=(*PARTS, *_KEPT))
    parts = {name: body[name] for name in PARTS if name in body}
    for name, value in parts.items():
        _CHECKS[name](value)
    return {name: _completed(name, value) for name, value in parts.items()}


def _completed(name: str, value: Any) -> Any:
    """Return a part with everything that its schema requires in an answer."""
    match name:
        case "configuration":
            return {**_CONFIGURATION, **value}
        case "displayOptions":
            return {**_DISPLAY, **value, "style": {**_STYLE, **(value.get("style") or {})}}
        case "fieldGroups":
            return [
                {**_GROUP, **group, "fields": [_completed_field(one) for one in group.get("fields") or []]}
                for group in value
            ]
    return value


def _completed_field(field: JsonObject) -> JsonObject:
    validation = {"blockedEmailDomains": [], "useDefaultBlockList": False}
    more = {"validation": validation} if field["fieldType"] == "email" else {}
    return {"required": False, "hidden": False, "dependentFields": [], **more, **field}


def _name(value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _wrong("name", "is no text or empty")


def _form_type(value: object) -> None:
    if value not in FORM_TYPES:
        raise _wrong("formType", f"must be one of {', '.join(FORM_TYPES)}")


def _groups(value: object) -> None:
    known: set[str] = set()
    for group in array({"fieldGroups": value}, "fieldGroups", _SCHEMA):
        for one in array(check_object(group, "FieldGroup"), "fields", "FieldGroup"):
            field = check_object(one, "FormField", _OF_A_FIELD)
            for name in _OF_A_FIELD:
                if not isinstance(field[name], str):
                    raise _wrong(f"fields.{name}", "is no string")
            if field["fieldType"] not in _FIELD_TYPES:
                raise _wrong("fieldType", f"must be one of {', '.join(_FIELD_TYPES)}")
            for flag in ("required", "hidden"):
                if not isinstance(field.get(flag, False), bool):
                    raise _wrong(flag, "is no boolean")
            if field["name"] in known:
                raise _wrong("fieldGroups", f"has the field {field['name']} twice")
            known.add(field["name"])


def _configuration(value: object) -> None:
    after = check_object(value, "FormConfiguration").get("postSubmitAction")
    if after is not None:
        check_object(after, "PostSubmitAction", ["type", "value"])
        if after["type"] not in _AFTER:
            raise _wrong("postSubmitAction.type", f"must be one of {', '.join(_AFTER)}")
        if not isinstance(after["value"], str):
            raise _wrong("postSubmitAction.value", "is no string")


def _display(value: object) -> None:
    style = check_object(value, "FormDisplayOptions").get("style")
    if style is not None:
        check_object(style, "FormStyle")


def _legal(value: object) -> None:
    kind = check_object(value, "LegalConsentOptions", ["type"])["type"]
    if kind not in LEGAL_TYPES:
        raise _wrong("legalConsentOptions.type", f"must be one of {', '.join(LEGAL_TYPES)}")


def _wrong(name: str, problem: str) -> Exception:
    return invalid(f"Invalid input JSON on line 1, column 1: Cannot build {_SCHEMA}, {name} {problem}")


_CHECKS = {
    "name": _name,
    "formType": _form_type,
    "fieldGroups": _groups,
    "configuration": _configuration,
    "displayOptions": _display,
    "legalConsentOptions": _legal,
}
