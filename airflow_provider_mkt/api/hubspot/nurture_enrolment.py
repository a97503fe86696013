"""Enrolling leads in a nurturing campaign of the discontinued API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import (
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlatformError,
)
from airflow_provider_mkt.api.flow import Flow, Memory, Pause
from airflow_provider_mkt.api.hubspot import legacy
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome, rejected, unknown

_CHUNK = 20
_TRIES = 3
_LOOK_AFTER = 2.0
_NOBODY = "0" * 32
# 400 stands for three things: active in it, received it within a year, and not to be received twice.
_IN_IT = re.compile(r"\b(active|received|repeatable|already)\b", re.IGNORECASE)


def verb(campaign_guid: str, *, clock: Callable[[], float] = time.time) -> PeopleVerb:
    """Enrol leads one by one.

    The platform refuses a lead that is active in the campaign already, so after a lost answer the
    request itself is the way to look: a refusal then means that the first one had worked.

    :param campaign_guid: the nurturing campaign.
    :raises InvalidInput: when that cannot be its GUID.
    """
    legacy.enrol_in_nurture(campaign_guid, _NOBODY)

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        outcomes = []
        for guid in people:
            outcomes.append(
                (yield from _enrol(legacy.enrol_in_nurture(campaign_guid, guid), guid, memory, clock))
            )
        return outcomes

    def check(field: str, value: Any) -> str:
        try:
            legacy.enrol_in_nurture(campaign_guid, value)
        except InvalidInput as error:
            raise InvalidInput(field, error.problem) from None
        return str(value).lower()

    return PeopleVerb(
        outcome="nurture_enrollment",
        key=f"nurture {campaign_guid}",
        done="enrolled",
        already="already_enrolled",
        chunk_max=_CHUNK,
        apply=apply,
        check=check,
        once=True,
    )


def _enrol(call: Call[None], guid: str, memory: Memory, clock: Callable[[], float]) -> Flow[PersonOutcome]:
    before = memory.get(guid)
    if isinstance(before, Mapping) and before.get("done"):
        return PersonOutcome(guid)
    in_doubt = before is not None
    memory.set(guid, {"asked": clock()})
    for attempt in range(1, _TRIES + 1):
        try:
            yield call
        except NotFound as error:
            memory.set(guid, None)
            return rejected(guid, error)
        except InvalidRequest as error:
            if error.message and not _IN_IT.search(error.message):
                memory.set(guid, before)
                return rejected(guid, error)
            if not in_doubt:
                memory.set(guid, None)
                return PersonOutcome(guid, Fared.ALREADY, str(error.status or ""), error.message)
            break
        except OutcomeUnknown:
            in_doubt = True
            if attempt == _TRIES:
                return unknown(guid)
            yield Pause(_LOOK_AFTER, "the answer was lost; asking again shows whether it had worked")
        except PlatformError:
            memory.set(guid, {"asked": clock()} if in_doubt else before)
            raise
        else:
            break
    memory.set(guid, {"done": True})
    return PersonOutcome(guid)
