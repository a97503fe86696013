"""Whom a sync never writes: people on a suppression list, and people without consent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.actions.consent import (
    CONSENT_UNKNOWN,
    NO_OPT_IN,
    OPTED_OUT,
    Consent,
    Person,
    Refusal,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._files import open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable, as_list, as_mapping, is_missing

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.sync.rows import Row

Suppressed: TypeAlias = Sequence[str] | Callable[[], Iterable[str]] | str
"""Email addresses, or their SHA-256 digests: a list, JSON text of one, a callable, or the path of a file or a
folder of files with one on each line."""

SUPPRESSED = "SUPPRESSED"
"""The code of a person on a suppression list."""
CODES = frozenset({SUPPRESSED, OPTED_OUT, NO_OPT_IN, CONSENT_UNKNOWN})
"""The codes of rows that are held back."""

_SHA_256 = re.compile(r"[0-9a-f]{64}")


def decode_consent(value: object) -> object:
    """Return the parameter ``consent``; a template can give it as text."""
    if isinstance(value, str) and value.strip().startswith("{"):
        return as_mapping("consent", value)
    return {"true": True, "false": None, "none": None}.get(str(value).strip().lower(), value)


def email_digest(address: str) -> str:
    """Return the SHA-256 digest of an address, as suppression lists have it."""
    return hashlib.sha256(address.strip().lower().encode("utf-8", "replace")).hexdigest()


def suppressed_addresses(given: Suppressed | HeldCallable | None) -> frozenset[str]:
    """Return the addresses of a suppression list in lower case, and digests of addresses.

    :raises InvalidInput: naming the entry that is neither, or when there is no such file.
    """
    if isinstance(given, HeldCallable):
        given = cast("Iterable[str]", given.function())  # type: ignore[assignment]
    if is_missing(given):
        return frozenset()
    if isinstance(given, str) and not given.lstrip().startswith("["):
        return frozenset(_of_files(given.strip()))
    found = enumerate(as_list("suppress", given))
    return frozenset(_entry(f"suppress[{place}]", one) for place, one in found)


def _entry(field: str, value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    if _SHA_256.fullmatch(text):
        return text
    if "@" not in text:
        raise InvalidInput(field, "must be an email address or its SHA-256 digest")
    return _address(text)


def _address(text: str) -> str:
    """Return an address as it is compared: an international one has several forms."""
    from airflow_provider_mkt.sync.changes import normalized_key

    return text.strip() if text.isascii() and text.islower() else normalized_key(text, "email") or ""


def _forms(address: str) -> Iterator[str]:
    """Yield the forms of which somebody may have made the digest of an address.

    :param address: as it is compared.
    """
    yield address
    name, _, domain = address.rpartition("@")
    if "xn--" in domain:
        try:
            yield f"{name}@{domain.encode('ascii').decode('idna')}"
        except UnicodeError:
            return


def _of_files(name: str) -> Iterator[str]:
    path = ObjectStoragePath(name)
    if path.is_dir():
        files = sorted((one for one in path.iterdir() if one.suffix == ".txt"), key=lambda one: one.name)
    else:
        files = [path]
    for file in files:
        try:
            with open_for_reading(file) as lines:
                for number, line in enumerate(lines, start=1):
                    if text := line.decode("utf-8-sig", "replace").strip():
                        yield _entry(f"suppress: {file.name}, line {number}", text)
        except FileNotFoundError:
            raise InvalidInput("suppress", f"there is no file or folder {name}") from None


@dataclass(frozen=True)
class Suppression:
    """Finds the rows of people who are never written.

    :param addresses: of a suppression list, in lower case, and digests of addresses.
    :param ids: of people on a list of the platform.
    :param consent: what people must have consented to; None for nothing.
    """

    addresses: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    consent: Consent | None = None

    @classmethod
    def read(
        cls,
        hook: MarketingHook,
        suppress: Suppressed | HeldCallable | None,
        list_id: str | None,
        consent: object,
    ) -> Suppression:
        """Read the suppression lists.

        :param suppress: the parameter.
        :param list_id: a list on the platform.
        :param consent: the parameter.
        :raises InvalidInput: naming the parameter that is wrong.
        """
        wanted = Consent.of(decode_consent(consent), hook.conn_type)
        addresses, ids = suppressed_addresses(suppress), frozenset[str]()
        if list_id is not None:
            members: Mapping[str, str] = hook.follow(hook.people.list_members(list_id))
            addresses = addresses.union(map(_address, members.values())) - {""}
            ids = frozenset(members)
        if wanted is not None:
            hook.follow(hook.people.check_consent(wanted))
        return cls(addresses, ids, wanted)

    def __bool__(self) -> bool:
        """Whether anybody can be held back."""
        return bool(self.addresses or self.ids or self.consent is not None)

    def applied(
        self, rows: Iterable[Row], hook: MarketingHook, lookup_field: str, id_field: str, batch: int
    ) -> Iterator[tuple[Row, Refusal | None]]:
        """Yield the rows in their order, each with the reason why its person is held back, if that is so.

        :param lookup_field: the field that identifies the person of a row.
        :param id_field: the platform's own id.
        :param batch: rows whose people are read together.
        """
        if not self:
            yield from ((row, None) for row in rows)
            return
        waiting: list[Row] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == batch:
                yield from self._checked(waiting, hook, lookup_field, id_field)
                waiting = []
        if waiting:
            yield from self._checked(waiting, hook, lookup_field, id_field)

    def _checked(
        self, rows: Sequence[Row], hook: MarketingHook, lookup_field: str, id_field: str
    ) -> Iterator[tuple[Row, Refusal | None]]:
        people = {
            place: Person(str(row.record.get(lookup_field) or ""), _email_of(row.record, lookup_field))
            for place, row in enumerate(rows)
            if row.record is not None
        }
        if self.addresses and lookup_field != "email":
            people = self._with_addresses(people, hook, lookup_field)
        held = {
            place: Refusal(SUPPRESSED, "is on the suppression list")
            for place, person in people.items()
            if self._is_listed(person, by_id=lookup_field == id_field)
        }
        unlisted = [person for place, person in people.items() if place not in held and person.key]
        if self.consent is not None and unlisted:
            refused = hook.follow(hook.people.refusals(self.consent, lookup_field, unlisted))
            held |= {
                place: refused[person.key]
                for place, person in people.items()
                if place not in held and person.key in refused
            }
        yield from ((row, held.get(place)) for place, row in enumerate(rows))

    def _is_listed(self, person: Person, *, by_id: bool) -> bool:
        if by_id and person.key in self.ids:
            return True
        address = _address(person.email.lower())
        if not address or not self.addresses:
            return False
        if address in self.addresses:
            return True
        return any(email_digest(form) in self.addresses for form in {*_forms(address), person.email})

    @staticmethod
    def _with_addresses(
        people: Mapping[int, Person], hook: MarketingHook, lookup_field: str
    ) -> dict[int, Person]:
        """Return people with the addresses that the platform has, where their rows have none."""
        keys = [person.key for person in people.values() if person.key and not person.email]
        stored = hook.follow(hook.people.read_by_key(lookup_field, keys, ["email"])) if keys else {}

        def with_address(person: Person) -> Person:
            found = stored.get(person.key.lower(), ())
            return person._replace(email=str(found[0].values.get("email") or "")) if found else person

        return {place: one if one.email else with_address(one) for place, one in people.items()}


def _email_of(record: Mapping[str, object], lookup_field: str) -> str:
    value = record.get("email") or (record.get(lookup_field) if lookup_field == "email" else "")
    return str(value or "")
