"""Whether people may be written to: what both platforms know of their consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import to_id

OPTED_OUT = "OPTED_OUT"
"""The code of a person who opted out."""
NO_OPT_IN = "NO_OPT_IN"
"""The code of a person who did not opt in, where that is required."""
CONSENT_UNKNOWN = "CONSENT_UNKNOWN"
"""The code of a person whose consent the platform did not report."""

_MARKETO_OPT_OUT = {"unsubscribed": False, "blackListed": False}


class Refusal(NamedTuple):
    """Why a person may not be written to."""

    code: str
    reason: str


class Person(NamedTuple):
    """A person whose consent is checked.

    :param key: the value that the person is found by.
    :param email: the address; empty when it is not known.
    """

    key: str
    email: str


@dataclass(frozen=True)
class Consent:
    """The consent that people must have.

    :param subscription_id: HubSpot: the type of mail; empty for all mail.
    :param opt_in: HubSpot: whether they must have subscribed to it, and not only not have opted out.
    :param fields: Marketo: fields, and the value that each must have. An empty field counts as false.
    """

    subscription_id: str = ""
    opt_in: bool = False
    fields: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, platform: str) -> Consent | None:
        """Read the parameter ``consent``.

        :param platform: ``hubspot`` or ``marketo``.
        :raises InvalidInput: when it is anything else, or the other platform has it.
        """
        if value in (None, False, ""):
            return None
        if value is True:
            return cls() if platform == "hubspot" else cls(fields=_MARKETO_OPT_OUT)
        if not isinstance(value, Mapping):
            raise InvalidInput("consent", "must be true or a mapping")
        if platform == "hubspot":
            if unknown := value.keys() - {"subscription_id", "opt_in"}:
                raise InvalidInput(f"consent.{min(unknown)}", "HubSpot has subscription_id and opt_in")
            if not isinstance(opt_in := value.get("opt_in", False), bool):
                raise InvalidInput("consent.opt_in", "must be true or false")
            return cls(str(to_id("consent.subscription_id", value.get("subscription_id", ""))), opt_in)
        fields = value.get("fields")
        if value.keys() != {"fields"} or not isinstance(fields, Mapping) or not fields:
            raise InvalidInput("consent", "on Marketo it is true, or {'fields': {field: true or false}}")
        for name, wanted in fields.items():
            if not isinstance(wanted, bool):
                raise InvalidInput(f"consent.fields.{name}", "must be true or false")
        return cls(fields=dict(fields))
