"""The values that pass between an exchange and its driver. No network here."""

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
"""Length of the shortest secret that is redacted: a shorter one would also match ordinary text."""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    url: str
    query: Pairs = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    timeout: float = 30.0


@dataclass(frozen=True)
class Response:
    """One HTTP answer, completely read."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def envelope(self, *, bare_list: bool = False) -> Envelope:
        """Decode the answer's JSON object; an empty answer is an empty object.

        :param bare_list: the answer is an array, and becomes the object's ``results``.
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
        """The answer as a file: its bytes in ``content``, and its Content-Range in ``range``, if any."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {"content": self.content, "range": headers.get("content-range")}

    def without(self, *secrets: str) -> Response:
        """The answer with all *secrets* redacted, because a platform may quote what it was sent."""
        content = self.content
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                for spelling in {secret, quote(secret, safe=""), secret.replace("/", "\\/")}:
                    content = content.replace(spelling.encode(), b"***")
        return self if content == self.content else replace(self, content=content)


@dataclass(frozen=True)
class NoAnswer:
    """The request failed below HTTP.

    :param sent: whether the platform may have received it completely.
    """

    reason: str
    sent: bool


@dataclass(frozen=True)
class Permit:
    """The budget's permission to send one request.

    :param quota: the quota that the request uses.
    :param permit_id: identifies the permit.
    :param kind: the call's name; the platform takes about the same time for all calls of a kind.
    """

    quota: Quota
    permit_id: str
    kind: str


@dataclass(frozen=True)
class Send:
    """Effect: send this request. The result is a Response or a NoAnswer."""

    request: Request
    permit: Permit | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Sleep:
    """Effect: wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Acquire:
    """Effect: try to acquire a permit. The result is 0, or the seconds until the next try is worthwhile.

    :param seconds: how long the call may be in flight.
    """

    quota: Quota
    permit_id: str = field(default="", compare=False)
    seconds: float = field(default=30.0, compare=False)


Effect = Send | Sleep | Acquire


def body_arguments(body: Body | None) -> dict[str, Any]:
    """The keyword arguments with which httpx sends *body*."""
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
