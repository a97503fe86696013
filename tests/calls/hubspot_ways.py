"""The ways to run a HubSpot call: through the hook, blocking or on a loop, in either version profile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from calls.hubspot_answers import ANSWERS
from calls.ways import Way as _Way
from calls.ways import two_ways

from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seed as seeding

CONNECTIONS: dict[str, dict[str, Any]] = {
    "account": {"password": seed.TOKEN},
    "developer": {"password": seeding.DEVELOPER_TOKEN},
    "client": {
        "login": seed.OAUTH_CLIENT_ID,
        "password": seed.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": seed.REFRESH_TOKEN},
    },
}


class Way(_Way):
    documented = ANSWERS

    def hook_of(self, who: str) -> HubSpotHook:
        return HubSpotHook(f"{who}_{self.profile}")


@contextmanager
def both_ways(box: Sandbox, profile: str) -> Iterator[tuple[Way, Way]]:
    """A blocking way and one on a loop, for the sandbox in one profile."""
    variables = {}
    for who, given in CONNECTIONS.items():
        extra = {"api_version": profile, "legacy_calls": True, **given.get("extra", {})}
        connection = {"conn_type": "hubspot", "host": box.hubspot.url, **given, "extra": extra}
        variables[f"AIRFLOW_CONN_{who.upper()}_{profile.upper()}"] = json.dumps(connection)
    os.environ.update(variables)
    try:
        with two_ways(lambda blocking, loop: Way(box, blocking, loop, profile)) as ways:
            yield ways
    finally:
        for name in variables:
            del os.environ[name]
