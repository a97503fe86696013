"""Start, stop, routing, control API and page."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Literal

import httpx
import pytest
from starlette.responses import Response
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.errors import MethodNotAllowed, UnknownPath
from airflow_provider_mkt.sandbox.server.routing import Router, Routes

ONE = f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}"


def test_starts_fast_and_can_be_used_several_times_in_one_process() -> None:
    urls, before = set(), set(threading.enumerate())
    for _ in range(3):
        began = time.process_time()
        with Sandbox(only="hubspot") as box:
            assert time.process_time() - began < 5
            assert httpx.get(box.hubspot.url + "/", verify=False).status_code == 200
            urls.add(box.hubspot.url)
        with pytest.raises(httpx.ConnectError):
            httpx.get(box.hubspot.url, verify=False)
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name == "mkt-sandbox"]


def test_listens_on_loopback_only_and_on_the_given_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Sandbox(only="hubspot", hubspot_port=port) as box:
        assert box.hubspot.url == f"http://127.0.0.1:{port}"
        with pytest.raises(OSError, match="in use"), Sandbox(only="hubspot", hubspot_port=port):
            pass


def test_stop_does_not_wait_for_slow_requests() -> None:
    with Sandbox(only="hubspot", latency=300) as box:
        thread = threading.Thread(target=_ignore_errors, args=(box.hubspot.url + ONE,))
        thread.start()
        until(lambda: box.hubspot.calls.all.in_flight == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 100
    thread.join()


def test_stop_leaves_no_socket_open_when_connections_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    left_open: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda left: left_open.append(repr(left.object)))
    for _ in range(2):
        over, connected = threading.Event(), threading.Event()
        with Sandbox(only="hubspot") as box:
            address = (httpx.URL(box.hubspot.url).host, httpx.URL(box.hubspot.url).port or 0)

            def connect(
                address: tuple[str, int] = address,
                over: threading.Event = over,
                connected: threading.Event = connected,
            ) -> None:
                while not over.is_set():
                    with contextlib.suppress(OSError):
                        socket.create_connection(address, timeout=60).close()
                        connected.set()

            threads = [threading.Thread(target=connect) for _ in range(2)]
            for thread in threads:
                thread.start()
            assert connected.wait(60)
        over.set()
        for thread in threads:
            thread.join()
    gc.collect()
    assert left_open == []


def _ignore_errors(url: str) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(url, headers={"Authorization": f"Bearer {seed.TOKEN}"}, timeout=60, verify=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_forever_ends_on_a_signal(number: int) -> None:
    code = (
        "from airflow_provider_mkt.sandbox import Sandbox\n"
        "box = Sandbox(only='hubspot').start()\n"
        "print(box.hubspot.url, flush=True)\n"
        "box.serve_forever()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert httpx.get(url + "/_sandbox/clock", verify=False).status_code == 200
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def test_unknown_path_is_404_and_wrong_method_is_405(api: httpx.Client) -> None:
    assert api.get("/nothing/here").status_code == 404
    reply = api.delete("/crm/v3/objects/contacts")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")


def test_trailing_slash_is_accepted(api: httpx.Client) -> None:
    assert api.get("/marketing/v3/campaigns/").status_code == 200
    assert api.get(ONE + "/").json()["id"] == seed.CONTACT_IDS[0]


def test_path_parameters_are_decoded_once_and_after_the_split(api: httpx.Client) -> None:
    email = "a+b@example.com"
    api.post("/crm/v3/objects/contacts", json={"properties": {"email": email, "external_id": "x/y%2Fz"}})
    found = api.get("/crm/v3/objects/contacts/a%2Bb%40example.com", params={"idProperty": "email"})
    assert found.json()["properties"]["email"] == email
    odd = api.get("/crm/v3/objects/contacts/x%2Fy%252Fz", params={"idProperty": "external_id"})
    assert odd.status_code == 200


def _router() -> Router:
    routes: Routes[object, object] = Routes("/v1", "/v2")  # type: ignore[type-var]
    for tail in (
        "/lead/{id}.json",
        "/lead/{id}",
        "/lead/batch",
        "/lead/{id}/list/{list}.json",
        "/{any}/batch",
    ):
        for verb in ("GET", "POST") if tail == "/lead/batch" else ("GET",):

            @routes.handle(verb, tail)
            async def handler(request: object) -> Response:
                return Response()

    return Router(routes)


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/v1/lead/7.json", "/v1/lead/{id}.json", {"id": "7"}),
        ("/v2/lead/7", "/v2/lead/{id}", {"id": "7"}),
        ("/v1/lead/a%2Fb.json/", "/v1/lead/{id}.json", {"id": "a/b"}),
        ("/v1/lead/batch", "/v1/lead/batch", {}),
        ("/v1/other/batch", "/v1/{any}/batch", {"any": "other"}),
        ("/v1/lead/1/list/2.json", "/v1/lead/{id}/list/{list}.json", {"id": "1", "list": "2"}),
    ],
)
def test_the_most_exact_route_wins(path: str, template: str, values: dict[str, str]) -> None:
    scope = {"type": "http", "method": "GET", "path": path}
    endpoint = _router().find(scope)
    assert (endpoint.template, scope["path_params"]) == (template, values)


def test_methods_of_all_matching_routes_are_allowed() -> None:
    with pytest.raises(MethodNotAllowed) as wrong:
        _router().find({"type": "http", "method": "PUT", "path": "/v1/lead/batch"})
    assert wrong.value.allowed == ["GET", "POST"]
    with pytest.raises(UnknownPath):
        _router().find({"type": "http", "method": "GET", "path": "/v1/lead"})


def test_clock_moves_forward_only() -> None:
    clock = Clock()
    before = clock.time()
    clock.advance(3600)
    assert 3600 <= clock.time() - before < 3700
    assert clock.now().tzinfo is not None
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_control_api_changes_everything_over_http(box: Sandbox, api: httpx.Client) -> None:
    began = box.clock.offset
    assert api.post("/_sandbox/clock", json={"advance": 60}).json()["offset"] == began + 60
    limits = api.post("/_sandbox/limits", json={"rate": 1, "seconds": 5, "latency": 0.01}).json()
    assert (limits["rate"], limits["latency"]) == ({"limit": 1, "seconds": 5.0}, 0.01)
    assert api.post("/_sandbox/faults", json={"path": "*", "answer": {"error": "DAILY"}}).status_code == 201
    assert api.get(ONE).json()["policyName"] == "DAILY"
    assert len(api.get("/_sandbox/faults").json()["fired"]) == 1
    assert api.get(ONE).json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert api.get("/_sandbox/calls").json()["all"]["byStatus"] == {"429": 2}
    assert api.post("/_sandbox/limits", json={"rate": None}).json()["rate"]["limit"] is None
    assert api.post("/_sandbox/settings", json={"search_lag": 0}).json()["search_lag"] == 0
    assert len(api.get("/_sandbox/state").json()["contacts"]) == 5
    api.delete(ONE)
    assert api.get(ONE).status_code == 404
    assert api.post("/_sandbox/reset").status_code == 204
    assert api.get(ONE).status_code == 200


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_a_reset_restores_limits_latency_and_clock_unless_they_are_kept(
    platform: Literal["hubspot", "marketo"],
) -> None:
    with (
        Sandbox(only=platform) as box,
        httpx.Client(base_url=box.platforms[platform].url, verify=False) as client,
    ):
        before = client.get("/_sandbox/limits").json()
        client.post(
            "/_sandbox/limits", json={"rate": 1, "seconds": 5, "daily": 7, "concurrency": 2, "latency": 0.01}
        )
        client.post("/_sandbox/clock", json={"advance": 86_400})
        changed = client.get("/_sandbox/limits").json()
        assert client.post("/_sandbox/reset", json={"limits": False, "clock": False}).status_code == 204
        assert client.get("/_sandbox/limits").json()["rate"] == changed["rate"]
        assert client.get("/_sandbox/clock").json()["offset"] == 86_400
        assert client.post("/_sandbox/reset").status_code == 204
        assert client.get("/_sandbox/limits").json() == before
        assert client.get("/_sandbox/clock").json()["offset"] == 0
        assert client.post("/_sandbox/reset", json={"everything": True}).status_code == 400


def test_requests_before_a_reset_of_the_clock_do_not_fill_the_window_after_it(
    box: Sandbox, api: httpx.Client
) -> None:
    box.hubspot.limits.rate.limit = 1
    box.clock.advance(3600)
    assert [api.get(ONE).status_code for _ in range(2)] == [200, 429]
    box.clock.reset()
    assert [api.get(ONE).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Host": "127.0.0.1@attacker.example"},
        {"Host": "[::1"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/_sandbox/reset", "/_sandbox/../_sandbox/state", "/"])
def test_control_api_and_page_are_closed_to_pages_of_other_sites(
    box: Sandbox, headers: dict[str, str], path: str
) -> None:
    box.clock.advance(60)
    method = "POST" if path.endswith("reset") else "GET"
    reply = httpx.request(method, box.hubspot.url + path, headers=headers, verify=False)
    assert (reply.status_code, bool(reply.json()["message"])) == (403, True)
    assert box.clock.offset >= 60


def test_control_api_is_open_to_its_own_page_and_to_other_names_of_loopback(box: Sandbox) -> None:
    port = box.hubspot.url.rpartition(":")[2]
    for headers in ({"Origin": box.hubspot.url}, {"Host": f"localhost:{port}"}, {"Host": f"[::1]:{port}"}):
        assert (
            httpx.get(box.hubspot.url + "/_sandbox/state", headers=headers, verify=False).status_code == 200
        )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_sandbox/nothing", None, 404),
        ("DELETE", "/_sandbox/clock", None, 405),
        ("POST", "/_sandbox/clock", "{bad", 400),
        ("POST", "/_sandbox/clock", '{"advance": -1}', 400),
        ("POST", "/_sandbox/limits", '{"speed": 1}', 400),
        ("POST", "/_sandbox/settings", '{"search_lag": "x"}', 400),
    ],
)
def test_control_api_reports_errors(
    api: httpx.Client, method: str, path: str, body: str | None, status: int
) -> None:
    reply = api.request(method, path, content=body)
    assert reply.status_code == status
    assert reply.json()["message"]


def test_control_api_counts_in_no_limit_and_needs_no_credentials(box: Sandbox) -> None:
    box.hubspot.limits.rate.limit = 0
    for _ in range(3):
        assert httpx.get(box.hubspot.url + "/_sandbox/limits", verify=False).status_code == 200
    assert box.hubspot.calls.total == 0


def test_page_shows_the_state_escaped_and_loads_nothing_external(api: httpx.Client) -> None:
    name = "<script>alert(1)</script>"
    api.post("/marketing/v3/campaigns", json={"properties": {"hs_name": name}})
    page = api.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;script&gt;alert(1)" in page.text
    assert name not in page.text
    assert "ada@example.com" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
