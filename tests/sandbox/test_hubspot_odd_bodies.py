"""Bodies with a value of another kind in any place: accepted or refused, never an error of the sandbox."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from hubspot_bodies import BODIES, FILES, FORM, JSON, PATH_PARAMETERS, QUERY, WITHOUT_BODY, Sent
from starlette.types import ASGIApp, Message

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.platform import HubSpot
from airflow_provider_mkt.sandbox.server.app import PlatformApp
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.connections import Connections
from airflow_provider_mkt.sandbox.server.endpoints import PARAMETER, Endpoint

ODD: tuple[Any, ...] = ({}, [], None, 0, "", True, 10**30, [None], "\ud800")
HEADERS = [(b"authorization", f"Bearer {seed.TOKEN}".encode()), (b"host", b"127.0.0.1")]


def key_of(endpoint: Endpoint) -> str:
    area = endpoint.handler.__module__.split(".")[-2]
    return f"{area}.{endpoint.handler.__name__}"


def readers() -> list[Endpoint]:
    """The endpoints that may read a body, each in its newest version."""
    newest: dict[tuple[object, str], Endpoint] = {}
    for routes in HubSpot.areas.routes:
        for one in routes:
            if one.method in ("POST", "PUT", "PATCH"):
                newest[one.handler, one.template.rpartition("/")[2]] = one
    return list(newest.values())


def body_of(endpoint: Endpoint) -> Sent | None:
    # Two endpoints of one area have the same name.
    if endpoint.handler.__module__.endswith("routes_workflows"):
        return None
    return BODIES.get(key_of(endpoint))


AREAS = sorted({key_of(one).partition(".")[0] for one in readers() if body_of(one) is not None})


def replaced(value: Any) -> Iterator[Any]:
    """Return the body with each of its values replaced, and with each of its keys left out."""
    yield from ODD
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: item for key, item in value.items() if key != name}
            yield from ({**value, name: other} for other in replaced(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in replaced(inner))


def encoded(content: Any, content_type: str) -> bytes:
    if content_type == JSON:
        return json.dumps(content).encode()
    if content_type == FORM and isinstance(content, dict):
        return urlencode(content, errors="replace").encode()
    return str(content).encode("utf-8", "replace")


def path_of(endpoint: Endpoint) -> str:
    return PARAMETER.sub(lambda found: quote(PATH_PARAMETERS[found.group(1)], safe=""), endpoint.template)


def test_every_endpoint_that_reads_a_body_has_one_here() -> None:
    unknown = {key_of(one) for one in readers() if body_of(one) is None} - FILES - WITHOUT_BODY
    assert not unknown
    assert BODIES.keys() <= {key_of(one) for one in readers()}


@pytest.fixture
def hubspot() -> HubSpot:
    made = HubSpot(Clock())
    made.limits.rate.limit = made.limits.secondly.limit = made.limits.daily.limit = None
    made.settings.smtp_tokens_need_oauth = False
    return made


async def status(app: ASGIApp, method: str, path: str, content: bytes, content_type: str) -> int:
    """Send a request as a server does, and return the status of the response.

    A client would take longer than the sandbox for each of the thousands.
    """
    answered: list[int] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": urlencode(QUERY).encode(),
        "headers": [
            *HEADERS,
            (b"content-length", str(len(content)).encode()),
            (b"content-type", content_type.encode()),
        ],
        "client": ("127.0.0.1", 123),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    await app(scope, receive, send)
    (code,) = answered
    return code


async def fuzz(hubspot: HubSpot, endpoints: list[Endpoint]) -> list[str]:
    """Send every odd body, and return those that the sandbox failed at, when it answered or afterwards."""
    failed: list[str] = []
    app = PlatformApp(hubspot, Connections())
    for endpoint in endpoints:
        sent, path = body_of(endpoint), path_of(endpoint)
        assert sent is not None
        for content in replaced(sent.content):
            body = encoded(content, sent.content_type)
            code = await status(app, endpoint.method, path, body, sent.content_type)
            assert code != 401
            if code >= 500:
                failed.append(f"{endpoint.method} {path} {content}"[:300])
            elif code < 300:
                # What was stored is shown, and does not stay for the next body.
                hubspot.snapshot()
                hubspot.tables()
                hubspot.reset(limits=False)
    return failed


@pytest.mark.parametrize("area", AREAS)
def test_no_body_is_an_error_of_the_sandbox(
    hubspot: HubSpot, area: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    endpoints = [one for one in readers() if key_of(one).startswith(f"{area}.") and body_of(one) is not None]
    assert asyncio.run(fuzz(hubspot, endpoints)) == []
