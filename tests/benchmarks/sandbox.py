"""CPU time of requests to a sandbox that holds 158,000 people, and how long they hold up other clients.

Both platforms share one event loop: a turn of it that takes long holds up every client. Turns are measured in
CPU time, which other work on the machine hardly changes. ``sandbox.py [hubspot] [marketo]``.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from bench import Platform, heading, line, selected_platforms

from airflow_provider_mkt.cli.serve import _collect_rarely
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.upsert import Planned, Upsert, apply

PEOPLE = 158_000
ROWS = 100_000
_CONTACTS = "/crm/objects/2026-09/contacts"


class Turns:
    """Measures the turns of the sandbox's event loop."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.total = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure while the context is open."""
        run, self.longest, self.total = asyncio.Handle._run, 0.0, 0.0

        def timed(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            run(handle)
            took = time.thread_time() - began
            if threading.current_thread().name == "mkt-sandbox":
                self.longest, self.total = max(self.longest, took), self.total + took

        asyncio.Handle._run = timed  # type: ignore[assignment]
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]


def fill_hubspot(box: Sandbox) -> None:
    contacts = box.hubspot.state.contacts
    for number in range(PEOPLE):
        contacts.create(
            {
                "email": f"p{number}@example.com",
                "firstname": f"First {number % 5_000}",
                "lastname": f"Last {number % 50}",
                "city": "Bern" if number % 3 else "Basel",
            }
        )


def fill_marketo(box: Sandbox) -> None:
    state = box.marketo.state
    now, origin = state.now() - timedelta(days=1), Origin("Web service API", "importLead")
    for number in range(PEOPLE):
        values = {
            "email": f"p{number}@example.com",
            "firstName": f"First {number % 5_000}",
            "lastName": f"Last {number % 50}",
            "city": "Bern" if number % 3 else "Basel",
        }
        apply(state, Upsert(), Planned(None, dict(values)), now, origin)


def hubspot_client(box: Sandbox) -> httpx.Client:
    headers = {"Authorization": f"Bearer {seed.TOKEN}"}
    return httpx.Client(base_url=box.hubspot.url, headers=headers, timeout=600)


def marketo_client(box: Sandbox) -> httpx.Client:
    client = httpx.Client(base_url=box.marketo.url, timeout=600)
    login = {
        "grant_type": "client_credentials",
        "client_id": marketo_seed.CLIENT_ID,
        "client_secret": marketo_seed.CLIENT_SECRET,
    }
    answer = httpx.get(f"{box.marketo.url}/identity/oauth/token", params=login).raise_for_status()
    token = answer.json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def search(client: httpx.Client, *filters: dict[str, object], **more: object) -> None:
    body = {"filterGroups": [{"filters": list(filters)}]} if filters else {}
    client.post(f"{_CONTACTS}/search", json={"limit": 100, **body, **more}).raise_for_status()


def of(name: str, operator: str, value: object) -> dict[str, object]:
    key = "values" if operator == "IN" else "value"
    return {"propertyName": name, "operator": operator, key: value}


def good(response: httpx.Response) -> httpx.Response:
    response.raise_for_status()
    if response.headers["content-type"].startswith("application/json"):
        assert response.json().get("success", True), response.text
    return response


def hubspot_work(box: Sandbox, client: httpx.Client) -> Iterator[tuple[str, Callable[[], object]]]:
    emails = [f"p{number}@example.com" for number in range(0, 5_000, 50)]
    since = str(int((box.hubspot.clock.time() - 3_600) * 1_000))
    yield "search: one email", lambda: search(client, of("email", "EQ", "p77777@example.com"))
    yield "search: 100 emails", lambda: search(client, of("email", "IN", emails))
    yield "search: EQ, 32 of all", lambda: search(client, of("firstname", "EQ", "First 7"))
    yield "search: EQ, 3,160 of all", lambda: search(client, of("lastname", "EQ", "Last 7"))
    yield "search: EQ, 52,667 of all", lambda: search(client, of("city", "EQ", "Basel"))
    yield (
        "search: changed in the last hour, sorted",
        lambda: search(client, of("lastmodifieddate", "GTE", since), sorts=["lastmodifieddate"]),
    )
    yield "search: text", lambda: search(client, query="p77777")
    yield "contacts, a page", lambda: good(client.get(_CONTACTS, params={"limit": 100}))
    made = {"name": "All", "objectTypeId": "0-1", "processingType": "MANUAL"}
    number = good(client.post("/crm/lists/2026-09", json=made)).json()["list"]["listId"]
    ids = [one.id for one in box.hubspot.state.contacts.live()][:ROWS]
    path = f"/crm/lists/2026-09/{number}/memberships"
    yield "list: add 100,000 members", lambda: good(client.put(f"{path}/add", json=ids))
    yield "list: a page of its 100,000 members", lambda: good(client.get(path, params={"limit": 100}))
    yield "list: its size", lambda: good(client.get(f"/crm/lists/2026-09/{number}"))
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Basel"]}
    item = {"filterType": "PROPERTY", "property": "city", "operation": operation}
    branch = {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "AND", "filters": [item]}]}
    active = {"name": "Basel", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    other = good(client.post("/crm/lists/2026-09", json=active)).json()["list"]["listId"]
    box.hubspot.clock.advance(60)
    yield "list: fill by a filter", lambda: good(client.get(f"/crm/lists/2026-09/{other}"))
    yield "list: a page by a filter", lambda: good(client.get(f"/crm/lists/2026-09/{other}/memberships"))
    yield "the page of the sandbox", lambda: good(client.get("/"))
    yield "import: upload 100,000 rows", lambda: start_hubspot_import(box, client)
    yield "import: its rows, all due at once", lambda: end_of_import(box, client)


def start_hubspot_import(box: Sandbox, client: httpx.Client) -> None:
    names = ("email", "firstname", "lastname")
    mapped = [
        {"columnObjectTypeId": "0-1", "columnName": name, "propertyName": name, "columnType": kind}
        for name, kind in zip(names, ("HUBSPOT_ALTERNATE_ID", "STANDARD", "STANDARD"), strict=True)
    ]
    page = {"hasHeader": True, "columnMappings": mapped}
    file = {"fileName": "people.csv", "fileFormat": "CSV", "fileImportPage": page}
    order = {"name": "People", "files": [file]}
    answer = client.post(
        "/crm/imports/2026-09",
        data={"importRequest": json.dumps(order)},
        files={"files": ("people.csv", people_csv(names), "text/csv")},
    )
    good(answer)


def end_of_import(box: Sandbox, client: httpx.Client) -> None:
    box.hubspot.clock.advance(3_600)
    (one,) = good(client.get("/crm/imports/2026-09")).json()["results"]
    assert one["state"] == "DONE", one


def people_csv(names: tuple[str, str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows((f"new{number}@example.com", f"First {number}", "Last") for number in range(ROWS))
    return out.getvalue().encode()


def marketo_work(box: Sandbox, client: httpx.Client) -> Iterator[tuple[str, Callable[[], object]]]:
    emails = ",".join(f"p{number}@example.com" for number in range(0, 5_000, 50))

    def leads(kind: str, values: str) -> None:
        good(client.get("/rest/v1/leads.json", params={"filterType": kind, "filterValues": values}))

    yield "leads by one email", lambda: leads("email", "p77777@example.com")
    yield "leads by 100 emails", lambda: leads("email", emails)
    yield (
        "leads by partition",
        lambda: client.get(
            "/rest/v1/leads.json", params={"filterType": "leadPartitionId", "filterValues": "1"}
        ),
    )
    yield "leads by a cookie", lambda: leads("cookies", "id:123-ABC-456&token:_mch-example.com-1")
    since = (box.marketo.clock.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    start = {"sinceDatetime": since}
    token = good(client.get("/rest/v1/activities/pagingtoken.json", params=start)).json()["nextPageToken"]
    query = {"activityTypeIds": "12", "nextPageToken": token}
    yield "activities by type, a page", lambda: good(client.get("/rest/v1/activities.json", params=query))
    chosen = next(iter(box.marketo.state.lists.values()))
    chosen.members.update(
        dict.fromkeys([one.id for one in box.marketo.state.leads][:ROWS], box.marketo.state.now())
    )
    members = f"/rest/v1/lists/{chosen.id}/leads.json"
    yield "list: a page of its 100,000 members", lambda: good(client.get(members))
    yield "the page of the sandbox", lambda: good(client.get("/"))
    yield "import: upload 100,000 rows", lambda: start_marketo_import(box, client)
    yield "import: its rows, all due at once", lambda: end_of_marketo_import(box, client)
    yield "export: start, all leads", lambda: start_marketo_export(box, client)
    yield "export: write the file", lambda: end_of_marketo_export(box, client)


def start_marketo_import(box: Sandbox, client: httpx.Client) -> None:
    content = people_csv(("email", "firstName", "lastName"))
    good(client.post("/bulk/v1/leads.json", params={"format": "csv"}, files={"file": ("a.csv", content)}))


def end_of_marketo_import(box: Sandbox, client: httpx.Client) -> None:
    box.marketo.clock.advance(1_200)
    (job,) = box.marketo.state.imports.all()
    (row,) = good(client.get(f"/bulk/v1/leads/batch/{job.id}.json")).json()["result"]
    assert row["status"] == "Complete", row


def start_marketo_export(box: Sandbox, client: httpx.Client) -> None:
    now = box.marketo.clock.now()
    first, last = ((now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (-2, 1))
    body = {"fields": ["id", "email", "city"], "filter": {"createdAt": {"startAt": first, "endAt": last}}}
    (row,) = good(client.post("/bulk/v1/leads/export/create.json", json=body)).json()["result"]
    good(client.post(f"/bulk/v1/leads/export/{row['exportId']}/enqueue.json"))


def end_of_marketo_export(box: Sandbox, client: httpx.Client) -> None:
    (job,) = box.marketo.state.exports.all()
    box.marketo.clock.advance(90)
    good(client.get(f"/bulk/v1/leads/export/{job.id}/status.json"))
    box.marketo.clock.advance(1_200)
    (row,) = good(client.get(f"/bulk/v1/leads/export/{job.id}/status.json")).json()["result"]
    assert row["numberOfRecords"] >= PEOPLE, row


FILL = {"hubspot": fill_hubspot, "marketo": fill_marketo}
WORK = {"hubspot": hubspot_work, "marketo": marketo_work}
CLIENTS = {"hubspot": hubspot_client, "marketo": marketo_client}


def main(platforms: list[Platform]) -> None:
    _collect_rarely()
    heading("platform", "request", "first, CPU ms", "again, CPU ms", "longest turn, CPU ms")
    for platform in platforms:
        with Sandbox() as box, CLIENTS[platform.name](box) as client:
            limits = box.platforms[platform.name].limits
            limits.rate.limit = limits.secondly.limit = limits.daily.limit = None
            FILL[platform.name](box)
            # The index of a search is behind writes.
            box.clock.advance(60)
            for name, run in WORK[platform.name](box, client):
                turns = Turns()
                with turns.watching():
                    run()
                    good(client.get("/_sandbox/clock"))
                first, longest = turns.total, turns.longest
                again = "" if name.startswith(("import", "export")) else f"{_again(turns, client, run):.1f}"
                line(
                    platform.name,
                    name,
                    f"{first * 1e3:.1f}",
                    again,
                    f"{max(longest, turns.longest) * 1e3:.1f}",
                )


def _again(turns: Turns, client: httpx.Client, run: Callable[[], object]) -> float:
    with turns.watching():
        run()
        good(client.get("/_sandbox/clock"))
    return turns.total * 1e3


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]))
