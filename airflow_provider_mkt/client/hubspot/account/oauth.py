"""Tokens: exchange, refresh, introspect and revoke.

The hook refreshes a connection's access token by itself and needs none of these calls. All but
:func:`access_token_info` authenticate as the connection's OAuth client, so the connection must have one.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, FormBody, JsonBody, Quota, Replay, Route
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.parameters import Text, endpoint

TokenTypeHint = Literal["access_token", "refresh_token"]


class TokenAnswer(BaseModel):
    """A token response. Tokens are hidden in ``repr``.

    :param expires_in: remaining lifetime of the access token, in seconds.
    """

    model_config = ConfigDict(extra="allow")

    access_token: SecretStr
    expires_in: int
    token_type: str = "bearer"  # noqa: S105
    token_use: str = ""
    refresh_token: SecretStr | None = None
    id_token: SecretStr | None = None
    hub_id: int | None = None
    user_id: int | None = None
    scopes: list[str] = Field(default_factory=list)


class TokenInfo(BaseModel):
    """The metadata of a token. The token is hidden in ``repr``.

    :param token_use: ``access_token`` or ``refresh_token``.
    :param expires_in: remaining lifetime in seconds; None for refresh tokens.
    """

    model_config = ConfigDict(extra="allow")

    token: SecretStr
    active: bool
    token_use: str = ""
    token_type: str = ""
    app_id: int | None = None
    client_id: str = ""
    hub_id: int | None = None
    hub_domain: str | None = None
    user: str | None = None
    user_id: int | None = None
    expires_in: int | None = None
    scopes: list[str] = Field(default_factory=list)


class AccessTokenInfo(BaseModel):
    """What a token that does not expire may do, and where."""

    model_config = ConfigDict(extra="allow")

    hubId: int
    userId: int | None = None
    appId: int | None = None
    scopes: list[str] = Field(default_factory=list)


@endpoint
def exchange_code(code: Text, redirect_uri: Text, *, code_verifier: Text | None = None) -> Call[TokenAnswer]:
    """Exchange an authorization code for tokens. A code works once.

    :param code: the authorization code that the app's installation returned.
    :param redirect_uri: the redirect URI of the installation.
    :param code_verifier: the PKCE code verifier, if the installation used a code challenge.
    :raises InvalidInput: when an argument is empty.
    :raises InvalidRequest: when the code is unknown or was used before.

    Source: ``POST /oauth/{version}/token``.
    """
    pairs = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if code_verifier is not None:
        pairs["code_verifier"] = code_verifier
    return _tokens("oauth.exchange_code", pairs, Replay.VERIFY)


@endpoint
def refresh(refresh_token: Text) -> Call[TokenAnswer]:
    """Get a new access token. Earlier access tokens stay valid until they expire.

    :param refresh_token: a refresh token of the connection's OAuth app.
    :raises InvalidInput: when it is empty.
    :raises InvalidRequest: when the token was revoked or belongs to another app.

    Source: ``POST /oauth/{version}/token``.
    """
    pairs = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _tokens("oauth.refresh", pairs, Replay.SAFE)


@endpoint
def client_credentials(scope: Text) -> Call[TokenAnswer]:
    """Get a token of the app itself, independent of any account. Only the webhook journal accepts it.

    :param scope: scopes, separated by spaces.
    :raises InvalidInput: when *scope* is empty.

    Source: ``POST /oauth/{version}/token``.
    """
    pairs = {"grant_type": "client_credentials", "scope": scope}
    return _tokens("oauth.client_credentials", pairs, Replay.SAFE)


@endpoint
def introspect(token: Text, *, token_type_hint: TokenTypeHint | None = None) -> Call[TokenInfo]:
    """Read the metadata of a token.

    :param token: an access or a refresh token of the connection's OAuth app.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :raises InvalidInput: when it is empty.
    :raises InvalidRequest: when it is unknown.

    Source: ``POST /oauth/{version}/token/introspect``.
    """
    return Call(
        "oauth.introspect",
        Route("POST", "oauth", "/token/introspect"),
        _info,
        Replay.SAFE,
        body=_form(token, token_type_hint),
        quota=Quota.FREE,
        as_client=True,
    )


@endpoint
def access_token_info(token: Text) -> Call[AccessTokenInfo]:
    """Read the account and the scopes of a token that does not expire.

    HubSpot documents this call for tokens of private apps. Whether it knows service keys is not documented.

    :param token: the token; usually the connection's own.
    :raises InvalidInput: when it is empty.
    :raises NotFound: when HubSpot does not know it.

    Source: ``POST /oauth/v2/private-apps/get/access-token-info``.
    """
    return Call(
        "oauth.access_token_info",
        Route("POST", "private_apps", "/get/access-token-info"),
        AccessTokenInfo.model_validate,
        Replay.SAFE,
        body=JsonBody({"tokenKey": token}),
        scopes=(),
    )


@endpoint
def revoke(token: Text, *, token_type_hint: TokenTypeHint | None = None) -> Call[None]:
    """Revoke a token. Revoking a refresh token ends the app's access to the account.

    :param token: an access or a refresh token of the connection's OAuth app.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :raises InvalidInput: when it is empty.

    Source: ``POST /oauth/{version}/token/revoke``.
    """
    return Call(
        "oauth.revoke",
        Route("POST", "oauth", "/token/revoke"),
        nothing,
        Replay.SAFE,
        body=_form(token, token_type_hint),
        quota=Quota.FREE,
        as_client=True,
    )


def _tokens(name: str, pairs: dict[str, str], replay: Replay) -> Call[TokenAnswer]:
    return Call(
        name,
        Route("POST", "oauth", "/token"),
        TokenAnswer.model_validate,
        replay,
        body=FormBody(tuple(pairs.items())),
        quota=Quota.FREE,
        as_client=True,
    )


def _form(token: str, token_type_hint: str | None) -> FormBody:
    pairs = [("token", token)]
    if token_type_hint is not None:
        pairs.append(("token_type_hint", token_type_hint))
    return FormBody(tuple(pairs))


def _info(envelope: Envelope) -> TokenInfo:
    # The signed form repeats the token in plain text.
    known = {name: value for name, value in envelope.items() if name != "signed_access_token"}
    return TokenInfo.model_validate(known)
