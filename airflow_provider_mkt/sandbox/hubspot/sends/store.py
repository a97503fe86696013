"""Single sends. The result is set when a send is requested, and shown after a delay."""

from __future__ import annotations

import random
import re
import uuid
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

SENT = "SENT"
_ADDRESS = re.compile(r"[^\s@<>\"(),;:]+@[^\s@<>\"(),;:]+\.[^\s@<>\"(),;:]+")
_SENDER = re.compile(r"(?:[^<>]*<([^<>]+)>|([^<>]+))")
_ROLES = frozenset(
    {
        "abuse",
        "inoc",
        "no-reply",
        "noreply",
        "postmaster",
        "privacy",
        "root",
        "security",
        "spam",
        "undisclosed-recipients",
        "unsubscribe",
    }
)


@dataclass(frozen=True, slots=True)
class SingleSend:
    """One send; `result` is its final result."""

    id: str
    event: str
    kind: str
    email: str
    to: str
    key: str | None
    requested: float
    result: str

    def status(self, now: float, settings: HubSpotSettings) -> str:
        if now < self.requested + settings.send_queue:
            return "PENDING"
        if now < self.requested + settings.send_queue + settings.send_processing:
            return "PROCESSING"
        return "COMPLETE"

    def completed_at(self, settings: HubSpotSettings) -> float:
        return self.requested + settings.send_queue + settings.send_processing

    def view(self, now: float, settings: HubSpotSettings) -> JsonObject:
        """Return the status of a send as JSON."""
        status = self.status(now, settings)
        view: JsonObject = {
            "statusId": self.id,
            "status": status,
            "requestedAt": iso(self.requested),
        }
        started = self.requested + settings.send_queue
        if status != "PENDING":
            # Status and result change independently: there is a result before the end, and it may change.
            view |= {"startedAt": iso(started), "sendResult": "QUEUED"}
        if status == "COMPLETE":
            done = iso(started + settings.send_processing)
            view |= {"completedAt": done, "sendResult": self.result}
            view["eventId"] = {"id": self.event, "created": done}
        return view


class SendStore:
    """All sends, and the keys that were used."""

    def __init__(self, clock: Clock, settings: HubSpotSettings, source: random.Random) -> None:
        self._clock = clock
        self._settings = settings
        self._random = source
        self._by_id: dict[str, SingleSend] = {}
        self._by_key: dict[str, SingleSend] = {}

    def all(self) -> list[SingleSend]:
        return list(self._by_id.values())

    def get(self, status_id: str) -> SingleSend | None:
        return self._by_id.get(status_id)

    def repeated(self, key: str | None) -> str | None:
        """Return the result of a repeated request with a key, or None for the first one.

        The meaning of the two results is not documented. Here they tell whether the first send was sent or
        failed; neither is sent again.
        """
        first = None if key is None else self._by_key.get(key)
        if first is None:
            return None
        return "IDEMPOTENT_IGNORE" if first.result == SENT else "IDEMPOTENT_FAIL"

    def add(self, kind: str, email: str, to: str, key: str | None, result: str) -> SingleSend:
        send = SingleSend(
            self._uuid(), self._uuid(), kind, email, to.strip().lower(), key, self._clock.time(), result
        )
        self._by_id[send.id] = send
        if key is not None:
            self._by_key.setdefault(key, send)
        return send

    def view(self, send: SingleSend) -> JsonObject:
        return send.view(self._clock.time(), self._settings)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def snapshot(self) -> list[JsonObject]:
        return [
            {**self.view(send), "email": send.email, "to": send.to, "kind": send.kind, "sendId": send.key}
            for send in self.all()
        ]


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text.strip()) is not None


def is_role_address(address: str) -> bool:
    """Return whether an address is that of a role, to which HubSpot sends no mail."""
    return address.strip().lower().partition("@")[0] in _ROLES


def problem_with(to: str, sender: str | None) -> str | None:
    """Return why an email with these addresses cannot be sent, or None."""
    if not is_address(to) or is_role_address(to):
        return "INVALID_TO_ADDRESS"
    if sender is not None:
        found = _SENDER.fullmatch(sender.strip())
        if found is None or not is_address(found[1] or found[2]):
            return "INVALID_FROM_ADDRESS"
    return None
