"""Leads and activities by indexes: they find what a search of all finds, and other requests run meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from marketo_tools import Api
from turns import allowed, longest_turn
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.imports.rows import ORIGIN
from airflow_provider_mkt.sandbox.marketo.leads.removal import delete, merge
from airflow_provider_mkt.sandbox.marketo.leads.upsert import Planned, Upsert, apply
from airflow_provider_mkt.sandbox.marketo.leads.values import match_key

MANY = 12_000
COOKIES = [f"id:123-ABC-45{number % 3}&token:_MCH-example.com-{number}" for number in range(6)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as box:
        yield box


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def found(api: Api, kind: str, value: str) -> list[int]:
    rows = api.get("/v1/leads.json", filterType=kind, filterValues=value)["result"]
    return [row["id"] for row in rows]


def test_leads_are_found_by_cookie_partition_and_email_as_by_a_search_of_all(api: Api) -> None:
    state, chance = api.sandbox.marketo.state, random.Random(5)
    for number in range(120):
        leads = list(state.leads)
        lead = chance.choice(leads)
        match chance.randrange(6) if len(leads) > 5 else 0:
            case 0:
                values = {"email": f"p{number % 9}@example.com"}
                apply(state, Upsert(), Planned(None, values), state.now(), ORIGIN)
            case 1:
                delete(state, lead)
            case 2:
                first, second = chance.sample(leads, 2)
                merge(state, first, [second], ORIGIN)
            case 3:
                state.leads.update(lead, {"email": f"P{number % 9}@example.com"}, state.now())
            case _:
                cookie = chance.choice(COOKIES)
                state.leads.associate(lead, chance.choice((cookie, cookie.lower())))
        if number % 10:
            continue
        api.sandbox.marketo.limits.reset()
        for cookie in COOKIES:
            key = match_key(cookie)
            owners = [one.id for one in state.leads if key in map(match_key, one.cookies)]
            assert [one.id for one in state.leads.find("cookies", cookie)] == owners
        assert found(api, "leadPartitionId", "1") == [one.id for one in state.leads if one.partition_id == 1]
        for place in range(9):
            email = f"p{place}@example.com"
            having = [one.id for one in state.leads if str(one.values.get("email")).lower() == email]
            assert found(api, "email", email) == having


def test_activities_of_a_type_are_those_of_the_whole_log_in_its_order(api: Api) -> None:
    log, chance, now = api.state.log, random.Random(3), api.sandbox.marketo.clock.now()
    for _ in range(300):
        at = now.replace(microsecond=0, second=chance.randrange(60), minute=chance.randrange(60))
        log.add(chance.choice((1, 2, 10)), seed.ANNA, at)
    every = log.all()
    assert every == sorted(every, key=lambda row: (row.date, row.id))
    for kind in (1, 2, 10, 77):
        assert log.all(kind) == [row for row in every if row.type_id == kind]


def test_members_of_a_list_are_paged_by_id_without_those_of_other_partitions(api: Api) -> None:
    state, chance = api.sandbox.marketo.state, random.Random(8)
    chosen, now = state.lists[seed.STATIC_LIST], state.now()
    for number in range(700):
        values = {"email": f"m{number}@example.com"}
        lead, _ = apply(state, Upsert(), Planned(None, values), now, ORIGIN)
        lead.partition_id = chance.choice((1, 1, 1, 77))
    ids = [lead.id for lead in state.leads]
    chance.shuffle(ids)
    chosen.members.clear()
    chosen.members.update(dict.fromkeys(ids[:650], now))
    wanted = sorted(one for one in ids[:650] if state.leads.existing(one).partition_id != 77)
    rows: list[int] = []
    more: dict[str, Any] = {}
    while True:
        page = api.get(f"/v1/lists/{chosen.id}/leads.json", batchSize=100, **more)
        rows += [row["id"] for row in page["result"]]
        assert page["moreResult"] is (len(rows) < len(wanted))
        if not page["moreResult"]:
            break
        more = {"nextPageToken": page["nextPageToken"]}
    assert rows == wanted


def test_an_import_and_an_export_of_many_leads_let_other_requests_run(api: Api) -> None:
    content = "email,firstName\n" + "".join(f"n{number}@example.com,N\n" for number in range(MANY))
    api.state.accounts.settings.export_minutes = 0.01
    with longest_turn(api.sandbox) as turns:
        (job,) = api.upload("/leads.json", content, format="csv").json()["result"]
        # All rows are due at once.
        api.advance(1_200)
        (done,) = api.bulk(f"/leads/batch/{job['batchId']}.json").json()["result"]
        now = api.sandbox.marketo.clock.now()
        # Not the day of now, since the leads were created before the clock was advanced.
        created = {"startAt": f"{now - timedelta(hours=1):%FT%TZ}", "endAt": f"{now:%FT%TZ}"}
        body = {"fields": ["id", "email"], "filter": {"createdAt": created}}
        (export,) = api.client.post("/bulk/v1/leads/export/create.json", json=body).json()["result"]
        api.client.post(f"/bulk/v1/leads/export/{export['exportId']}/enqueue.json")
        api.advance(60)
        status = f"/leads/export/{export['exportId']}/status.json"
        api.bulk(status)
        api.advance(60)
        # A large file is written while requests are answered.
        until(lambda: api.bulk(status).json()["result"][0]["status"] == "Completed")
        (written,) = api.bulk(status).json()["result"]
        file = api.bulk(f"/leads/export/{export['exportId']}/file.json").text
    assert (done["status"], done["numOfLeadsProcessed"]) == ("Complete", MANY)
    emails = [line.split(",")[1] for line in file.splitlines()[1:]]
    assert written["numberOfRecords"] == len(emails)
    assert emails[-MANY:] == [f"n{number}@example.com" for number in range(MANY)]
    assert max(turns) < allowed()
