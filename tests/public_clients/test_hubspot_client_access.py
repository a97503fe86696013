"""HubSpot's own Python client: tokens, and campaigns by its raw requests."""

from __future__ import annotations

import pytest
from hubspot import Client
from hubspot.crm.contacts import ApiException as ContactsException
from hubspot.oauth import ApiException
from public_clients import hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

CAMPAIGNS = "/marketing/v3/campaigns"
REFRESH = {
    "grant_type": "refresh_token",
    "client_id": seed.OAUTH_CLIENT_ID,
    "client_secret": seed.OAUTH_CLIENT_SECRET,
    "refresh_token": seed.REFRESH_TOKEN,
}


def test_a_refreshed_token_gives_access_until_it_expires(box: Sandbox) -> None:
    # This client has no token yet.
    client = Client.create(host=box.hubspot.url)
    issued = client.oauth.tokens_api.create(**REFRESH)
    assert (issued.token_type, issued.expires_in) == ("bearer", 1800)
    about = client.oauth.access_tokens_api.get(issued.access_token)
    assert (about.hub_id, about.app_id, about.token_type) == (seed.PORTAL_ID, seed.OAUTH_APP_ID, "access")
    signed_in = hubspot_client(box, issued.access_token)
    assert len(signed_in.crm.contacts.get_all()) == 5
    box.clock.advance(1801)
    with pytest.raises(ContactsException) as expired:
        signed_in.crm.contacts.get_all()
    assert expired.value.status == 401


def test_an_authorization_code_is_exchanged_once(box: Sandbox) -> None:
    tokens = hubspot_client(box).oauth.tokens_api
    form = {
        **REFRESH,
        "grant_type": "authorization_code",
        "code": seed.AUTHORIZATION_CODE,
        "redirect_uri": "https://example.com/back",
    }
    assert tokens.create(**form).refresh_token == seed.REFRESH_TOKEN
    with pytest.raises(ApiException) as used:
        tokens.create(**form)
    assert used.value.status == 400


def test_a_refresh_token_is_valid_until_it_is_deleted(box: Sandbox) -> None:
    oauth = hubspot_client(box).oauth
    about = oauth.refresh_tokens_api.get(seed.REFRESH_TOKEN)
    assert (about.client_id, about.token_type) == (seed.OAUTH_CLIENT_ID, "refresh")
    oauth.refresh_tokens_api.archive(seed.REFRESH_TOKEN)
    for gone in (
        lambda: oauth.refresh_tokens_api.get(seed.REFRESH_TOKEN),
        lambda: oauth.tokens_api.create(**REFRESH),
    ):
        with pytest.raises(ApiException) as unknown:
            gone()
        assert unknown.value.status in (400, 404)


def test_campaigns_are_created_updated_and_archived_by_raw_requests(client: Client) -> None:
    # The client has no methods for campaigns, but one for raw requests.
    def call(method: str, tail: str, body: object = None, **query: str) -> tuple[int, object]:
        options = {"method": method, "path": f"{CAMPAIGNS}{tail}", "qs": query}
        reply = client.api_request(options if body is None else {**options, "body": body})
        return reply.status_code, reply.json() if reply.content else None

    inputs = {"inputs": [{"properties": {"hs_name": name}} for name in ("North", "South")]}
    status, created = call("POST", "/batch/create", inputs)
    assert (status, created["status"]) == (201, "COMPLETE")
    ids = {one["properties"]["hs_name"]: one["id"] for one in created["results"]}
    assert call("PATCH", f"/{ids['North']}", {"properties": {"hs_notes": "cold"}})[0] == 200
    fetched = call("GET", f"/{ids['North']}", properties="hs_name,hs_notes")[1]
    assert fetched["properties"] == {"hs_name": "North", "hs_notes": "cold"}
    assert call("PUT", f"/{ids['North']}/assets/MARKETING_EMAIL/{seed.PUBLISHED_EMAIL}")[0] == 204
    assets = call("GET", f"/{ids['North']}/assets/MARKETING_EMAIL")[1]
    assert [one["id"] for one in assets["results"]] == [seed.PUBLISHED_EMAIL]
    listed = call("GET", "", name="South", properties="hs_name")[1]
    assert [one["id"] for one in listed["results"]] == [ids["South"]]
    assert call("POST", "/batch/archive", {"inputs": [{"id": one} for one in ids.values()]})[0] == 204
    assert call("GET", f"/{ids['South']}")[0] == 404
