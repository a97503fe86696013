"""Subscription types and the statuses of subscribers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED = "SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"
STATES = (SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED)
BASES = (
    "CONSENT_WITH_NOTICE",
    "LEGITIMATE_INTEREST_CLIENT",
    "LEGITIMATE_INTEREST_OTHER",
    "LEGITIMATE_INTEREST_PQL",
    "NON_GDPR",
    "PERFORMANCE_OF_CONTRACT",
    "PROCESS_AND_STORE",
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One subscription type."""

    id: int
    name: str
    description: str
    created: float
    default: bool = False
    internal: bool = False
    active: bool = True

    def view(self, *, translations: bool = False) -> JsonObject:
        view: JsonObject = {
            "id": str(self.id),
            "name": self.name,
            "description": self.description,
            "purpose": "Marketing",
            "communicationMethod": "Email",
            "isActive": self.active,
            "isDefault": self.default,
            "isInternal": self.internal,
            "businessUnitId": 0,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
        }
        if translations:
            milliseconds = int(self.created * 1000)
            view["subscriptionTranslations"] = [
                {
                    "subscriptionId": self.id,
                    "languageCode": "en",
                    "name": self.name,
                    "description": self.description,
                    "createdAt": milliseconds,
                    "updatedAt": milliseconds,
                }
            ]
        return view


@dataclass(frozen=True, slots=True)
class Consent:
    """A subscriber's state for one type, with its legal basis."""

    state: str = NOT_SPECIFIED
    at: float = 0.0
    basis: str | None = None
    explanation: str | None = None

    def legal(self) -> dict[str, str]:
        given = {"legalBasis": self.basis, "legalBasisExplanation": self.explanation}
        return {name: value for name, value in given.items() if value is not None}


_NO_CONSENT = Consent()


class SubscriptionStore:
    """All types and statuses, by email address. Subscribers need not be contacts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.definitions: dict[int, Definition] = {}
        self._consents: dict[str, dict[int, Consent]] = {}
        self._out_of_all: dict[str, float] = {}
        self._spam: set[str] = set()
        self.after_change: Callable[[str], None] = lambda address: None
        """Called with an address whose state has changed."""
        self.after_define: Callable[[int], None] = lambda type_id: None
        """Called with the id of a new type."""

    def define(self, type_id: int, name: str, description: str, **more: bool) -> None:
        self.definitions[type_id] = Definition(type_id, name, description, self._clock.time(), **more)
        self.after_define(type_id)

    def definition(self, type_id: object) -> Definition | None:
        text = str(type_id)
        return self.definitions.get(int(text)) if text.isascii() and text.isdigit() else None

    def consent(self, address: str, type_id: int) -> Consent:
        """Return the state for one type, without regard to an opt-out of all."""
        return self._consents.get(key_of(address), {}).get(type_id, _NO_CONSENT)

    def opted_out_of_all(self, address: str) -> float | None:
        """Return when a subscriber opted out of all types, or None."""
        return self._out_of_all.get(key_of(address))

    def state(self, address: str, type_id: int) -> str:
        return (
            UNSUBSCRIBED
            if self.opted_out_of_all(address) is not None
            else self.consent(address, type_id).state
        )

    def set(self, address: str, type_id: int, state: str, basis: str | None, explanation: str | None) -> str:
        """Set one state. Return the kind of change."""
        before = self.consent(address, type_id).state
        people = self._consents.setdefault(key_of(address), {})
        if before == state:
            people.setdefault(type_id, Consent(state, self._clock.time(), basis, explanation))
            return "NO_STATUS_CHANGE"
        people[type_id] = Consent(state, self._clock.time(), basis, explanation)
        self.after_change(key_of(address))
        back = before == UNSUBSCRIBED and state == SUBSCRIBED
        return "RESUBSCRIBE_OCCURRED" if back else "REQUESTED_CHANGE_OCCURRED"

    def opt_out_of_all(self, address: str) -> None:
        if key_of(address) not in self._out_of_all:
            self._out_of_all[key_of(address)] = self._clock.time()
            self.after_change(key_of(address))

    def forget_opt_out_of_all(self, address: str) -> None:
        """Undo an opt-out of all types, which no API call does."""
        if self._out_of_all.pop(key_of(address), None) is not None:
            self.after_change(key_of(address))

    def report_spam(self, address: str, *, reported: bool = True) -> None:
        """Note that a subscriber reported an email as spam, or forget it."""
        (self._spam.add if reported else self._spam.discard)(key_of(address))

    def reported_spam(self, address: str) -> bool:
        return key_of(address) in self._spam

    def refusal(self, address: str, type_id: str | None) -> str | None:
        """Return why an email of a type (by default the default one) is not sent to an address, or None."""
        if self.opted_out_of_all(address) is not None:
            return "PREVIOUSLY_UNSUBSCRIBED_PORTAL"
        state = self._state_of(address, type_id)
        return "PREVIOUSLY_UNSUBSCRIBED_MESSAGE" if state == UNSUBSCRIBED else None

    def opted_in(self, address: str, type_id: str | None) -> bool:
        """Return whether an address is subscribed to a type, by default to the default one."""
        return self._state_of(address, type_id) == SUBSCRIBED

    def _state_of(self, address: str, type_id: str | None) -> str | None:
        named = self.definition(type_id) if type_id is not None else None
        of = named or next((one for one in self.definitions.values() if one.default), None)
        return None if of is None else self.consent(address, of.id).state

    def people(self) -> list[tuple[str, dict[int, Consent]]]:
        """Return all subscribers with a state, by address."""
        return [(one, self._consents.get(one, {})) for one in sorted({*self._consents, *self._out_of_all})]

    def snapshot(self) -> JsonObject:
        return {
            "definitions": [one.view() for one in self.definitions.values()],
            "people": [
                {
                    "email": address,
                    "unsubscribedFromAll": address in self._out_of_all,
                    "statuses": {str(type_id): one.state for type_id, one in consents.items()},
                }
                for address, consents in self.people()
            ],
        }


def key_of(address: str) -> str:
    return address.strip().lower()
