"""SMTP tokens, which expire after a year."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

LIFE = 365 * 86_400.0
_FIRST_CAMPAIGN = 190_000_001
_USER = "12345"


@dataclass(slots=True)
class SmtpToken:
    """One SMTP user. Only the responses to creating it and to a reset have the password."""

    id: str
    campaign: str
    campaign_id: str
    creates_contacts: bool
    created: float
    password: str

    def view(self, *, with_password: bool = False) -> JsonObject:
        view: JsonObject = {
            "id": self.id,
            "campaignName": self.campaign,
            "emailCampaignId": self.campaign_id,
            "createContact": self.creates_contacts,
            "createdAt": iso(self.created),
            "createdBy": _USER,
        }
        return {**view, "password": self.password} if with_password else view


class SmtpTokenStore:
    """All tokens that have not expired."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        self._clock = clock
        self._random = source
        self._campaigns = itertools.count(_FIRST_CAMPAIGN)
        self._by_id: dict[str, SmtpToken] = {}

    def all(self) -> list[SmtpToken]:
        now = self._clock.time()
        self._by_id = {one.id: one for one in self._by_id.values() if now < one.created + LIFE}
        return list(self._by_id.values())

    def get(self, token_id: str) -> SmtpToken | None:
        return next((one for one in self.all() if one.id == token_id), None)

    def create(self, campaign: str, *, creates_contacts: bool) -> SmtpToken:
        """Create a token. Names are not unique."""
        token = SmtpToken(
            f"smtp-{self._random.getrandbits(64):016x}@smtp.sandbox.example.com",
            campaign,
            str(next(self._campaigns)),
            creates_contacts,
            self._clock.time(),
            self._password(),
        )
        self._by_id[token.id] = token
        return token

    def reset(self, token: SmtpToken) -> None:
        token.password = self._password()

    def remove(self, token: SmtpToken) -> None:
        del self._by_id[token.id]

    def _password(self) -> str:
        return f"{self._random.getrandbits(160):040x}"

    def snapshot(self) -> list[JsonObject]:
        return [one.view() for one in self.all()]
