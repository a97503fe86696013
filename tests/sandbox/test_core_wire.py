"""Valid and invalid HTTP over a socket: each platform responds in its own format, and never fails."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from marketo_tools import sign_in

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed

CONTACTS, LEADS = "/crm/v3/objects/contacts", "/rest/v1/leads.json"
JSON = "Content-Type: application/json\r\n"
NEW = b'{"properties":{"email":"new@example.com"},"input":[{"email":"new@example.com"}]}'


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


class Wire:
    """Raw requests to one platform."""

    def __init__(self, url: str, token: str, read: str, write: str) -> None:
        self.address = ("127.0.0.1", int(url.rpartition(":")[2]))
        self.token = token
        self.read = read
        self.write = write

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=60)

    def head(self, line: str, headers: str = "", version: str = "1.1") -> bytes:
        text = f"{line} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n{headers}\r\n"
        return text.encode()

    def whole(self, line: str, headers: str = "", body: bytes = b"", version: str = "1.1") -> bytes:
        """Return everything that is received until the connection closes."""
        with self.connect() as wire:
            wire.sendall(self.head(line, f"{headers}Connection: close\r\n", version) + body)
            return _until_closed(wire)

    def posted(self, body: bytes, headers: str = JSON) -> tuple[int, bytes]:
        answer = self.whole(f"POST {self.write}", f"{headers}Content-Length: {len(body)}\r\n", body)
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def _until_closed(wire: socket.socket) -> bytes:
    parts = []
    while part := wire.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(params=["hubspot", "marketo"])
def wire(request: pytest.FixtureRequest, running: Sandbox) -> Wire:
    running.hubspot.reset()
    running.marketo.reset()
    if request.param == "hubspot":
        one = f"{CONTACTS}/{hubspot_seed.CONTACT_IDS[0]}"
        return Wire(running.hubspot.url, hubspot_seed.TOKEN, one, CONTACTS)
    token = sign_in(running).headers["Authorization"].removeprefix("Bearer ")
    return Wire(running.marketo.url, token, f"/rest/v1/lead/{marketo_seed.ANNA}.json", LEADS)


@pytest.mark.parametrize(
    "body",
    [
        b"{bad",
        b"",
        b'{"properties":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"properties":{"numemployees":' + b"9" * 5_000 + b'},"input":[]}',
        b'{"properties":{"followercount":NaN},"input":[{"annualRevenue":NaN}]}',
        b'{"properties":{"followercount":-Infinity},"input":[{"annualRevenue":-Infinity}]}',
        b'{"properties":{"email":"\xff\xfe"},"input":[{"email":"\xff\xfe"}]}',
    ],
    ids=["cut", "empty", "deep", "long number", "NaN", "Infinity", "no UTF-8"],
)
def test_invalid_json_is_rejected_in_the_platforms_format(wire: Wire, body: bytes) -> None:
    status, answer = wire.posted(body)
    returned = json.loads(answer)
    if wire.write == LEADS:
        assert (status, returned["errors"][0]["code"]) == (200, "609")
    else:
        assert (status, returned["category"]) == (400, "VALIDATION_ERROR")
        assert returned["message"].startswith("Invalid input JSON on line 1")


def test_chunked_bodies_are_accepted(wire: Wire) -> None:
    parts = [NEW[at : at + 9] for at in range(0, len(NEW), 9)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    answer = wire.whole(f"POST {wire.write}", f"{JSON}Transfer-Encoding: chunked\r\n", chunks)
    assert answer.split()[1] in (b"200", b"201")
    assert b"90001000006" in answer or b'"created"' in answer


def test_expect_100_continue_is_answered(wire: Wire) -> None:
    headers = f"{JSON}Expect: 100-continue\r\nContent-Length: {len(NEW)}\r\nConnection: close\r\n"
    with wire.connect() as link:
        link.sendall(wire.head(f"POST {wire.write}", headers))
        assert link.recv(65_536).startswith(b"HTTP/1.1 100 ")
        link.sendall(NEW)
        assert _until_closed(link).split()[1] in (b"200", b"201")


def test_http_1_0_is_answered_and_closed(wire: Wire) -> None:
    with wire.connect() as link:
        link.sendall(wire.head(f"GET {wire.read}", version="1.0"))
        assert _until_closed(link).split()[1] == b"200"


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    with wire.connect() as link:
        link.sendall(wire.head(f"GET {wire.read}") * 3 + wire.head("GET /nothing", "Connection: close\r\n"))
        answers = _until_closed(link)
    assert answers.count(b"HTTP/1.1 ") == 4
    assert answers.count(b"example.com") >= 3


def test_head_has_no_body_and_keeps_the_connection_usable(wire: Wire) -> None:
    with wire.connect() as link:
        link.sendall(wire.head(f"HEAD {wire.read}") + wire.head(f"GET {wire.read}", "Connection: close\r\n"))
        answers = _until_closed(link)
    first, _, second = answers.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    assert second.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_disconnects_within_a_request_does_no_harm(wire: Wire) -> None:
    with wire.connect() as link:
        link.sendall(wire.head(f"POST {wire.write}", f"{JSON}Content-Length: 100\r\n") + b'{"prop')
        time.sleep(0.05)
    assert wire.whole(f"GET {wire.read}").split()[1] == b"200"


@pytest.mark.parametrize("path", ["/%zz?x=%zz", "/%ff%fe", "/%00", "/..;/x", "/%2e%2e/x", "/" + "a/" * 2_000])
def test_odd_paths_are_not_found(wire: Wire, path: str) -> None:
    answer = wire.whole(f"GET {path}")
    returned = json.loads(answer.partition(b"\r\n\r\n")[2])
    if wire.write == LEADS:
        assert returned["errors"][0]["code"] == "610"
    else:
        assert (answer.split()[1], returned["category"]) == (b"404", "OBJECT_NOT_FOUND")


def test_a_huge_cursor_and_a_lone_surrogate_are_handled(running: Sandbox) -> None:
    hubspot = Wire(running.hubspot.url, hubspot_seed.TOKEN, "", "")
    assert hubspot.whole(f"GET {CONTACTS}?after={'9' * 20}").split()[1] == b"400"
    hubspot.write = "/communication-preferences/v4/links/generate?channel=EMAIL"
    assert hubspot.posted(b'{"subscriberIdString":"ada@example.com","language":"\\ud800"}')[0] == 200
