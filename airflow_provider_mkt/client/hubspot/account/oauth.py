"""OAuth tokens: exchange, refresh, introspect and revoke.

The hook refreshes a connection's access token by itself and needs none of these calls. They authenticate as
the connection's OAuth client, so the connection must have one.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, FormBody, Quota, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.redaction import describe_type


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


def exchange_code(code: str, redirect_uri: str, *, code_verifier: str | None = None) -> Call[TokenAnswer]:
    """Exchange an authorization code for tokens. A code works once.

    :param code: the authorization code that the app's installation returned.
    :param redirect_uri: the redirect URI of the installation.
    :param code_verifier: the PKCE code verifier, if the installation used a code challenge.
    :raises InvalidInput: when an argument is empty.
    :raises InvalidRequest: when the code is unknown or was used before.

    Source: ``POST /oauth/{version}/token``.
    """
    name = "oauth.exchange_code"
    pairs = {
        "grant_type": "authorization_code",
        "code": _secret(name, "code", code),
        "redirect_uri": _secret(name, "redirect_uri", redirect_uri),
    }
    if code_verifier is not None:
        pairs["code_verifier"] = _secret(name, "code_verifier", code_verifier)
    return _tokens(name, pairs, Replay.VERIFY)


def refresh(refresh_token: str) -> Call[TokenAnswer]:
    """Get a new access token. Earlier access tokens stay valid until they expire.

    :param refresh_token: a refresh token of the connection's OAuth app.
    :raises InvalidInput: when it is empty.
    :raises InvalidRequest: when the token was revoked or belongs to another app.

    Source: ``POST /oauth/{version}/token``.
    """
    name = "oauth.refresh"
    pairs = {"grant_type": "refresh_token", "refresh_token": _secret(name, "refresh_token", refresh_token)}
    return _tokens(name, pairs, Replay.SAFE)


def client_credentials(scope: str) -> Call[TokenAnswer]:
    """Get a token of the app itself, independent of any account. Only the webhook journal accepts it.

    :param scope: scopes, separated by spaces.
    :raises InvalidInput: when there is none.

    Source: ``POST /oauth/{version}/token``.
    """
    name = "oauth.client_credentials"
    pairs = {"grant_type": "client_credentials", "scope": _secret(name, "scope", scope)}
    return _tokens(name, pairs, Replay.SAFE)


def introspect(token: str, *, token_type_hint: str | None = None) -> Call[TokenInfo]:
    """Read the metadata of a token.

    :param token: an access or a refresh token of the connection's OAuth app.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :raises InvalidInput: when it is empty.
    :raises InvalidRequest: when it is unknown.

    Source: ``POST /oauth/{version}/token/introspect``.
    """
    name = "oauth.introspect"
    return Call(
        name,
        Route("POST", "oauth", "/token/introspect"),
        _info,
        Replay.SAFE,
        body=_form(name, token, token_type_hint),
        quota=Quota.FREE,
        as_client=True,
    )


def revoke(token: str, *, token_type_hint: str | None = None) -> Call[None]:
    """Revoke a token. Revoking a refresh token ends the app's access to the account.

    :param token: an access or a refresh token of the connection's OAuth app.
    :param token_type_hint: ``access_token`` or ``refresh_token``.
    :raises InvalidInput: when it is empty.

    Source: ``POST /oauth/{version}/token/revoke``.
    """
    name = "oauth.revoke"
    return Call(
        name,
        Route("POST", "oauth", "/token/revoke"),
        nothing,
        Replay.SAFE,
        body=_form(name, token, token_type_hint),
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


def _form(name: str, token: str, hint: str | None) -> FormBody:
    pairs = [("token", _secret(name, "token", token))]
    if hint is not None:
        if hint not in ("access_token", "refresh_token"):
            raise InvalidInput(
                "token_type_hint",
                f"must be access_token or refresh_token, not {describe_type(hint)}",
                call=name,
            )
        pairs.append(("token_type_hint", hint))
    return FormBody(tuple(pairs))


def _info(envelope: Envelope) -> TokenInfo:
    # The signed form repeats the token in plain text.
    known: dict[str, Any] = {name: value for name, value in envelope.items() if name != "signed_access_token"}
    return TokenInfo.model_validate(known)


def _secret(call: str, field: str, value: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    return value
