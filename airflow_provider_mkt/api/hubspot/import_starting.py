"""Starting an import so that no file is imported twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mkt.api.call import Call, Json
from airflow_provider_mkt.api.errors import OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pages, Pause
from airflow_provider_mkt.api.hubspot import imports

_LOOK_EVERY = 5.0
_KEY = "start import"


def start_once(
    name: str,
    order: Call[imports.Import],
    memory: Memory,
    *,
    clock: Callable[[], float] = time.time,
) -> Flow[imports.Import]:
    """Start an import, or find the one that an earlier try of this task has started.

    What is asked is remembered before it is sent, with the ids of the imports that had the name then. An
    import of that name with another id is this task's own, as long as no other task uses the name.

    :param name: the import's name, which no other import of the same time should have.
    :param order: the call that starts it, from :func:`.imports.start` with that name.
    :param memory: what the task's earlier tries did.
    :raises OutcomeUnknown: when the answer was lost, and a minute later no such import has shown.
    """
    mark = memory.get(_KEY)
    if isinstance(mark, Mapping):
        if isinstance(started := mark.get("id"), str):
            known: imports.Import = yield imports.get(started)
            return known
        found = yield from _look_for(name, mark, clock)
        if found is not None:
            memory.set(_KEY, {"id": found.id})
            return found
    rows = yield from _named(name)
    before: dict[str, Json] = {"before": [one.id for one in rows], "asked": clock()}
    memory.set(_KEY, before)
    try:
        made: imports.Import = yield order
    except OutcomeUnknown as lost:
        # The time counts from now: until now the request may have been on its way.
        mark = {**before, "asked": clock()}
        memory.set(_KEY, mark)
        found = yield from _look_for(name, mark, clock)
        if found is None:
            raise lost from lost.__cause__
        made = found
    except PlatformError:
        memory.set(_KEY, None)
        raise
    memory.set(_KEY, {"id": made.id})
    return made


def _named(name: str) -> Flow[list[imports.Import]]:
    rows: list[imports.Import] = yield Pages(imports.list_all(limit=imports.PAGE_MAX))
    return [one for one in rows if one.importName == name]


def _look_for(name: str, mark: Mapping[str, Any], clock: Callable[[], float]) -> Flow[imports.Import | None]:
    """Look for an import that an earlier request has started, until it must have shown."""
    before, asked = mark.get("before"), mark.get("asked")
    known = before if isinstance(before, list) else []
    until = (asked if isinstance(asked, (int, float)) else clock()) + SETTLE
    while True:
        rows = yield from _named(name)
        for one in rows:
            if one.id not in known:
                return one
        left = until - clock()
        if left <= 0:
            return None
        yield Pause(min(left, _LOOK_EVERY), "an earlier request to start the import may still be at work")
