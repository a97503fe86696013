"""Tokens of an OAuth app: what is known of one, and getting or revoking them by hand.

A connection renews its own access token; nothing here is needed for that. The calls speak as the
connection's OAuth client, so they need a connection that has one.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, FormBody, Quota, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.redaction import describe_type


class TokenAnswer(BaseModel):
    """New tokens, hidden when printed.

    :param expires_in: remaining life of the access token, in seconds.
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
    """What is known of a token, which is hidden when printed.

    :param token_use: ``access_token`` or ``refresh_token``.
    :param expires_in: remaining life in seconds; refresh tokens have none.
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
    """Get the first tokens for the code that an installation of the app ended with. A code works once.

    :param code: the code.
    :param redirect_uri: the address that the installation was to lead back to.
    :param code_verifier: the secret of the code challenge, where there was one.
    :raises InvalidInput: when one of them is empty.
    :raises InvalidRequest: when the code is unknown or used up.

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
    """Get a new access token. Earlier ones stay good until they expire.

    :param refresh_token: a refresh token of the connection's app.
    :raises InvalidInput: when it is empty.
    :raises InvalidRequest: when it was revoked, or is of another app.

    Source: ``POST /oauth/{version}/token``.
    """
    name = "oauth.refresh"
    pairs = {"grant_type": "refresh_token", "refresh_token": _secret(name, "refresh_token", refresh_token)}
    return _tokens(name, pairs, Replay.SAFE)


def client_credentials(scope: str) -> Call[TokenAnswer]:
    """Get a token of the app itself, which no account stands behind. Serves the webhook journal alone.

    :param scope: scopes, separated by spaces.
    :raises InvalidInput: when there is none.

    Source: ``POST /oauth/{version}/token``.
    """
    name = "oauth.client_credentials"
    pairs = {"grant_type": "client_credentials", "scope": _secret(name, "scope", scope)}
    return _tokens(name, pairs, Replay.SAFE)


def introspect(token: str, *, token_type_hint: str | None = None) -> Call[TokenInfo]:
    """Read what is known of a token.

    :param token: an access or a refresh token of the connection's app.
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
    """Make a token worthless. A revoked refresh token ends the app's access to the account.

    :param token: an access or a refresh token of the connection's app.
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
    # The signed form is the token once more.
    known: dict[str, Any] = {name: value for name, value in envelope.items() if name != "signed_access_token"}
    return TokenInfo.model_validate(known)


def _secret(call: str, field: str, value: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    return value
