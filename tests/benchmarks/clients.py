"""Loops over public clients, as their manuals show them. ``ceiling.py`` runs them in their own processes.

``clients.py <platform> <URL> <most calls> <most seconds> <share of invalid leads>`` prints JSON: completed
calls, seconds, written leads, invalid leads that a response reported, and exceptions.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import HUBSPOT, PLATFORMS, Platform

SendResult = tuple[int, int]
"""Written leads, and leads that the response reported with a reason."""


def hubspot(url: str) -> Callable[[list[dict[str, Any]]], SendResult]:
    from hubspot import Client
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInputUpsert,
        SimplePublicObjectBatchInputUpsert,
    )

    from airflow_provider_mkt.sandbox.hubspot import seed

    api = Client.create(access_token=seed.TOKEN, host=url.rstrip("/")).crm.contacts.batch_api

    def send(leads: list[dict[str, Any]]) -> SendResult:
        inputs = [
            SimplePublicObjectBatchInputUpsert(id=lead["email"], id_property="email", properties=lead)
            for lead in leads
        ]
        response = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
        return len(response.results), 0

    return send


def marketo(url: str) -> Callable[[list[dict[str, Any]]], SendResult]:
    from marketorestpython.client import MarketoClient

    from airflow_provider_mkt.sandbox.marketo import seed

    client = MarketoClient("123-ABC-456", seed.CLIENT_ID, seed.CLIENT_SECRET, max_retry_time=60)
    client.host = url.rstrip("/")

    def send(leads: list[dict[str, Any]]) -> SendResult:
        rows = client.execute(method="create_update_leads", leads=leads)
        written = sum(row["status"] in ("created", "updated") for row in rows)
        return written, sum("reasons" in row for row in rows)

    return send


def loop(platform: Platform, url: str, calls: int, seconds: float, invalid_share: float) -> dict[str, Any]:
    """Send batches one after the other. As in the manuals, an exception does not end the loop."""
    send = (hubspot if platform is HUBSPOT else marketo)(url)
    chance = random.Random(1)
    begun, numbers = time.monotonic(), iter(range(10**9))
    completed = written = reported = failed = valid = invalid = 0
    while completed + failed < calls and time.monotonic() - begun < seconds:
        leads: list[dict[str, Any]] = []
        for _ in range(platform.batch):
            score = "bad" if chance.random() < invalid_share else "7"
            invalid += score == "bad"
            valid += score != "bad"
            leads.append({"email": f"client{next(numbers)}@example.com", platform.score: score})
        try:
            new_written, new_reported = send(leads)
        except Exception:
            failed += 1
            continue
        completed, written, reported = completed + 1, written + new_written, reported + new_reported
    return {
        "calls": completed,
        "seconds": time.monotonic() - begun,
        "valid": valid,
        "invalid": invalid,
        "written": written,
        "reported": reported,
        "exceptions": failed,
    }


if __name__ == "__main__":
    name, address, most, longest, share = sys.argv[1:]
    print(json.dumps(loop(PLATFORMS[name], address, int(most), float(longest), float(share))))
