"""HubSpot credentials, scopes, OAuth, rate limit headers, error bodies and account endpoints."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

CONTACTS = "/crm/v3/objects/contacts"
REFRESH = {
    "grant_type": "refresh_token",
    "client_id": seed.OAUTH_CLIENT_ID,
    "client_secret": seed.OAUTH_CLIENT_SECRET,
    "refresh_token": seed.REFRESH_TOKEN,
}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": f"Basic {seed.TOKEN}"}])
def test_a_request_without_a_valid_token_is_401_and_counts_in_no_limit(
    box: Sandbox, headers: dict[str, str]
) -> None:
    reply = httpx.get(f"{box.hubspot.url}{CONTACTS}", headers=headers, verify=False)
    assert (reply.status_code, reply.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    assert box.hubspot.limits.daily.used == 0


def test_introspection_includes_the_content_of_an_access_token(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    issued = api.post(f"{paths['oauth']}/token", data=REFRESH).json()
    client = {name: REFRESH[name] for name in ("client_id", "client_secret")}
    known, refresh = (
        api.post(f"{paths['oauth']}/token/introspect", data={**client, "token": issued[name]}).json()
        for name in ("access_token", "refresh_token")
    )
    signed = known["signed_access_token"]
    assert (signed["hubId"], signed["appId"]) == (known["hub_id"], known["app_id"])
    assert signed["scopes"].split() == known["scopes"]
    assert issued["access_token"] not in str(signed)
    assert "signed_access_token" not in refresh


def test_a_token_in_the_query_is_not_accepted(box: Sandbox) -> None:
    reply = httpx.get(f"{box.hubspot.url}{CONTACTS}", params={"access_token": seed.TOKEN}, verify=False)
    assert reply.status_code == 401


def test_a_missing_scope_is_403_and_names_the_scope(box: Sandbox) -> None:
    with httpx.Client(base_url=box.hubspot.url, headers=bearer(seed.READ_ONLY_TOKEN), verify=False) as reader:
        assert reader.get(CONTACTS).status_code == 200
        refused = reader.post(CONTACTS, json={"properties": {"email": "x@example.com"}})
        assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
        context = refused.json()["errors"][0]["context"]
        assert context == {"requiredGranularScopes": ["crm.objects.contacts.write"]}
        assert reader.post("/marketing/v3/emails", json={"name": "x"}).status_code == 403
        assert reader.post(f"/marketing/v3/emails/{seed.NEWSLETTER_EMAIL}/publish").status_code == 403
    assert box.hubspot.state.emails.get(seed.NEWSLETTER_EMAIL).sends == []


def test_access_tokens_expire_after_1800_seconds(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    issued = api.post(f"{paths['oauth']}/token", data=REFRESH).json()
    assert (issued["expires_in"], issued["refresh_token"]) == (1800, seed.REFRESH_TOKEN)
    headers = bearer(issued["access_token"])
    box.clock.advance(1790)
    assert api.get(CONTACTS, headers=headers).status_code == 200
    box.clock.advance(11)
    late = api.get(CONTACTS, headers=headers)
    assert (late.status_code, late.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    again = api.post(f"{paths['oauth']}/token", data=REFRESH).json()
    assert api.get(CONTACTS, headers=bearer(again["access_token"])).status_code == 200


def test_a_revoked_refresh_token_has_the_oauth_error_format(api: httpx.Client) -> None:
    reply = api.post("/oauth/v3/token", data=REFRESH | {"refresh_token": seed.REVOKED_REFRESH_TOKEN})
    assert reply.status_code == 400
    assert reply.json()["status"] == "BAD_REFRESH_TOKEN"
    assert set(reply.json()) == {
        "error",
        "error_description",
        "status",
        "message",
        "correlationId",
        "category",
    }


def test_an_authorization_code_works_once(api: httpx.Client) -> None:
    exchange = {**REFRESH, "grant_type": "authorization_code", "code": seed.AUTHORIZATION_CODE}
    assert api.post("/oauth/v1/token", data=exchange).status_code == 200
    assert api.post("/oauth/v1/token", data=exchange).json()["status"] == "BAD_AUTH_CODE"


def test_wrong_client_credentials_and_json_bodies_are_rejected(api: httpx.Client) -> None:
    wrong = api.post("/oauth/v3/token", data=REFRESH | {"client_secret": "nope"})
    assert wrong.json()["status"] == "BAD_CLIENT_SECRET"
    assert api.post("/oauth/v3/token", json=REFRESH).status_code == 415


def test_introspection_has_the_remaining_seconds(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    token = api.post(f"{paths['oauth']}/token", data=REFRESH).json()["access_token"]
    box.clock.advance(800)
    about = api.post(f"{paths['oauth']}/token/introspect", data={**REFRESH, "token": token}).json()
    assert about["active"] is True
    assert 990 <= about["expires_in"] <= 1000
    assert about["hub_id"] == seed.PORTAL_ID
    box.clock.advance(1001)
    about = api.post(f"{paths['oauth']}/token/introspect", data={**REFRESH, "token": token}).json()
    assert about["active"] is False


def test_rate_headers_have_the_remaining_requests(box: Sandbox, api: httpx.Client) -> None:
    headers = api.get(CONTACTS).headers
    assert headers["x-hubspot-ratelimit-max"] == "190"
    assert headers["x-hubspot-ratelimit-remaining"] == "189"
    assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert headers["x-hubspot-ratelimit-daily"] == "625000"
    assert headers["x-hubspot-ratelimit-daily-remaining"] == "624999"


def test_an_oauth_app_has_its_own_limit_of_110_and_no_daily_headers(api: httpx.Client) -> None:
    token = api.post("/oauth/v3/token", data=REFRESH).json()["access_token"]
    for _ in range(5):
        api.get(CONTACTS)
    headers = api.get(CONTACTS, headers=bearer(token)).headers
    assert headers["x-hubspot-ratelimit-max"] == "110"
    assert headers["x-hubspot-ratelimit-remaining"] == "109"
    assert "x-hubspot-ratelimit-daily" not in headers


def test_search_is_limited_to_5_per_second_and_has_no_rate_headers(api: httpx.Client) -> None:
    replies = [api.post(f"{CONTACTS}/search", json={}) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert replies[-1].json()["policyName"] == "SECONDLY"
    for reply in replies:
        assert not [name for name in reply.headers if "ratelimit" in name]


def test_search_and_publish_do_not_count_in_the_ten_second_window(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.limits.rate.limit = 1
    assert api.get(CONTACTS).status_code == 200
    assert api.get(CONTACTS).status_code == 429
    assert api.post(f"{CONTACTS}/search", json={}).status_code == 200
    assert api.post(f"/marketing/v3/emails/{seed.AUTOMATED_EMAIL}/publish").status_code == 204
    assert api.post(f"/marketing/v3/emails/{seed.AUTOMATED_EMAIL}/unpublish").status_code == 204


@pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"])
def test_429_names_its_policy_and_has_no_retry_after(box: Sandbox, api: httpx.Client, policy: str) -> None:
    box.hubspot.faults.add("*", answer={"error": policy})
    reply = api.get(CONTACTS)
    body = reply.json()
    assert (reply.status_code, body["policyName"], body["errorType"]) == (429, policy, "RATE_LIMIT")
    assert body["category"] == "RATE_LIMITS"
    assert "retry-after" not in reply.headers


def test_477_carries_retry_after_and_gateway_errors_are_html(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.faults.add("*", answer={"error": "477"})
    box.hubspot.faults.add("*", answer={"error": "504"})
    assert int(api.get(CONTACTS).headers["retry-after"]) > 0
    assert api.get(CONTACTS).headers["content-type"].startswith("text/html")


def test_every_error_carries_a_correlation_id(api: httpx.Client) -> None:
    ids = {uuid.UUID(api.get(f"{CONTACTS}/0").json()["correlationId"]) for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", CONTACTS, 400),
        ("GET", f"{CONTACTS}/0", 404),
        ("GET", "/crm/v3/nothing", 404),
        ("PUT", CONTACTS, 405),
        ("GET", f"{CONTACTS}?properties={'x' * 9000}", 414),
        ("POST", "/oauth/v3/token", 400),
        ("GET", "/marketing/v3/campaigns", 401),
    ],
    ids=lambda value: str(value)[:30],
)
def test_every_error_has_all_required_fields(
    box: Sandbox, api: httpx.Client, method: str, path: str, status: int
) -> None:
    headers = bearer("wrong") if status == 401 else {}
    if path.startswith("/oauth"):
        reply = api.request(method, path, data=REFRESH | {"refresh_token": "gone"}, headers=headers)
    else:
        reply = api.request(method, path, json={"properties": []}, headers=headers)
    assert reply.status_code == status
    for name in ("category", "message"):
        assert isinstance(reply.json()[name], str)
        assert reply.json()[name]
    uuid.UUID(reply.json()["correlationId"])


def test_invalid_json_is_located_in_the_error(api: httpx.Client) -> None:
    reply = api.post(
        CONTACTS, content='{"properties": {\n oops', headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 400
    assert reply.json()["message"].startswith("Invalid input JSON on line 2, column 2")
    missing = api.post(f"{CONTACTS}/batch/read", json={"properties": []}).json()["message"]
    assert "some of required attributes are not set [inputs]" in missing


def test_a_body_with_another_content_type_is_415(api: httpx.Client) -> None:
    reply = api.post(CONTACTS, content=b'{"properties": {}}', headers={"Content-Type": "text/plain"})
    assert (reply.status_code, reply.json()["category"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_account_endpoints_return_the_portal_and_daily_usage(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    details = api.get(f"{paths['account']}/details").json()
    assert (details["portalId"], details["timeZone"]) == (seed.PORTAL_ID, seed.TIME_ZONE)
    assert details["utcOffset"] in ("-05:00", "-04:00")
    (usage,) = api.get(f"{paths['account']}/api-usage/daily/private-apps").json()["results"]
    assert (usage["name"], usage["usageLimit"]) == ("private-apps-api-calls-daily", 625_000)
    assert usage["currentUsage"] == 2
    assert usage["fetchStatus"] == "SUCCESS"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{CONTACTS}/batch/read", {"inputs": "x"}),
        (f"{CONTACTS}/batch/read", {"inputs": [{"id": "1"}], "properties": 1}),
        (f"{CONTACTS}/batch/upsert", {"inputs": [{"id": "1", "idProperty": ["email"], "properties": {}}]}),
        (f"{CONTACTS}/batch/create", {"inputs": [{"properties": {}, "objectWriteTraceId": {}}]}),
        (f"{CONTACTS}/search", {"filterGroups": [{"filters": 1}]}),
        (f"{CONTACTS}/search", {"filterGroups": [{"filters": [{"propertyName": [], "operator": "EQ"}]}]}),
        ("/marketing/v3/emails", {"name": "x", "to": {"contactIds": {"include": 1}}}),
        ("/marketing/v3/emails/clone", {"id": [1]}),
        ("/marketing/v3/campaigns", []),
        ("/marketing/v3/campaigns", None),
    ],
)
def test_a_body_with_wrong_types_is_400_and_never_500(api: httpx.Client, path: str, body: object) -> None:
    reply = api.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
