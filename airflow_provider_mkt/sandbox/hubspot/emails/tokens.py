"""Personalization tokens: what a recipient sees in their place."""

from __future__ import annotations

import re

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact

_TOKEN = re.compile(
    r"""\{\{\s*(?:
    contact\.(?P<name>\w+)\s*(?:\|\s*default\(\s*(?P<q1>["'])(?P<default>.*?)(?P=q1)[^)]*\))?
    |personalization_token\(\s*(?P<q2>["'])contact\.(?P<called>\w+)(?P=q2)
     \s*(?:,\s*(?P<q3>["'])(?P<otherwise>.*?)(?P=q3)\s*)?\)
    )\s*\}\}""",
    re.VERBOSE,
)


def render(text: str, contact: Contact | None) -> str:
    """Replace the tokens of a contact. One without a value and a default leaves nothing, without a warning.

    Other tokens stay as they are.
    """

    def value(found: re.Match[str]) -> str:
        name = found["name"] or found["called"]
        known = None if contact is None else contact.value(name)
        return known or found["default"] or found["otherwise"] or ""

    return _TOKEN.sub(value, text)
