"""A platform call as a value.

An endpoint is a function that returns a :class:`Call`. A call does nothing until a hook runs it, so it can be
built, compared and inspected without a network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from msgspec import Raw

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.client.json_types import Json as Json
from airflow_provider_mkt.client.parameters import (
    encodable,
    errors_name,
    is_encodable,
    path_segment,
    to_id,
    to_utc,
)
from airflow_provider_mkt.client.redaction import describe_type

if TYPE_CHECKING:
    from airflow_provider_mkt.client.buffers import FileBuffer

T = TypeVar("T", covariant=True)

Envelope: TypeAlias = dict[str, Any]
"""A decoded JSON response. Its values are whatever the platform sent, hence ``Any``."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class Replay(StrEnum):
    """What to do after an ambiguous failure: one after which the server may or may not have run the call."""

    SAFE = "safe"
    """Retry: a read, an idempotent write, or a write with an idempotency key."""
    WAIT = "wait"
    """Retry once the platform's own time limit for the first attempt has expired."""
    VERIFY = "verify"
    """Read the effect before deciding on a retry."""
    NEVER = "never"
    """Do not retry; the caller or a person must decide."""


class Quota(StrEnum):
    """Which of the account's rate limits a call counts against."""

    CALLS = "calls"
    SEARCH = "search"
    FREE = "free"


@dataclass(frozen=True)
class JsonBody:
    """A JSON document.

    :raises InvalidInput: naming the path of a value that is not valid JSON.
    """

    value: Json = field(repr=False)

    def __post_init__(self) -> None:
        if not _is_json(self.value):
            _check_json("body", self.value)

    @cached_property
    def content(self) -> bytes:
        """The document, encoded once."""
        # Not when a DAG file is parsed.
        from airflow_provider_mkt.client.encoding import to_json

        return to_json(self.value)


@dataclass(frozen=True)
class FormBody:
    pairs: Pairs = field(repr=False)


@dataclass(frozen=True)
class TextBody:
    text: str = field(repr=False)


@dataclass(frozen=True)
class FileBody:
    """A multipart form with one file."""

    part: str
    filename: str
    content: bytes = field(repr=False)
    content_type: str
    pairs: Pairs = field(default=(), repr=False)


RAW_FAMILY = ""
"""The family of a route whose tail is the whole path below the host, in every version profile."""

Body: TypeAlias = JsonBody | FormBody | TextBody | FileBody


@dataclass(frozen=True)
class Route:
    """The method and path of a call. The platform's version profile adds the prefix of the family.

    :param method: HTTP method.
    :param family: group of endpoints that share a prefix, e.g. ``campaigns``.
    :param tail: path template below the prefix, e.g. ``/{campaignGuid}/assets/{assetType}``.
    :param params: values of the template's parameters, encoded by :meth:`path`.
    """

    method: str
    family: str
    tail: str = ""
    params: Pairs = ()

    def path(self) -> str:
        """Return the tail with percent-encoded values, so that no value can leave its path segment."""
        encoded = {name: quote(value, safe="") for name, value in self.params}
        return self.tail.format_map(encoded)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request to a platform, and how to read its response.

    :param name: name of the call in DAGs and errors, e.g. ``campaigns.create_batch``.
    :param route: method and path.
    :param read: converts the decoded response to the result.
    :param replay: what to do after an ambiguous failure.
    :param timeout: the platform's own time limit for the call, in seconds.
    :param query: query parameters, in order; a name can occur more than once.
    :param body: the request body.
    :param follow: for paged calls, returns the query or the body of the next page, or None at the end.
    :param quota: which of the account's rate limits the call counts against.
    :param scopes: required scopes or permissions, for error messages.
    :param token_in_query: whether the access token goes into the URL; only for legacy calls.
    :param as_client: whether the call authenticates with the OAuth client's credentials instead of an access
        token.
    :param headers: additional header fields, such as ``Range``.
    :param file: whether the response is a file and not a JSON document. `read` gets the result of
        :meth:`.platform.Response.file`.
    :param ok_errors: an error which means that the requested state already exists. The call then succeeds and
        `read` gets an empty response.
    :param bare_list: whether the response is a JSON array and not an object. `read` gets it under
        ``results``.
    :param any_json: whether the response can be any JSON value, or empty. `read` gets it under ``value``.
    :param max_elapsed: maximum time for retries, in seconds; the retry policy's when None.
    :param shapes: the equivalent calls of other version profiles, by profile. `read` also reads their
        responses.
    :param decode: reads the result straight from the content of a response with status 200, which is faster.
        Returns None for a response that is not a plain success; it is then classified, and `read` reads it.
    :param buffer: where the content of a file is read into. `read` gets what it then holds.
    """

    name: str
    route: Route
    read: Callable[[Envelope], T] = field(repr=False)
    replay: Replay = Replay.NEVER
    timeout: float = 30.0
    query: Pairs = field(default=(), repr=False)
    body: Body | None = field(default=None, repr=False)
    follow: Callable[[Call[T], Envelope], Pairs | JsonBody | None] | None = field(default=None, repr=False)
    quota: Quota = Quota.CALLS
    scopes: tuple[str, ...] = ()
    token_in_query: bool = field(default=False, repr=False)
    as_client: bool = field(default=False, repr=False)
    headers: Pairs = field(default=(), repr=False)
    file: bool = field(default=False, repr=False)
    ok_errors: type[PlatformError] | None = field(default=None, repr=False)
    bare_list: bool = field(default=False, repr=False)
    any_json: bool = field(default=False, repr=False)
    max_elapsed: float | None = field(default=None, repr=False)
    shapes: Mapping[str, Call[T]] = field(default_factory=dict, repr=False)
    decode: Callable[[bytes], T | None] | None = field(default=None, repr=False)
    buffer: FileBuffer | None = field(default=None, repr=False, compare=False)

    def next_page(self, envelope: Envelope) -> Call[T] | None:
        """Return the call for the page after *envelope*, or None when that was the last page."""
        step = self.follow(self, envelope) if self.follow else None
        if step is None:
            return None
        following = ((profile, call.next_page(envelope)) for profile, call in self.shapes.items())
        shapes = {profile: page for profile, page in following if page is not None}
        if isinstance(step, JsonBody):
            return replace(self, body=step, shapes=shapes)
        return replace(self, query=step, shapes=shapes)


def path_params(**values: object) -> Pairs:
    """Check path parameters: see :func:`.parameters.path_segment`.

    :raises InvalidInput: naming the parameter as callers write it, and the value's type.
    """
    return tuple((name, path_segment(parameter(name), value)) for name, value in values.items())


def comma_joined(values: Sequence[object]) -> str | None:
    """Return the values as one comma-separated text, or None when there are none."""
    return ",".join(map(str, values)) or None


def numeric_id(call: str, field: str, value: int | str) -> int:
    """Convert a numeric id, outside an endpoint: see :func:`.parameters.to_id`.

    :param call: name of the call for the error; can be empty.
    :raises InvalidInput: when it is not a positive whole number.
    """
    with errors_name(call):
        return to_id(field, value)


def utc(call: str, field: str, value: datetime) -> datetime:
    """Convert a time to UTC, outside an endpoint: see :func:`.parameters.to_utc`.

    :param call: name of the call for the error; can be empty.
    :raises InvalidInput: when it is not a time, or has no time zone.
    """
    with errors_name(call):
        return to_utc(field, value)


def query_pairs(**values: object) -> Pairs:
    """Return query parameters in order: None is omitted, booleans are lower case, lists repeat the name.

    :raises InvalidInput: when a value is not text, a number or a boolean, or cannot be encoded.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if value is None:
            continue
        items = value if isinstance(value, (list, tuple)) else (value,)
        pairs.extend((name, encodable(parameter(name), _text(name, item))) for item in items)
    return tuple(pairs)


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
    problem = f"must be text, a finite number or a boolean, not {describe_type(value)}"
    raise InvalidInput(parameter(name), problem)


def parameter(name: str) -> str:
    """Return the Python name of a platform's parameter: ``campaign_guid`` for ``campaignGuid``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _is_json(value: Any) -> bool:
    """Return whether a value is certainly valid JSON. Fast, since bodies can contain hundreds of records."""
    kind = type(value)
    if kind is str:
        return value.isascii() or is_encodable(value)
    if kind is dict:
        for key in value:
            if type(key) is not str or not (key.isascii() or is_encodable(key)):
                return False
        inner = value.values()
    elif kind is list:
        inner = value
    else:
        return kind in _PLAIN
    for item in inner:
        kind = type(item)
        if kind is str:
            if not (item.isascii() or is_encodable(item)):
                return False
        elif not (kind in _PLAIN or _is_json(item)):
            return False
    return True


# Raw is a record that was encoded before.
_PLAIN = frozenset({int, bool, type(None), Raw})


def _check_json(where: str, value: object) -> None:
    match value:
        case None | bool() | int() | Raw():
            return
        case str():
            encodable(where, value)
        case float():
            if not math.isfinite(value):
                raise InvalidInput(where, "must be a finite number")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise InvalidInput(where, f"has a key that must be text, not {describe_type(key)}")
                _check_json(f"{where}.{encodable(where, key)}", inner)
        case list() | tuple():
            for index, inner in enumerate(value):
                _check_json(f"{where}[{index}]", inner)
        case _:
            raise InvalidInput(
                where, f"must be text, a number, a boolean or null, not {describe_type(value)}"
            )
