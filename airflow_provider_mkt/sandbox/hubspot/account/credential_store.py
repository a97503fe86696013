"""Tokens of private apps, which do not expire, and of OAuth apps, which do."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from airflow_provider_mkt.sandbox.hubspot.errors import OAuthError, expired, unauthenticated
from airflow_provider_mkt.sandbox.server.clock import Clock

ACCESS_TOKEN_LIFE = 1800
# How long an expired token is kept: its error differs from that of an unknown token.
_REMEMBER = 86400

ALL_SCOPES = frozenset(
    {
        "oauth",
        "automation",
        "automation.sequences.enrollments.write",
        "automation.sequences.read",
        "content",
        "communication_preferences.read",
        "communication_preferences.read_write",
        "communication_preferences.statuses.batch.read",
        "communication_preferences.statuses.batch.write",
        "communication_preferences.write",
        "crm.export",
        "crm.import",
        "crm.lists.read",
        "crm.lists.write",
        "crm.objects.companies.read",
        "crm.objects.companies.write",
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.custom.read",
        "crm.objects.custom.write",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.objects.marketing_events.read",
        "crm.objects.marketing_events.write",
        "crm.objects.owners.read",
        "crm.schemas.companies.read",
        "crm.schemas.companies.write",
        "crm.schemas.contacts.read",
        "crm.schemas.contacts.write",
        "crm.schemas.custom.read",
        "crm.schemas.custom.write",
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
        "forms",
        "forms-uploaded-files",
        "marketing-email",
        "marketing.campaigns.read",
        "marketing.campaigns.revenue.read",
        "marketing.campaigns.write",
        "marketing.email.read",
        "marketing.email.write",
        "tickets",
        "transactional-email",
    }
)


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; `app` is the key of its rate window."""

    value: str
    app: str
    scopes: frozenset[str]
    expires: float | None = None

    @property
    def is_oauth(self) -> bool:
        return self.expires is not None

    def without(self, withheld: Iterable[str]) -> Token:
        """Return the token without some scopes."""
        scopes = self.scopes.difference(withheld)
        return self if scopes == self.scopes else replace(self, scopes=scopes)


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A public app that is installed in the account."""

    client_id: str
    client_secret: str
    app_id: int
    scopes: frozenset[str]


class CredentialStore:
    """All tokens and apps of the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.tokens: dict[str, Token] = {}
        self.apps: dict[str, OAuthApp] = {}
        self.refresh_tokens: dict[str, OAuthApp] = {}
        self.codes: dict[str, OAuthApp] = {}

    def bearer(self, header: str | None) -> Token:
        """Return the token of an Authorization header.

        :raises HubSpotError: 401, the token is missing, unknown or expired.
        """
        scheme, _, value = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated()
        return self.token(value.strip())

    def token(self, value: str) -> Token:
        """Return a token by its value.

        :raises HubSpotError: 401, the token is unknown or expired.
        """
        token = self.tokens.get(value)
        if token is None:
            raise unauthenticated()
        now = self._clock.time()
        if token.expires is not None and token.expires <= now:
            raise expired(now - token.expires)
        return token

    def app(self, client_id: str | None, client_secret: str | None) -> OAuthApp:
        """Return the app with these client credentials.

        :raises OAuthError: they are not valid.
        """
        app = self.apps.get(client_id or "")
        if app is None:
            raise OAuthError("BAD_CLIENT_ID", "missing or unknown client id", "invalid_client")
        if not secrets.compare_digest(app.client_secret.encode(), (client_secret or "").encode()):
            raise OAuthError("BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client")
        return app

    def issue(self, app: OAuthApp, scopes: frozenset[str] | None = None) -> Token:
        """Issue an access token; earlier ones are valid until they expire.

        :param scopes: scopes of the token; by default all of the app.
        """
        now = self._clock.time()
        for value, old in list(self.tokens.items()):
            if old.expires is not None and old.expires + _REMEMBER < now:
                del self.tokens[value]
        token = Token(
            f"CSandbox{secrets.token_urlsafe(150)}",
            f"oauth-{app.app_id}",
            app.scopes if scopes is None else scopes,
            now + ACCESS_TOKEN_LIFE,
        )
        self.tokens[token.value] = token
        return token
