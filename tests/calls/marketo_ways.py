"""The ways to run a Marketo call: through the hook, blocking or on a loop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from calls.marketo_answers import ANSWERS
from calls.ways import Way as _Way
from calls.ways import two_ways

from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

CONN_ID = "marketo_account"


class Way(_Way):
    documented = ANSWERS

    @property
    def state(self) -> Any:
        self.box.marketo.state.run_due_work()
        return self.box.marketo.state

    def hook_of(self, who: str) -> MarketoHook:
        return MarketoHook(CONN_ID)


@contextmanager
def both_ways(box: Sandbox) -> Iterator[tuple[Way, Way]]:
    """A blocking way and one on a loop, for the sandbox."""
    connection = {
        "conn_type": "marketo",
        "host": box.marketo.url,
        "login": seed.CLIENT_ID,
        "password": seed.CLIENT_SECRET,
        "extra": {"calls_per_20_seconds": 100_000},
    }
    variable = f"AIRFLOW_CONN_{CONN_ID.upper()}"
    os.environ[variable] = json.dumps(connection)
    try:
        with two_ways(lambda blocking, loop: Way(box, blocking, loop)) as ways:
            yield ways
    finally:
        del os.environ[variable]


def told(results: list[Any]) -> list[tuple[str, str]]:
    """Status of each record, and why it was skipped."""
    return [(row.status, why.code if (why := row.why()) else "") for row in results]
