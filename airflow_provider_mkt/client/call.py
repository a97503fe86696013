"""A platform call as a value.

An endpoint is a function that returns a :class:`Call`. A call does nothing until a
hook runs it, so it can be built, compared and looked at without a network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from typing_extensions import TypeAliasType

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

# Not a string of an alias, since pydantic must resolve it from the modules that use it.
Json = TypeAliasType("Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None")
Envelope: TypeAlias = dict[str, Any]
"""A decoded JSON answer. Its values are whatever the platform sent, hence ``Any``."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_LARGEST_ID = 2**63 - 1


class Replay(StrEnum):
    """What may be done after a failure that leaves open whether the platform did the work."""

    SAFE = "safe"
    """Ask again: a read, an idempotent write, or a write with a key of its own."""
    WAIT = "wait"
    """Ask again once the platform's own time limit for the first try has run out."""
    VERIFY = "verify"
    """Look the effect up before deciding."""
    NEVER = "never"
    """Do not repeat; a person or the caller must decide."""


class Quota(StrEnum):
    """Which of the account's limits a call draws on."""

    CALLS = "calls"
    SEARCH = "search"
    FREE = "free"


@dataclass(frozen=True)
class JsonBody:
    """A JSON document.

    :raises InvalidInput: naming the place of a value that JSON does not know.
    """

    value: Json = field(repr=False)

    def __post_init__(self) -> None:
        if not _is_json(self.value):
            _check_json("body", self.value)


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


Body: TypeAlias = JsonBody | FormBody | TextBody | FileBody


@dataclass(frozen=True)
class Route:
    """Where a call goes: a family and a tail. The platform's profile gives the prefix and the version.

    :param method: HTTP method.
    :param family: group of endpoints that share a prefix, e.g. ``campaigns``.
    :param tail: path template below the prefix, e.g. ``/{campaignGuid}/assets/{assetType}``.
    :param params: raw values of the template's names; encoded when the path is made.
    """

    method: str
    family: str
    tail: str = ""
    params: Pairs = ()

    def path(self) -> str:
        """The tail with its values percent-encoded, so that no value can leave its segment."""
        encoded = {name: quote(value, safe="") for name, value in self.params}
        return self.tail.format_map(encoded)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request to a platform, and how to understand the answer.

    :param name: how DAG authors name it, e.g. ``campaigns.create_batch``.
    :param route: method and path.
    :param read: makes the result out of the decoded answer.
    :param replay: what may be done after an ambiguous failure.
    :param timeout: the platform's own time limit for it, in seconds.
    :param query: query parameters, in order; a name may occur more than once.
    :param body: what is sent.
    :param follow: for paged calls, the query or the body of the next page, or None at the end.
    :param meter: which of the account's limits it draws on.
    :param scopes: scopes or permissions it needs, for error messages.
    :param token_in_query: only for the legacy calls that know no header.
    :param as_client: for the token calls, which take the OAuth client's credentials in their form
        instead of a token.
    :param headers: header fields of its own, such as ``Range``.
    :param file: whether the answer is a file and not a JSON document. `read` gets it as
        :meth:`.wire.Response.file` gives it.
    :param ok_errors: the error by which the platform says that what is asked for is so already. It counts as
        done, and `read` gets an empty answer.
    :param bare_list: whether the answer is a JSON array and not an object. `read` gets it under
        ``results``.
    :param patience: how long it may go on being refused, in seconds; as long as the policy says when None.
    :param shapes: how other version profiles ask for the same, by profile. `read` understands their
        answers too.
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
    max_elapsed: float | None = field(default=None, repr=False)
    shapes: Mapping[str, Call[T]] = field(default_factory=dict, repr=False)

    def next_page(self, envelope: Envelope) -> Call[T] | None:
        """The call for the page after *envelope*, or None when that was the last one."""
        step = self.follow(self, envelope) if self.follow else None
        if step is None:
            return None
        following = (
            (profile, describe_type.next_page(envelope)) for profile, describe_type in self.shapes.items()
        )
        shapes = {profile: page for profile, page in following if page is not None}
        if isinstance(step, JsonBody):
            return replace(self, body=step, shapes=shapes)
        return replace(self, query=step, shapes=shapes)


def path_params(call: str, **values: object) -> Pairs:
    """Check path values: text or numbers, not empty, and not a way out of the path.

    :raises InvalidInput: naming the parameter, as callers write it, and its value's shape.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        field = parameter(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise InvalidInput(
                field, f"must be text or a whole number, not {describe_type(value)}", call=call
            )
        text = str(value)
        if not text.strip() or text in {".", ".."}:
            raise InvalidInput(field, f"cannot be used in a path: {describe_type(value)}", call=call)
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise InvalidInput(field, "contains a control character", call=call)
        pairs.append((name, _encodable(field, text, call=call)))
    return tuple(pairs)


def numeric_id(call: str, field_name: str, value: int | str) -> int:
    """Check an id that the platform counts in whole numbers.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise InvalidInput(field_name, f"must be a whole number, not {describe_type(value)}", call=call)
    try:
        number = int(value) if isinstance(value, int) or value.strip().isdecimal() else 0
    except ValueError:
        number = 0
    if not 0 < number <= _LARGEST_ID:
        raise InvalidInput(
            field_name, f"must be a positive whole number, not {describe_type(value)}", call=call
        )
    return number


def flag(call: str, field_name: str, value: bool | None) -> bool | None:
    """Check a switch, which may be missing. Text is none: that of "false" would be taken for true.

    :raises InvalidInput: when it is anything else.
    """
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(field_name, f"must be true or false, not {describe_type(value)}", call=call)
    return value


def comma_list(call: str, field_name: str, names: Sequence[str]) -> str | None:
    """The names as one comma-separated value, or None when there are none.

    :raises InvalidInput: when it is not a list of names. Text would be taken letter by letter.
    """
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Sequence):
        raise InvalidInput(field_name, f"must be a list of names, not {describe_type(names)}", call=call)
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or "," in name:
            raise InvalidInput(f"{field_name}[{index}]", f"is not a name: {describe_type(name)}", call=call)
    return ",".join(names) or None


def utc(call: str, field_name: str, moment: datetime) -> datetime:
    """Check a time and turn it to UTC.

    :raises InvalidInput: when it is none, or has no zone, and so means another time on every machine.
    """
    if not isinstance(moment, datetime):
        raise InvalidInput(field_name, f"must be a time, not {describe_type(moment)}", call=call)
    if moment.utcoffset() is None:
        raise InvalidInput(field_name, "must have a time zone", call=call)
    return moment.astimezone(UTC)


def query_pairs(**values: object) -> Pairs:
    """Query parameters in order: None is left out, booleans in lower case, lists repeat the name.

    :raises InvalidInput: on anything but text, numbers and booleans, or text that cannot be sent.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if value is None:
            continue
        several = value if isinstance(value, (list, tuple)) else (value,)
        pairs.extend((name, _encodable(parameter(name), _text(name, one))) for one in several)
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
    """The name that callers know for one of the platform's: ``campaign_guid`` for ``campaignGuid``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _encodable(where: str, text: str, *, call: str = "") -> str:
    if not _is_whole(text):
        raise InvalidInput(where, "contains half a character (a lone surrogate)", call=call)
    return text


def _is_json(value: Any) -> bool:
    """Whether JSON surely knows a value: a quick look, since bodies may hold hundreds of records."""
    kind = type(value)
    if kind is str:
        return _is_whole(value)
    if kind is dict:
        for key in value:
            if type(key) is not str or not _is_whole(key):
                return False
        inner = value.values()
    elif kind is list:
        inner = value
    else:
        return kind in _PLAIN
    for one in inner:
        kind = type(one)
        if not (_is_whole(one) if kind is str else kind in _PLAIN or _is_json(one)):
            return False
    return True


_PLAIN = frozenset({int, bool, type(None)})


def _is_whole(text: str) -> bool:
    """Whether a text has no half characters (lone surrogates)."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def _check_json(where: str, value: object) -> None:
    match value:
        case None | bool() | int():
            return
        case str():
            _encodable(where, value)
        case float():
            if not math.isfinite(value):
                raise InvalidInput(where, "must be a finite number")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise InvalidInput(where, f"has a key that is not text but {describe_type(key)}")
                _check_json(f"{where}.{_encodable(where, key)}", inner)
        case list() | tuple():
            for index, inner in enumerate(value):
                _check_json(f"{where}[{index}]", inner)
        case _:
            raise InvalidInput(
                where, f"must be text, a number, a boolean or nothing, not {describe_type(value)}"
            )


def batch(call: str, field_name: str, items: Sequence[T], *, at_most: int) -> Sequence[T]:
    """Check the size of a batch.

    :raises InvalidInput: when it is empty, not a list, or over the platform's limit.
    """
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Sequence):
        raise InvalidInput(field_name, f"must be a list, not {describe_type(items)}", call=call)
    if not items:
        raise InvalidInput(field_name, "is empty: nothing to send", call=call)
    if len(items) > at_most:
        raise InvalidInput(field_name, f"has {len(items)} entries; at most {at_most} per call", call=call)
    return items
