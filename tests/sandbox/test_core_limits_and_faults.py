"""Limits, faults, latency, clock and the call log, over HTTP."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

CONTACTS = "/crm/v3/objects/contacts"
ONE = f"{CONTACTS}/{seed.CONTACT_IDS[0]}"


def test_rate_window_slides_with_the_clock(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.limits.rate.limit = 3
    assert [api.get(ONE).status_code for _ in range(4)] == [200, 200, 200, 429]
    box.clock.advance(10)
    assert api.get(ONE).status_code == 200
    assert box.hubspot.limits.refused == {"rate": 1}
    assert box.hubspot.calls.of("GET", f"{CONTACTS}/{{contactId}}").refused_for_rate == 1


def test_a_rejected_request_does_not_lengthen_the_wait(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.limits.rate.limit = 1
    api.get(ONE)
    box.clock.advance(6)
    assert api.get(ONE).status_code == 429
    box.clock.advance(5)
    assert api.get(ONE).status_code == 200


def test_limit_none_is_off(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.limits.rate.limit = None
    assert {api.get(ONE).status_code for _ in range(250)} == {200}


def test_daily_quota_resets_at_midnight_of_the_account(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.limits.daily.limit = 1
    assert api.get(ONE).status_code == 200
    refused = api.get(ONE)
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    resets = box.hubspot.limits.daily.resets_at(box.clock.time())
    box.clock.advance((resets - box.clock.now()).total_seconds() + 1)
    assert api.get(ONE).status_code == 200


def test_concurrency_over_the_limit_is_rejected_and_the_peak_is_recorded(
    box: Sandbox, api: httpx.Client
) -> None:
    box.hubspot.limits.concurrency.limit = 2
    box.hubspot.latency = 1.5
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(reply.status_code for reply in pool.map(api.get, [ONE] * 4))
    assert codes == [200, 200, 429, 429]
    assert box.hubspot.limits.concurrency.peak == 2
    assert box.hubspot.calls.all.refused_for_concurrency == 2


def test_latency_is_the_minimum_duration_of_a_request(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.latency = 0.15
    began = time.monotonic()
    api.get(ONE)
    api.get(f"{CONTACTS}/unknown")
    assert time.monotonic() - began >= 0.3


def test_fault_before_the_endpoint_prevents_its_effect(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.faults.add(CONTACTS, method="POST", answer={"status": 502, "body": "bad gateway"})
    body = {"properties": {"email": "new@example.com"}}
    reply = api.post(CONTACTS, json=body)
    assert (reply.status_code, reply.text) == (502, "bad gateway")
    assert len(box.hubspot.state.contacts) == 5
    assert api.post(CONTACTS, json=body).status_code == 201


@pytest.mark.parametrize("answer", [{"reset": True}, {"error": "524"}, {"status": 500}])
def test_fault_after_the_endpoint_only_loses_the_response(
    box: Sandbox, api: httpx.Client, answer: dict[str, object]
) -> None:
    box.hubspot.faults.add(CONTACTS, method="POST", when="after", answer=answer)
    body = {"properties": {"email": "new@example.com"}}
    if "reset" in answer:
        with pytest.raises(httpx.NetworkError):
            api.post(CONTACTS, json=body)
    else:
        assert api.post(CONTACTS, json=body).status_code >= 500
    assert len(box.hubspot.state.contacts) == 6
    assert api.post(CONTACTS, json=body).status_code == 409
    assert [hit.when for hit in box.hubspot.faults.fired] == ["after"]


def test_reset_before_the_endpoint_prevents_its_effect_and_is_counted(
    box: Sandbox, api: httpx.Client
) -> None:
    box.hubspot.faults.add("*", answer={"reset": True})
    with pytest.raises(httpx.NetworkError):
        api.post(CONTACTS, json={"properties": {"email": "new@example.com"}})
    assert len(box.hubspot.state.contacts) == 5
    assert box.hubspot.calls.of("POST", CONTACTS).by_status == {0: 1}
    assert api.get(ONE).status_code == 200


def test_fault_skips_requests_and_then_applies_as_often_as_configured(
    box: Sandbox, api: httpx.Client
) -> None:
    box.hubspot.faults.add("/crm/*", answer={"error": "423"}, skip=1, times=2)
    assert [api.get(ONE).status_code for _ in range(4)] == [200, 423, 423, 200]


def test_fault_with_only_a_delay_slows_the_request_down(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.faults.add("*", delay=0.2)
    began = time.monotonic()
    assert api.get(ONE).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_fault_applies_to_paths_without_an_endpoint(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.faults.add("/marketing/v9/*", answer={"error": "503"})
    assert api.get("/marketing/v9/things").status_code == 503
    assert api.get("/marketing/v9/things").status_code == 404


@pytest.mark.parametrize(
    "fault",
    [
        {"answer": {"error": "NO_SUCH_ERROR"}},
        {"answer": {"status": 500, "reset": True}},
        {"answer": {"status": 9}},
        {"answer": {"status": "soon"}},
        {},
        {"answer": {"status": 500}, "unknown": 1},
    ],
)
def test_an_invalid_fault_is_rejected(box: Sandbox, api: httpx.Client, fault: dict[str, object]) -> None:
    assert api.post("/_sandbox/faults", json=fault).status_code == 400
    assert box.hubspot.faults.waiting == []


def test_counters_have_the_peak_of_requests_in_flight(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.latency = 1.5
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(api.get, [ONE] * 3))
    counter = box.hubspot.calls.of("GET", f"{CONTACTS}/{{contactId}}")
    assert (counter.total, counter.peak_in_flight, counter.in_flight) == (3, 3, 0)
    assert counter.by_status == {200: 3}
    assert counter.first is not None
    assert counter.last is not None
    assert counter.first <= counter.last


def test_call_log_neither_grows_with_ids_nor_contains_secrets(box: Sandbox, api: httpx.Client) -> None:
    for number in range(30):
        api.get(f"{CONTACTS}/{number}")
    guid, lead = seed.WELCOME_NURTURE, seed.LEAD_GUIDS[0]
    api.post(f"/nurture/v1/campaign/{guid}/add?access_token={seed.TOKEN}", content=lead, headers=_TEXT)
    assert len(box.hubspot.calls.routes) == 2
    assert seed.TOKEN not in api.get("/_sandbox/calls").text
    assert seed.TOKEN not in api.get("/_sandbox/state").text
    assert seed.TOKEN not in api.get("/").text


_TEXT = {"Content-Type": "text/plain"}


def test_two_simultaneous_upserts_can_both_search_before_either_inserts(
    box: Sandbox, api: httpx.Client
) -> None:
    box.hubspot.latency = 1.5
    body = {"inputs": [{"idProperty": "email", "id": "race@example.com", "properties": {}}]}
    barrier = threading.Barrier(2)

    def upsert(_: int) -> int:
        barrier.wait()
        return api.post(f"{CONTACTS}/batch/upsert", json=body).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(upsert, range(2))) == [200, 409]
    assert len(box.hubspot.state.contacts) == 6


def test_a_response_can_be_truncated(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.faults.add(ONE, when="after", answer={"cut": 10})
    arrived: list[bytes] = []
    with api.stream("GET", ONE) as reply, pytest.raises(httpx.RemoteProtocolError):
        arrived.extend(reply.iter_raw())
    assert (reply.status_code, b"".join(arrived)) == (200, api.get(ONE).content[:10])
    with pytest.raises(ValueError, match="only after the work"):
        box.hubspot.faults.add(ONE, answer={"cut": 10})
