"""Tokens in the subject and content of emails."""

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape

from airflow_provider_mkt.sandbox.marketo.emails.models import Email
from airflow_provider_mkt.sandbox.marketo.leads.fields import Field
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

_TOKEN = re.compile(r"{{\s*(?P<kind>\w+)\.(?P<name>[^{}:]+?)\s*(?::default=(?P<default>[^{}]*))?}}")
LINKS = {
    "unsubscribeLink": "https://pages.example.com/UnsubscribePage.html",
    "viewAsWebpageLink": "https://pages.example.com/view",
}


def my_tokens(state: MarketoState, email: Email) -> dict[str, str]:
    """Return the values of my tokens for an email: those of its program hide those of the folders above."""
    return state.tokens.resolve(state.path_of(email.folder), {})


def with_my_tokens(text: str, tokens: Mapping[str, str]) -> str:
    """Replace my tokens. One without a value stays as it is, unless it has a default."""

    def value(found: re.Match[str]) -> str:
        if found["kind"] != "my":
            return found[0]
        return tokens.get(found["name"], found[0] if found["default"] is None else found["default"])

    return _TOKEN.sub(value, text)


def for_lead(state: MarketoState, text: str, lead: Lead, at: datetime, *, html: bool = False) -> str:
    """Replace the tokens of a lead, its company and the system.

    A field without a value gives the default, or nothing. A token of no known field stays as it is.
    """

    def value(found: re.Match[str]) -> str:
        kind, name, default = found["kind"], found["name"], found["default"] or ""
        if kind == "system":
            return _system(name, at) or found[0]
        field = _field(state, kind, name)
        if field is None:
            return found[0]
        shown = _text(state.leads.value(lead, field.name)) or default
        return escape(shown) if html and field.html_encoding else shown

    return _TOKEN.sub(value, text)


def _field(state: MarketoState, kind: str, name: str) -> Field | None:
    """Return the field of a token, which has its display name."""
    wanted, of_company = name.lower(), kind == "company"
    if kind not in ("lead", "company"):
        return None
    for field in state.leads.schema.visible():
        if field.company is of_company and wanted in (field.display_name.lower(), field.name.lower()):
            return field
    return None


def _system(name: str, at: datetime) -> str | None:
    moments = {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}", "dateTime": f"{at:%Y-%m-%d %H:%M}"}
    return (LINKS | moments).get(name)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
