"""Lines of a task's log: on which account it works, with which settings, and where its rejects are."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.redaction import describe_type, redact
from airflow_provider_mkt.operators._parse_checks import Arguments

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_NEVER_SHOWN = frozenset({"approval", "check", "cookie", "plan", "sql", "value"})
"""Parameters whose text may hold a person's data, or is long."""

_MAX_CHARACTERS = 200
_MAX_CODES = 10
# An address of a person, and a URL with a password or a token. "s3://connection@bucket" is neither.
_SECRET = re.compile(r"^[^/]*@|://[^/@]*:[^/@]*@|://.*\?")


def start_line(operator: BaseOperator, where: str) -> str:
    """Describe a task that starts, without a person's data.

    :param where: names the account and the connection.
    """
    settings = ", ".join(_settings(operator))
    return f"{where}{f': {settings}' if settings else ''}"


def rejects_line(outcome: Mapping[str, object]) -> str:
    """Describe the records that were not written by their reasons, with the file where they are.

    :returns: an empty text when there is no such file.
    """
    path, reasons = outcome.get("rejects"), outcome.get("reasons")
    if not isinstance(path, str):
        return ""
    counts = reasons.items() if isinstance(reasons, Mapping) else ()
    shown = ", ".join(f"{code}: {count:,}" for code, count in islice(counts, _MAX_CODES))
    return f"Rejects by reason: {shown or 'none'}. All of them are in {redact(path)}"


def _settings(operator: BaseOperator) -> Iterator[str]:
    """Yield the parameters that differ from their defaults."""
    arguments = Arguments(operator)
    for name, default in _parameters(type(operator)).items():
        value = arguments[name]
        if value is not None and value != default:
            yield f"{name}={_shown(name, value)}"


@functools.cache
def _parameters(operator: type[BaseOperator]) -> Mapping[str, object]:
    """Return the names and the defaults of an operator's own parameters.

    Without the connection, and how the task waits: these have their own place in the log.
    """
    parameters = inspect.signature(operator.__init__).parameters.values()
    return {
        one.name: one.default
        for one in parameters
        if one.kind is one.KEYWORD_ONLY and one.name not in ("conn_id", "deferrable", "poke_interval")
    }


def _shown(name: str, value: object) -> str:
    if isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, (date, timedelta)) and name not in _NEVER_SHOWN:
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, str):
        hidden = (
            name in _NEVER_SHOWN
            or len(value) > _MAX_CHARACTERS
            or "\n" in value
            or _SECRET.search(value) is not None
        )
        return describe_type(value) if hidden else repr(value if "://" in value else redact(value))
    return describe_type(value)
