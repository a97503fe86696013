"""Redaction of secrets and personal data in messages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from airflow_provider_mkt.client.wording import counted

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer)\s+[\w.:~+/=-]{8,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)\b(access_token|refresh_token|client_secret|client_id|hapikey|password|token|code)"
            r"(\"?\s*[=:]\s*\"?)[^&\s\"',;)]{6,}"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(?i)\bpat-[a-z0-9]{2,5}-[\w-]{6,}"), "pat-***"),
    (re.compile(r"(?i)\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?::|%3A)[a-z0-9-]{1,12}\b"), "***"),
    # Matches more than valid email addresses: platforms also report malformed ones. The counts limit the work
    # on long texts without an "@".
    (
        re.compile(
            r"(?:\"[^\"\n]{1,64}\"|[^\s@<>\"(),;:]{1,320})(?:@|%40)(?:\[[^\]\s]{1,64}\]|[^\s@<>\"(),;:]{1,255})"
        ),
        "***@***",
    ),
)

_MAX_LENGTH = 500
_MAX_INPUT = 10_000
_SHORT = 2
"""Characters of a value that names nobody."""


def redact(text: str) -> str:
    """Return *text* without tokens, secrets and email addresses, cut to a readable length."""
    if len(text) > _MAX_INPUT:
        # A secret that the cut splits could no longer be recognized: drop the last word.
        text = text[:_MAX_INPUT].rpartition(" ")[0]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"


def without_values(text: str, given: object) -> str:
    """Return *text* without the text values of a record, where they stand as whole words.

    >>> without_values("Email address jane doe is invalid", {"email": "jane doe"})
    'Email address *** is invalid'

    :param given: the record. Values of fewer than three characters, and those that are names of its fields,
        stay.
    """
    if not isinstance(given, Mapping):
        return text
    names = {str(name).casefold() for name in given}
    values = {value for value in given.values() if isinstance(value, str) and len(value) > _SHORT}
    for value in sorted(values, key=len, reverse=True):
        if value.casefold() not in names:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "***", text)
    return text


def describe_type(value: object) -> str:
    """Describe a value by its type and size, without the value.

    >>> describe_type("someone@example.com")
    'text of 19 characters'
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return "a boolean"
        case int() | float():
            return _describe_number(value)
        case str():
            return f"text of {counted(len(value), 'character')}" if value else "empty text"
        case dict():
            return f"a mapping with {counted(len(value), 'key')}"
        case list() | tuple() | set():
            return f"a {type(value).__name__} of {len(value)}"
        case _:
            return f"a {type(value).__name__}"


def _describe_number(value: float) -> str:
    if value == 0:
        return "zero"
    if value < 0:
        return "a negative number"
    if isinstance(value, float) and not value.is_integer():
        return "a number with a fraction" if math.isfinite(value) else "a number that is not finite"
    return "a number"
