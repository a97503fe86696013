"""Run Marketo calls through the hook, blocking or async."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from calls.marketo_answers import ANSWERS
from calls.runners import CallRunner as _CallRunner
from calls.runners import blocking_and_async

from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

CONN_ID = "marketo_account"


class CallRunner(_CallRunner):
    documented = ANSWERS

    @property
    def state(self) -> Any:
        self.box.marketo.state.run_due_work()
        return self.box.marketo.state

    def hook_of(self, who: str) -> MarketoHook:
        return MarketoHook(CONN_ID)


@contextmanager
def both_runners(box: Sandbox) -> Iterator[tuple[CallRunner, CallRunner]]:
    """Provide a blocking and an async runner, for the sandbox."""
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
        with blocking_and_async(lambda blocking, loop: CallRunner(box, blocking, loop)) as runners:
            yield runners
    finally:
        del os.environ[variable]


def statuses_and_codes(results: list[Any]) -> list[tuple[str, str]]:
    """Status of each record, and why it was skipped."""
    return [(row.status, why.code if (why := row.why()) else "") for row in results]
