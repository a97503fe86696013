"""Tokens, permissions, limits and the envelope."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from marketo_tools import Api, code, sign_in

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": seed.CLIENT_ID,
    "client_secret": seed.CLIENT_SECRET,
}


def test_every_request_returns_the_same_token_with_its_remaining_time(api: Api) -> None:
    by_query = api.client.get("/identity/oauth/token", params=CREDENTIALS).json()
    api.advance(10)
    by_form = api.client.post("/identity/oauth/token", data=CREDENTIALS).json()
    by_post_query = api.client.post("/identity/oauth/token", params=CREDENTIALS).json()
    assert by_query["access_token"] == by_form["access_token"] == by_post_query["access_token"]
    assert by_form["expires_in"] <= by_query["expires_in"] - 10
    assert by_query["token_type"] == "bearer"
    assert len(by_query["access_token"].split(":")[0]) == 36


def test_wrong_credentials_are_http_401_with_the_oauth_error(api: Api) -> None:
    wrong = api.client.get("/identity/oauth/token", params=CREDENTIALS | {"client_secret": "x"})
    unknown = api.client.get("/identity/oauth/token", params=CREDENTIALS | {"client_id": "x"})
    assert (wrong.status_code, wrong.json()["error_description"]) == (401, "Bad client credentials")
    assert (unknown.status_code, unknown.json()["error"]) == (401, "unauthorized")


def test_an_expired_token_is_602_once_and_601_from_then_on(api: Api) -> None:
    api.advance(3601)
    assert code(api.get("/v1/lead/1001.json")) == "602"
    assert code(api.get("/v1/lead/1001.json")) == "601"
    assert sign_in(api.sandbox).get("/rest/v1/lead/1001.json").json()["success"]


def test_the_lifetime_of_tokens_can_be_set(api: Api) -> None:
    api.advance(4000)
    api.client.post("/_sandbox/settings", json={"token_seconds": 5})
    try:
        token = api.client.get("/identity/oauth/token", params=CREDENTIALS).json()
    finally:
        api.sandbox.marketo.settings.token_seconds = 3600
        api.advance(6)
    assert token["expires_in"] <= 5


def test_a_token_in_the_query_is_rejected_unless_allowed(api: Api) -> None:
    token = api.client.headers.pop("Authorization").removeprefix("Bearer ")
    assert code(api.get("/v1/lead/1001.json")) == "603"
    assert code(api.get("/v1/lead/1001.json", access_token=token)) == "603"
    api.sandbox.marketo.settings.query_tokens = True
    try:
        assert api.get("/v1/lead/1001.json", access_token=token)["success"]
    finally:
        api.sandbox.marketo.settings.query_tokens = False


def test_an_unknown_token_is_601(api: Api) -> None:
    api.client.headers["Authorization"] = "Bearer nobody"
    assert code(api.get("/v1/lead/1001.json")) == "601"


def test_the_missing_permission_of_a_user_is_named(api: Api) -> None:
    reader = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    assert reader.get("/rest/v1/lead/1001.json").json()["success"]
    refused = reader.post("/rest/v1/leads.json", json={"input": [{"email": "x@example.com"}]}).json()
    assert code(refused) == "603"
    assert "Read-Write Lead" in refused["errors"][0]["message"]


def test_leads_of_another_partition_do_not_exist_for_a_user_without_access(api: Api) -> None:
    reader = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    assert code(reader.get(f"/rest/v1/lead/{seed.ELIF}.json").json()) == "1004"
    assert api.get(f"/v1/lead/{seed.ELIF}.json")["success"]


def test_the_101st_request_in_20_seconds_is_606_and_the_window_slides(api: Api) -> None:
    for _ in range(100):
        assert api.get("/v1/leads/partitions.json")["success"]
    refused = api.get("/v1/leads/partitions.json")
    assert refused["errors"] == [
        {"code": "606", "message": "Max rate limit '100' exceeded with in '20' secs"}
    ]
    api.advance(20)
    assert api.get("/v1/leads/partitions.json")["success"]


def test_the_daily_quota_is_607_until_midnight_in_us_central_time(api: Api) -> None:
    daily = api.sandbox.marketo.limits.daily
    daily.used = daily.limit or 0
    assert code(api.get("/v1/leads/partitions.json")) == "607"
    now = api.sandbox.clock.time()
    api.advance(daily.resets_at(now).timestamp() - now + 1)
    fresh = Api(api.sandbox)
    assert fresh.get("/v1/leads/partitions.json")["success"]


def test_rejected_tokens_do_not_count_in_the_quota(api: Api) -> None:
    before = api.sandbox.marketo.limits.daily.used
    api.client.headers["Authorization"] = "Bearer nobody"
    api.get("/v1/leads/partitions.json")
    assert api.sandbox.marketo.limits.daily.used == before


@pytest.mark.parametrize("named", ["601", "604", "608", "611"])
def test_faults_with_a_code_that_does_not_count_use_no_quota(api: Api, named: str) -> None:
    limits = api.sandbox.marketo.limits
    api.sandbox.marketo.faults.add("/rest/v1/*", answer={"code": named})
    assert code(api.get("/v1/leads/partitions.json")) == named
    assert (limits.daily.used, limits.rate.used("", api.sandbox.clock.time())) == (0, 0)


@pytest.mark.parametrize("named", ["606", "615", "607", "713", "1029"])
def test_a_fault_by_code_is_http_200_without_success(api: Api, named: str) -> None:
    api.sandbox.marketo.faults.add("/rest/v1/*", answer={"code": named})
    answer = api.client.get("/rest/v1/leads/partitions.json")
    assert answer.status_code == 200
    assert code(answer.json()) == named


def test_a_fault_after_the_endpoint_keeps_its_effect(api: Api) -> None:
    api.sandbox.marketo.faults.add("/rest/v1/leads.json", when="after", answer={"code": "611"})
    body = {"input": [{"email": "late@example.com"}]}
    assert code(api.post("/v1/leads.json", body)) == "611"
    assert api.get("/v1/leads.json", filterType="email", filterValues="late@example.com")["result"]


def test_wrong_paths_methods_bodies_and_content_types_have_their_codes(api: Api) -> None:
    assert code(api.get("/v1/nothing.json")) == "610"
    assert code(api.client.put("/rest/v1/leads.json").json()) == "605"
    json_type = {"content-type": "application/json"}
    assert code(api.client.post("/rest/v1/leads.json", content="{", headers=json_type).json()) == "609"
    assert code(api.client.post("/rest/v1/leads.json", data={"input": "[]"}).json()) == "612"
    assert code(api.client.post("/rest/asset/v1/programs.json", json={"name": "x"}).json()) == "612"


def test_too_long_bodies_and_uris_have_an_http_status(api: Api) -> None:
    big = {"input": [{"email": "x@example.com", "address": "x" * 1_000_000}]}
    assert api.client.post("/rest/v1/leads.json", json=big).status_code == 413
    long = {"filterType": "email", "filterValues": "x" * 8_200}
    assert api.client.get("/rest/v1/leads.json", params=long).status_code == 414
    asset = api.client.get("/rest/asset/v1/program/byName.json", params={"name": "x" * 8_200})
    assert asset.status_code == 200


def test_the_method_override_is_for_the_lead_database_only(api: Api) -> None:
    assert code(api.form("/asset/v1/channel/byName.json?_method=GET", name="Nurture")) == "605"


def test_request_ids_are_hex_with_the_time_in_milliseconds(api: Api) -> None:
    before = api.sandbox.clock.time()
    first, second = api.get("/v1/leads/partitions.json")["requestId"].split("#")
    assert int(first, 16)
    assert before - 1 <= int(second, 16) / 1000 <= api.sandbox.clock.time() + 1


def test_usage_counts_calls_per_user_and_errors_per_code(api: Api) -> None:
    api.get("/v1/leads/partitions.json")
    api.get("/v1/lead/999.json")
    today = api.get("/v1/stats/usage.json")["result"]
    assert today[0]["users"] == [{"userId": "airflow@example.com", "count": 3}]
    week = api.get("/v1/stats/usage/last7days.json")["result"]
    assert len(week) == 7
    assert api.get("/v1/stats/errors.json")["result"][0]["errors"] == [{"errorCode": "1004", "count": 1}]
