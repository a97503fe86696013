"""Loops over public clients, as their manuals show them. Run in a process of their own by ``ceiling.py``.

``clients.py <platform> <URL> <calls at most> <seconds at most> <share of bad leads>`` prints JSON: calls
answered, seconds, leads written, bad leads that an answer named, and exceptions.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import HUBSPOT, PLATFORMS, Platform

Told = tuple[int, int]
"""Leads written, and leads that were named with a reason."""


def hubspot(url: str) -> Callable[[list[dict[str, Any]]], Told]:
    from hubspot import Client
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInputUpsert,
        SimplePublicObjectBatchInputUpsert,
    )

    from airflow_provider_mkt.sandbox.hubspot import seed

    api = Client.create(access_token=seed.TOKEN, host=url.rstrip("/")).crm.contacts.batch_api

    def send(leads: list[dict[str, Any]]) -> Told:
        inputs = [
            SimplePublicObjectBatchInputUpsert(id=lead["email"], id_property="email", properties=lead)
            for lead in leads
        ]
        answer = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
        return len(answer.results), 0

    return send


def marketo(url: str) -> Callable[[list[dict[str, Any]]], Told]:
    from marketorestpython.client import MarketoClient

    from airflow_provider_mkt.sandbox.marketo import seed

    client = MarketoClient("123-ABC-456", seed.CLIENT_ID, seed.CLIENT_SECRET, max_retry_time=60)
    client.host = url.rstrip("/")

    def send(leads: list[dict[str, Any]]) -> Told:
        rows = client.execute(method="create_update_leads", leads=leads)
        written = sum(row["status"] in ("created", "updated") for row in rows)
        return written, sum("reasons" in row for row in rows)

    return send


def loop(platform: Platform, url: str, calls: int, seconds: float, bad: float) -> dict[str, Any]:
    """Send batch after batch. An exception is what the manual says to catch; the loop goes on."""
    send = (hubspot if platform is HUBSPOT else marketo)(url)
    chance = random.Random(1)
    begun, numbers = time.monotonic(), iter(range(10**9))
    answered = written = named = failed = good = wrong = 0
    while answered + failed < calls and time.monotonic() - begun < seconds:
        leads: list[dict[str, Any]] = []
        for _ in range(platform.batch):
            score = "bad" if chance.random() < bad else "7"
            wrong += score == "bad"
            good += score != "bad"
            leads.append({"email": f"client{next(numbers)}@example.com", platform.score: score})
        try:
            one, other = send(leads)
        except Exception:
            failed += 1
            continue
        answered, written, named = answered + 1, written + one, named + other
    return {
        "calls": answered,
        "seconds": time.monotonic() - begun,
        "good": good,
        "bad": wrong,
        "written": written,
        "named": named,
        "exceptions": failed,
    }


if __name__ == "__main__":
    name, address, most, longest, share = sys.argv[1:]
    print(json.dumps(loop(PLATFORMS[name], address, int(most), float(longest), float(share))))
