"""The credentials of a new account: two private apps and an OAuth app."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import ALL_SCOPES, OAuthApp, Token
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState


def fill(state: HubSpotState) -> None:
    """Add the tokens, the OAuth app, its refresh token and its authorization code."""
    credentials = state.credentials
    for value, app, scopes in (
        (seed.TOKEN, seed.PRIVATE_APP, ALL_SCOPES),
        (seed.READ_ONLY_TOKEN, seed.READER_APP, seed.READER_SCOPES),
    ):
        credentials.tokens[value] = Token(value, app, scopes)
    oauth = OAuthApp(seed.OAUTH_CLIENT_ID, seed.OAUTH_CLIENT_SECRET, seed.OAUTH_APP_ID, ALL_SCOPES)
    credentials.apps[oauth.client_id] = oauth
    credentials.refresh_tokens[seed.REFRESH_TOKEN] = oauth
    credentials.codes[seed.AUTHORIZATION_CODE] = oauth
