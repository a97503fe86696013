"""OAuth tokens, by the client over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hubspot_runs import _boundless

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    AuthenticationError,
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
)
from airflow_provider_mkt.client.hubspot.account import account_info, oauth
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
from airflow_provider_mkt.client.transport.exchange import RetryPolicy, Session, TokenCell, exchange
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

WAYS = [(profile, way) for profile in PROFILES for way in ("sync", "async")]


class App:
    """The connection of the app itself."""

    def __init__(self, box: Sandbox, profile: str, way: str) -> None:
        account = HubSpotAccount(
            base_url=box.hubspot.url,
            api_version=profile,  # type: ignore[arg-type]
            client_id=seed.OAUTH_CLIENT_ID,
            client_secret=seed.OAUTH_CLIENT_SECRET,  # type: ignore[arg-type]
            refresh_token=seed.REFRESH_TOKEN,  # type: ignore[arg-type]
        )
        self.session = Session(HubSpot(account), policy=RetryPolicy(base=0.01, cap=0.01), tokens=TokenCell())
        self.way = way

    def __call__(self, call: Call[Any]) -> Any:
        if self.way == "sync":
            with SyncDriver(_boundless()) as driver:
                return driver.pump(exchange(call, self.session)).value

        async def run() -> Any:
            async with AsyncDriver(_boundless()) as driver:
                return (await driver.pump(exchange(call, self.session))).value

        return asyncio.run(run())


@pytest.fixture(params=WAYS, ids="-".join)
def run(box: Sandbox, request: pytest.FixtureRequest) -> App:
    return App(box, *request.param)


def test_a_code_works_once_and_its_tokens_can_be_introspected(run: App) -> None:
    exchanged = oauth.exchange_code(seed.AUTHORIZATION_CODE, "https://example.com/back", code_verifier="v")
    tokens = run(exchanged)
    assert tokens.refresh_token is not None
    assert (tokens.hub_id, tokens.refresh_token.get_secret_value()) == (seed.PORTAL_ID, seed.REFRESH_TOKEN)
    assert tokens.access_token.get_secret_value() not in repr(tokens)
    with pytest.raises(InvalidRequest):
        run(exchanged)
    known = run(oauth.introspect(tokens.access_token.get_secret_value()))
    assert (known.active, known.token_use, known.hub_id) == (True, "access_token", seed.PORTAL_ID)
    assert 0 < known.expires_in <= 1800


def test_a_code_is_not_sent_again_after_a_lost_response(box: Sandbox) -> None:
    run = App(box, "v3", "sync")
    run(account_info.details())
    box.hubspot.faults.add("/oauth/v3/token", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        run(oauth.exchange_code(seed.AUTHORIZATION_CODE, "https://example.com/back"))


def test_a_refreshed_token_is_valid_and_a_revoked_one_is_not(run: App) -> None:
    value = run(oauth.refresh(seed.REFRESH_TOKEN)).access_token.get_secret_value()
    assert run(oauth.introspect(seed.REFRESH_TOKEN, token_type_hint="refresh_token")).expires_in is None
    run(oauth.revoke(value))
    run(oauth.revoke(value))
    with pytest.raises(InvalidRequest):
        run(oauth.introspect(value))
    with pytest.raises(InvalidRequest):
        run(oauth.refresh(seed.REVOKED_REFRESH_TOKEN))
    run(oauth.revoke(seed.REFRESH_TOKEN, token_type_hint="refresh_token"))
    run.session.cell.__init__()  # type: ignore[misc]
    with pytest.raises(AuthenticationError):
        run(account_info.details())


def test_a_connection_without_client_credentials_cannot_use_them(box: Sandbox) -> None:
    account = HubSpotAccount(base_url=box.hubspot.url, access_token=seed.TOKEN)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refusal:
        HubSpot(account).build(oauth.introspect("some-token"), "t")
    assert refusal.value.field == "client_id"
