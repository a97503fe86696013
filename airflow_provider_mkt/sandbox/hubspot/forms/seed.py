"""The forms of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.forms.definition_checks import whole_definition
from airflow_provider_mkt.sandbox.hubspot.seed import NEWSLETTER_FORM, WEBINAR_FORM
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_DAY = 86_400.0


def definition(name: str, *fields: str, required: tuple[str, ...] = ("email",)) -> JsonObject:
    """Return a form with fields of contacts, in HubSpot's format."""
    return {
        "name": name,
        "formType": "hubspot",
        "fieldGroups": [
            {
                "fields": [
                    {
                        "objectTypeId": "0-1",
                        "name": one,
                        "label": one.capitalize(),
                        "required": one in required,
                        "hidden": False,
                        "fieldType": "email" if one == "email" else "single_line_text",
                    }
                    for one in fields
                ],
            }
        ],
        "configuration": {
            "postSubmitAction": {"type": "thank_you", "value": "Thanks for submitting the form."}
        },
        "displayOptions": {},
        "legalConsentOptions": {"type": "none"},
    }


def fill(state: HubSpotState) -> None:
    """Add two forms, one of which was submitted twice a day ago."""
    newsletter = state.forms.create(
        whole_definition(definition("Newsletter", "email", "firstname")), NEWSLETTER_FORM
    )
    state.forms.create(whole_definition(definition("Webinar registration", "email", "company")), WEBINAR_FORM)
    moment = int((state.clock.time() - _DAY) * 1000)
    for place, (name, email) in enumerate((("Ada", "ada@example.com"), ("Bruno", "bruno@example.com"))):
        values = [("email", email), ("firstname", name)]
        state.forms.submit(
            newsletter,
            [{"objectTypeId": "0-1", "name": field, "value": value} for field, value in values],
            moment + place,
            "https://www.example.com/newsletter",
        )
