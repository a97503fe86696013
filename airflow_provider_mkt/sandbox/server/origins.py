"""Keep web pages away from the control API and the state."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def refusal_of(headers: Headers) -> str | None:
    """Return why a request must not reach the control API, or None.

    A page of another site can send requests to loopback. They have its `Origin`; or its name as `Host`, if
    the name was made to resolve to loopback (DNS rebinding).
    """
    host = headers.get("host", "")
    if _hostname(f"http://{host}") not in _LOOPBACK:
        return "the Host of the request is not loopback"
    origin = headers.get("origin")
    if origin is not None and (_hostname(origin) not in _LOOPBACK or urlsplit(origin).netloc != host):
        return "the request comes from a page of another origin"
    return None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
