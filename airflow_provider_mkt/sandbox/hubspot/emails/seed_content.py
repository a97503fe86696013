"""The content of the emails of a new account, as HubSpot's drag-and-drop editor stores it."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import DEFAULT_SUBSCRIPTION, OFFICE_LOCATION
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

SUBSCRIPTION: JsonObject = {
    "officeLocationId": OFFICE_LOCATION,
    "subscriptionId": str(DEFAULT_SUBSCRIPTION),
    "subscriptionName": "Marketing information",
}
_GREETING = "<p>Hello {{ contact.firstname }},</p>"
"""A token without a default."""
_COMPANY = '<p>Here is what is new for {{ contact.company | default("your company", true) }}.</p>'
"""A token with a default."""
_FOOTER = (
    "<p>Example Ltd, 1 Example Street, Springfield</p>"
    '<p><a href="{{ unsubscribe_link }}">Unsubscribe</a> '
    '<a href="{{ unsubscribe_link_all }}">from everything</a></p>'
)


def content(preview: str, text: str, page: str) -> JsonObject:
    """Return the content of an email.

    :param preview: what a mail program shows beside the subject.
    :param text: the paragraph that differs from email to email.
    :param page: the last part of the address that its button leads to.
    """
    address = f"https://www.example.com/{page}?utm_source=hubspot&utm_medium=email&utm_campaign={page}"
    modules = {
        "module-0-0-0": _module("@hubspot/rich_text", html=f"{_GREETING}{_COMPANY}<p>{text}</p>"),
        "module-1-0-0": _module("@hubspot/email_cta", text="Read more", destination=address),
        "module-2-0-0": _module("@hubspot/email_footer", html=_FOOTER, unsubscribe_link_type="both"),
    }
    sections = [
        {
            "id": f"section-{number}",
            "columns": [{"id": f"column-{number}-0", "width": 12, "widgets": [name]}],
            "style": {"backgroundType": "CONTENT", "paddingBottom": "10px", "paddingTop": "10px"},
        }
        for number, name in enumerate(modules)
    ]
    widgets = {
        "preview_text": {
            "id": "preview_text",
            "name": "preview_text",
            "label": "Preview Text",
            "type": "text",
            "order": 0,
            "body": {"value": preview},
        }
    }
    for order, (name, module) in enumerate(modules.items(), start=1):
        widgets[name] = {"id": name, "name": name, "order": order, **module}
    return {
        "templatePath": "@hubspot/email/dnd/Plain_email.html",
        "plainTextVersion": f"Hello {{{{ contact.firstname }}}},\n\n{text}\n\n{address}\n",
        "flexAreas": {"main": {"boxed": False, "isSingleColumnFullWidth": False, "sections": sections}},
        "widgets": widgets,
        "widgetContainers": {},
        "smartFields": {},
        "styleSettings": {
            "backgroundColor": "#FFFFFF",
            "bodyWidth": "600",
            "primaryFont": "Arial, sans-serif",
        },
    }


def _module(path: str, **body: str) -> JsonObject:
    return {"type": "module", "body": {"path": path, "schema_version": 2, **body}}
