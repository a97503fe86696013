"""Doing something with many people, each of whom comes out with an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from airflow_provider_mkt.api.call import Call, numeric_id
from airflow_provider_mkt.api.errors import InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.once import asked_at, look_until_settled, unseen


class Fared(StrEnum):
    """What became of one person. Each has exactly one."""

    DONE = "done"
    ALREADY = "already"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PersonOutcome:
    """What became of one person.

    :param person: id or address, as the verb was given it.
    :param code: the platform's code, or this package's own in capitals.
    :param reason: why it was not done.
    """

    person: str
    fared: Fared = Fared.DONE
    code: str = ""
    reason: str = ""


def rejected(person: str, error: PlatformError) -> PersonOutcome:
    """The outcome of somebody for whom the platform refused it."""
    return PersonOutcome(person, Fared.REJECTED, error.code or str(error.status or "REFUSED"), error.message)


def unknown(person: str) -> PersonOutcome:
    """The outcome of somebody whose request was lost, and left no trace that could be found."""
    reason = "the answer to its request was lost and nothing shows it; clear the task to request it again"
    return PersonOutcome(person, Fared.UNKNOWN, "OUTCOME_UNKNOWN", reason)


def record_id(field: str, value: Any) -> str:
    """Check the id of a lead or contact; both platforms count them in whole numbers.

    :raises InvalidInput: when it is none.
    """
    return str(numeric_id("", field, value.strip() if isinstance(value, str) else value))


@dataclass(frozen=True)
class PeopleVerb:
    """One thing that can be done with many people.

    :param outcome: what its result is called, e.g. ``nurture_enrollment``.
    :param key: names this work in a task's memory, and to other tasks that must not do it meanwhile.
    :param done: what somebody is called whom it was done with, e.g. ``enrolled``.
    :param already: what somebody is called with whom it was so before.
    :param chunk_max: people that :attr:`apply` takes at a time.
    :param apply: does it with a chunk, and tells what became of each, in their order. What it remembers of
        a request in doubt is a mapping with ``asked``, without ``done``; once a person was told of it,
        ``told`` is added, and it may be repeated.
    :param check: a value as a person, or :class:`InvalidInput` naming the field.
    :param before: looks whether it can be done at all.
    :param once: whether doing it again has an effect again. Then a later try or a cleared task does it with
        nobody a second time.
    :param verify: which of these people are where they should be; None where it cannot be looked up.
    """

    outcome: str
    key: str
    done: str
    already: str
    chunk_max: int
    apply: Callable[[Sequence[str], Memory], Flow[list[PersonOutcome]]]
    check: Callable[[str, Any], str] = record_id
    before: Callable[[], Flow[None]] = unseen
    once: bool = False
    verify: Callable[[Sequence[str]], Flow[set[str]]] | None = None


class PeopleWork(Protocol):
    """The verbs that both platforms have. Each checks what it is given at once."""

    def enroll(
        self,
        *,
        campaign_id: str | None,
        program_id: str | None,
        status_name: str | None,
        tokens: Mapping[str, str] | None,
        verify: bool,
        stream_name: str | None,
    ) -> PeopleVerb:
        """Enrol people in a nurture program."""

    def add_to_list(self, list_id: str) -> PeopleVerb:
        """Add people to a static list."""

    def remove_from_list(self, list_id: str) -> PeopleVerb:
        """Take people out of a static list."""

    def delete(self) -> PeopleVerb:
        """Delete people."""


def requested_once(
    person: str,
    key: str,
    memory: Memory,
    call: Call[Any],
    standing: Callable[[], Flow[PersonOutcome | None]],
    *,
    clock: Callable[[], float] = time.time,
) -> Flow[PersonOutcome]:
    """Request something for one person that must not be requested twice.

    That it is requested is remembered before it is. After a lost answer or a killed worker its effect is
    looked for; where it does not show, the outcome is unknown, and it is not requested again by itself.

    :param key: names the person in *memory*; no address.
    :param call: requests it.
    :param standing: how the person stands now: what makes the request needless (``ALREADY``) or hopeless
        (``REJECTED``), or None.
    """
    before = memory.get(key)
    mark = before if isinstance(before, Mapping) else {}
    if mark.get("done"):
        return PersonOutcome(person)
    asked = asked_at(mark)
    for attempt in range(2):
        stands = yield from look_until_settled(standing, asked, clock)
        if stands is not None and (asked is None or stands.fared is not Fared.ALREADY):
            return stands
        if stands is not None:
            memory.set(key, {"done": True})
            return PersonOutcome(person)
        if attempt or (asked is not None and not mark.get("told")):
            break
        memory.set(key, {"asked": clock()})
        try:
            yield call
        except OutcomeUnknown:
            # The time counts from now: until now the request may have been on its way.
            asked = clock()
            memory.set(key, {"asked": asked})
        except InvalidRequest as error:
            memory.set(key, before)
            return rejected(person, error)
        except PlatformError:
            memory.set(key, before)
            raise
        else:
            memory.set(key, {"done": True})
            return PersonOutcome(person)
    return unknown(person)
