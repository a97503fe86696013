"""API users and their access tokens."""

import uuid
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings

POD = "sjh"


@dataclass(frozen=True)
class ApiUser:
    """An API-only user and its custom service."""

    email: str
    client_id: str
    client_secret: str
    permissions: frozenset[str]
    partitions: frozenset[int] = frozenset({1})

    def may_use(self, partition_id: int) -> bool:
        return partition_id in self.partitions


@dataclass
class Token:
    value: str
    user: ApiUser
    expires: float
    refused: bool = False


@dataclass
class CredentialStore:
    """All API users and tokens."""

    users: list[ApiUser]
    settings: MarketoSettings
    _current: dict[str, Token] = field(default_factory=dict)
    issued: dict[str, Token] = field(default_factory=dict)
    """All access tokens, by their value."""

    def client(self, client_id: str) -> ApiUser | None:
        return next((one for one in self.users if one.client_id == client_id), None)

    def token_for(self, user: ApiUser, now: float) -> Token:
        """Return the token of a user's service. Before it expires, it is the same one each time."""
        token, seconds = self._current.get(user.client_id), self.settings.token_seconds
        # One that lives longer than tokens do is from before the clock was reset.
        if token is None or not now < token.expires <= now + seconds:
            token = Token(f"{uuid.uuid4()}:{POD}", user, now + seconds)
            self._current[user.client_id] = self.issued[token.value] = token
        return token

    def user_of(self, value: str, now: float) -> ApiUser:
        token = self.issued.get(value)
        if token is None or token.refused:
            raise MarketoError(601, "Access token invalid")
        if token.expires <= now:
            # The first use after its expiry is 602, later ones are 601.
            token.refused = True
            raise MarketoError(602, "Access token expired")
        return token.user
