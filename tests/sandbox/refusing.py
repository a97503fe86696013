"""Run a call that must fail, in both drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hubspot_runs import CONN_ID

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.hooks.base import ahook_for, hook_for
from airflow_provider_mkt.hooks.run_context import RunContext

ONE_ATTEMPT = RunContext(retry_policy=RetryPolicy(max_elapsed=0.0, max_ambiguous_retries=0))


def refused(call: Call[Any]) -> Iterator[PlatformError]:
    """Return the errors of the blocking and of the async driver."""

    async def on_a_loop() -> None:
        async with (await ahook_for(CONN_ID)).bind(ONE_ATTEMPT) as hook:
            await hook.arun(call)

    def here() -> None:
        with hook_for(CONN_ID).bind(ONE_ATTEMPT) as hook:
            hook.run(call)

    for way in (here, lambda: asyncio.run(on_a_loop())):
        with pytest.raises(PlatformError) as error:
            way()
        yield error.value
