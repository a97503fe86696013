"""The settings of a connection: checked, and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type, redact

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from pydantic import ValidationError


def checked_extra(conn_type: str, connection: Connection, extra: object) -> Mapping[str, Any]:
    """Return the extra's fields.

    :param extra: as Airflow decoded it, which for text that is no JSON is empty.
    :raises InvalidInput: when it is no JSON object, or has a field that connections of the type do not have.
    """
    text = (connection.extra or "").strip()
    if extra is None:
        return {}
    if isinstance(extra, str):
        extra = _decoded_or_none(extra)
        what = "JSON that was encoded twice" if isinstance(extra, dict | list) else "a JSON text"
        raise InvalidInput("extra", f'is {what}; it must be a JSON object such as {{"max_concurrency": 5}}')
    if not isinstance(extra, Mapping):
        raise InvalidInput("extra", f"must be a JSON object, not {describe_type(extra)}")
    if not extra and text and _decoded_or_none(text) is None:
        raise InvalidInput("extra", f"must be a JSON object, and is no JSON: {describe_type(text)}")
    from airflow_provider_mkt.get_provider_info import get_provider_info

    types = get_provider_info()["connection-types"]
    known = list(next(one for one in types if one["connection-type"] == conn_type)["conn-fields"])
    if unknown := [name for name in extra if name not in known]:
        import difflib

        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        names = ", ".join(redact(name) for name in unknown)
        raise InvalidInput(
            "extra", f"has fields that are no settings: {names}. {hint}The settings are {', '.join(known)}"
        )
    return extra


def digest_of_settings(connection: Connection, settings: Mapping[str, Any]) -> str:
    """Return what is equal for connections with the same settings, and contains no secret."""
    own = [connection.conn_type, connection.host, connection.port, connection.schema]
    secrets = [connection.login, connection.password]
    text = json.dumps([own, secrets, dict(settings)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def send_settings(settings: Mapping[str, Any]) -> tuple[bool, int | None]:
    """Read whether a connection may send, and to how many people at most.

    :raises InvalidInput: naming the field. What cannot be read never counts as a permission.
    """
    allowed, ceiling = settings.get("allow_sends"), settings.get("max_recipients")
    if allowed in (None, ""):
        allowed = True
    elif isinstance(allowed, str) and allowed.strip().lower() in ("true", "1", "yes", "false", "0", "no"):
        # A connection that is a URI has only texts.
        allowed = allowed.strip().lower() in ("true", "1", "yes")
    if not isinstance(allowed, bool):
        raise InvalidInput("allow_sends", f"must be true or false, not {describe_type(allowed)}")
    if ceiling in (None, ""):
        return allowed, None
    if isinstance(ceiling, str) and ceiling.strip().isdigit():
        ceiling = int(ceiling)
    if isinstance(ceiling, bool) or not isinstance(ceiling, int) or ceiling < 1:
        raise InvalidInput("max_recipients", "must be a whole number from 1 on")
    return allowed, ceiling


def _decoded_or_none(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def account_error(error: ValidationError) -> InvalidInput:
    """The first error in a connection's settings, without the value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "connection"
    return InvalidInput(field, str(first["msg"]).removeprefix("Value error, "))
