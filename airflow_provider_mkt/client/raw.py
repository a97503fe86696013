"""Requests that no endpoint describes: method, path, query and body as given, and checks of the path.

They run as all others do: in the account's budget, with its retries and with redaction. See
:func:`airflow_provider_mkt.client.hubspot.raw` and :func:`airflow_provider_mkt.client.marketo.raw`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from airflow_provider_mkt.client.call import (
    RAW_FAMILY,
    Body,
    Call,
    Envelope,
    FormBody,
    Json,
    JsonBody,
    Pairs,
    Quota,
    Replay,
    Route,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import finite_number, known_value, mapping, required_str, to_bool
from airflow_provider_mkt.client.redaction import describe_type

NAME = "raw"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TIMEOUT_MAX = 3_600.0

_CREDENTIALS = frozenset({"access_token", "client_id", "client_secret", "hapikey", "refresh_token"})
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def checked_path(path: object) -> str:
    """Check a path below the account's host, percent-encoded as it is sent.

    It is also checked as a server may decode it, however often, so that it cannot leave its host or climb.

    :raises InvalidInput: naming what is wrong with it.
    """
    text = required_str("path", path)
    if "://" in text or not text.startswith("/"):
        raise InvalidInput("path", "must begin with / and not name a host, as in /crm/v3/objects/contacts")
    if "?" in text:
        raise InvalidInput("path", "contains ?; give the query by 'query'")
    if "#" in text:
        raise InvalidInput("path", "contains #, which is not sent")
    decoded = text
    while True:
        _check_decoded(decoded)
        if _ESCAPE.search(decoded) and decoded == text:
            raise InvalidInput("path", "contains % that is no percent-encoding; write it as %25")
        further = unquote(decoded)
        if further == decoded:
            return text
        decoded = further


def _check_decoded(path: str) -> None:
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise InvalidInput("path", "contains a control character")
    if "\\" in path:
        raise InvalidInput("path", "contains a backslash")
    if "//" in path:
        raise InvalidInput("path", "contains //")
    # Some servers drop what follows a semicolon in a segment.
    if any(segment.partition(";")[0].strip() in {".", ".."} for segment in path.split("/")):
        raise InvalidInput("path", "contains a segment . or ..")
    if path != path.strip() or not path.isprintable() or "\ufffd" in path:
        raise InvalidInput("path", "contains white space or bytes that are no text")


def raw_call(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None,
    body: object,
    form: Mapping[str, Any] | None,
    replay: Replay | str,
    timeout: float,
    text_response: bool,
    quota: Quota,
) -> Call[Json]:
    """Build the call, for one of the platforms.

    :raises InvalidInput: naming the argument that is wrong.
    """
    verb = known_value("method", method.upper() if isinstance(method, str) else method, METHODS)
    tail = checked_path(path)
    # Not encoded yet: httpx does that. A blank would end the path in the request line.
    if not tail.isascii() or " " in tail:
        raise InvalidInput("path", "must be percent-encoded")
    seconds = finite_number("timeout", timeout)
    if not 0 < seconds <= TIMEOUT_MAX:
        raise InvalidInput("timeout", f"must be more than 0 and at most {TIMEOUT_MAX:,.0f} seconds")
    return Call(
        NAME,
        Route(verb, RAW_FAMILY, tail),
        _text if to_bool("text_response", text_response) else _value,
        _replay(replay),
        seconds,
        query=_pairs("query", query),
        body=_body(verb, body, form),
        quota=quota,
        file=text_response,
        any_json=not text_response,
    )


def _replay(value: Replay | str) -> Replay:
    known = [replay.value for replay in Replay]
    return Replay(known_value("replay", value.lower() if isinstance(value, str) else value, known))


def _pairs(field: str, values: object) -> Pairs:
    if values is None:
        return ()
    named = mapping(field, values)
    for name in named:
        if not isinstance(name, str) or not name:
            raise InvalidInput(field, f"has a name that must be text, not {describe_type(name)}")
        if name.lower() in _CREDENTIALS:
            raise InvalidInput(f"{field}.{name}", "must not be sent: the credentials are the connection's")
    try:
        return query_pairs(**named)
    except InvalidInput as error:
        raise InvalidInput(f"{field}.{error.field}", error.problem) from None


def _body(method: str, body: object, form: object) -> Body | None:
    if body is None and form is None:
        return None
    if body is not None and form is not None:
        raise InvalidInput("form", "give either body (JSON) or form, not both")
    if method == "GET":
        raise InvalidInput("body" if form is None else "form", "a GET has none; give query")
    return JsonBody(cast("Json", body)) if form is None else FormBody(_pairs("form", form))


def _value(envelope: Envelope) -> Json:
    value: Json = envelope.get("value")
    return value


def _text(envelope: Envelope) -> Json:
    content: bytes = envelope.get("content") or b""
    return content.decode("utf-8", errors="replace")
