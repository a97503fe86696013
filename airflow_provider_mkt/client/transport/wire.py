"""What passes between the exchange and a driver: plain values, no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from airflow_provider_mkt.client.call import (
    Body,
    Envelope,
    FileBody,
    FormBody,
    JsonBody,
    Pairs,
    Quota,
    TextBody,
)

_SHORTEST_SECRET = 8
"""Shorter ones are made up, and blotting them out would hit innocent text."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, ready to be sent."""

    method: str
    url: str
    query: Pairs = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    timeout: float = 30.0


@dataclass(frozen=True)
class Response:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def envelope(self, *, bare_list: bool = False) -> Envelope:
        """The decoded JSON object; an empty answer is an empty object.

        :param bare_list: the answer is an array, which becomes the object's ``results``.
        :raises ValueError: when the answer is not a JSON object.
        """
        if not self.content.strip():
            return {}
        # Marketo is known to send raw control characters inside strings.
        try:
            decoded = json.loads(self.content, strict=False)
        except RecursionError:
            msg = "the answer is nested too deeply"
            raise ValueError(msg) from None
        if bare_list and isinstance(decoded, list):
            return {"results": decoded}
        if bare_list or not isinstance(decoded, dict):
            msg = f"the answer is a {type(decoded).__name__}, not an {'array' if bare_list else 'object'}"
            raise ValueError(msg)
        return decoded

    def file(self) -> Envelope:
        """The answer as a file: ``content`` in bytes, and the ``range`` it says these are, if any."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {"content": self.content, "range": headers.get("content-range")}

    def without(self, *secrets: str) -> Response:
        """The answer with every one of *secrets* blotted out, since a platform may quote what it was sent."""
        content = self.content
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                for spelling in {secret, quote(secret, safe=""), secret.replace("/", "\\/")}:
                    content = content.replace(spelling.encode(), b"***")
        return self if content == self.content else replace(self, content=content)


@dataclass(frozen=True)
class NoAnswer:
    """The request failed below HTTP.

    :param sent: whether the platform may have received it whole.
    """

    reason: str
    sent: bool


@dataclass(frozen=True)
class Permit:
    """A place in the budget that a request draws on.

    :param ticket: tells it from the others.
    :param kind: the call's name; calls of one kind take the platform about as long.
    """

    quota: Quota
    permit_id: str
    kind: str


@dataclass(frozen=True)
class Send:
    """Effect: send this, answer with a Response or a NoAnswer."""

    request: Request
    permit: Permit | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Sleep:
    """Effect: wait this long (seconds)."""

    seconds: float


@dataclass(frozen=True)
class Acquire:
    """Effect: try to take a place in the budget; answer with 0 or the seconds until it is worth asking.

    :param seconds: how long the call may be under way.
    """

    quota: Quota
    permit_id: str = field(default="", compare=False)
    seconds: float = field(default=30.0, compare=False)


Effect = Send | Sleep | Acquire


def body_arguments(body: Body | None) -> dict[str, Any]:
    """The keyword arguments by which httpx sends *body*."""
    match body:
        case None:
            return {}
        case JsonBody(value):
            return {
                "content": json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
                "headers": {"Content-Type": "application/json"},
            }
        case FormBody(pairs):
            data: dict[str, list[str]] = {}
            for name, value in pairs:
                data.setdefault(name, []).append(value)
            return {"data": data}
        case TextBody(text):
            return {"content": text.encode(), "headers": {"Content-Type": "text/plain; charset=utf-8"}}
        case FileBody(part, filename, content, content_type, pairs):
            return {"files": {part: (filename, content, content_type)}, "data": dict(pairs)}
