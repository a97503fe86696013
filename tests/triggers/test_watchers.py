"""Watchers find every entry of a feed in exactly one event, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from watching import change, contact, watching

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.lists.models import RecordList
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import NEW_LEAD
from airflow_provider_mkt.sandbox.marketo.leads.access import origin
from airflow_provider_mkt.sandbox.marketo.leads.removal import delete, merge
from airflow_provider_mkt.triggers.emails import EmailsSentTrigger
from airflow_provider_mkt.triggers.leads import (
    DeletedLeadsTrigger,
    FormSubmissionsTrigger,
    LeadActivitiesTrigger,
    LeadChangesTrigger,
    ListMembersTrigger,
    ListRemovalsTrigger,
    NewLeadsTrigger,
)

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))


def joined_before(one: RecordList) -> None:
    """Have all members join an hour before now."""
    for times in (one.joined, one.present):
        times.update({member: at - 3600 for member, at in times.items()})
    one.orders.clear()


def test_new_and_changed_contacts(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.search_lag = 0

    async def run() -> None:
        async with (
            watching(NewLeadsTrigger("hubspot_default")) as new,
            watching(LeadChangesTrigger("hubspot_default")) as changed,
        ):
            assert (await new.poll(), await changed.poll()) == (None, None)
            made = contact(sandbox, "new")
            old = sandbox.hubspot.state.contacts.get(hubspot.CONTACT_IDS[0])
            assert old is not None
            sandbox.hubspot.state.contacts.update(old, {"company": "Other Ltd"})
            event = await new.found()
            assert event["ids"] == [made]
            assert (await changed.found())["ids"] == sorted([old.id, made], key=int)
            assert {**event, "key": "", "from": event["to"], "account": ""} == {
                "kind": "new_leads",
                "platform": "hubspot",
                "account": "",
                "conn_id": "hubspot_default",
                "about": {},
                "key": "",
                "from": event["to"],
                "to": event["to"],
                "count": 1,
                "ids": [made],
                "more": False,
            }
            assert (await new.poll(), await changed.poll()) == (None, None)

    asyncio.run(run())


def test_new_and_changed_leads_of_marketo(sandbox: Sandbox) -> None:
    async def run() -> None:
        async with (
            watching(NewLeadsTrigger("marketo_default")) as new,
            watching(LeadChangesTrigger("marketo_default", fields=["firstName"])) as changed,
        ):
            assert (await new.poll(), await changed.poll()) == (None, None)
            change(sandbox, marketo.ANNA, NEW_LEAD)
            change(sandbox, marketo.BEN)
            assert (await new.found())["ids"] == [str(marketo.ANNA)]
            assert (await changed.found())["ids"] == [str(marketo.ANNA), str(marketo.BEN)]
            assert (await new.poll(), await changed.poll()) == (None, None)

    asyncio.run(run())


def test_members_of_a_list_are_found_when_others_leave_it(sandbox: Sandbox) -> None:
    state = sandbox.hubspot.state
    one = state.lists.get(hubspot.LIST_ID)
    assert one is not None
    joined_before(one)

    async def run() -> None:
        async with watching(ListMembersTrigger("hubspot_default", list_id=hubspot.LIST_ID)) as watch:
            assert await watch.poll() is None
            first, second = contact(sandbox, "first"), contact(sandbox, "second")
            state.lists.add_members(one, [first])
            assert (await watch.found())["ids"] == [first]
            # The members before move to other places.
            state.lists.take_out(one, [next(iter(one.joined)), first])
            state.lists.add_members(one, [second, first])
            sandbox.clock.advance(1)
            event = await watch.found()
            assert sorted(event["ids"]) == sorted([first, second])
            assert await watch.poll() is None

    asyncio.run(run())


def test_a_long_list_is_read_from_where_its_window_begins(sandbox: Sandbox) -> None:
    state = sandbox.hubspot.state
    one = state.lists.get(hubspot.LIST_ID)
    assert one is not None
    state.lists.add_members(one, [contact(sandbox, f"member{number}") for number in range(1000)])
    joined_before(one)
    pages = sandbox.hubspot.calls.of("GET", "/crm/lists/2026-09/{listId}/memberships/join-order")

    async def run() -> None:
        trigger = ListMembersTrigger("hubspot_default", list_id=hubspot.LIST_ID)
        async with watching(trigger) as watch:
            assert await watch.poll() is None
            begun = pages.total
            assert begun >= 4
            late = contact(sandbox, "late")
            state.lists.add_members(one, [late])
            assert (await watch.found())["ids"] == [late]
            assert pages.total - begun == 1

    asyncio.run(run())


def test_members_of_a_static_list_forms_and_activities_of_marketo(sandbox: Sandbox) -> None:
    def log(kind: int, lead: int, about: int) -> None:
        state = sandbox.marketo.state
        state.log.add(kind, lead, state.now(), primary=(about, "x"))

    async def run() -> None:
        async with (
            watching(ListMembersTrigger("marketo_default", list_id=1001)) as members,
            watching(FormSubmissionsTrigger("marketo_default", form_id="7")) as form,
            watching(FormSubmissionsTrigger("marketo_default")) as forms,
            watching(LeadActivitiesTrigger("marketo_default", activity_type_ids=[10, 11])) as active,
            watching(LeadActivitiesTrigger("marketo_default", activity_type_ids=[10], about_id=5)) as about,
            watching(LeadActivitiesTrigger("marketo_default", activity_type_ids=[25], about_id=1001)) as left,
        ):
            every = (members, form, forms, active, about, left)
            assert [await one.poll() for one in every] == [None] * 6
            log(25, marketo.CARLA, 1001)
            log(25, marketo.CARLA, 1002)
            log(24, marketo.ANNA, 1001)
            log(24, marketo.BEN, 1002)
            log(2, marketo.BEN, 7)
            log(2, marketo.CARLA, 8)
            log(10, marketo.ANNA, 5)
            log(11, marketo.BEN, 5)
            log(10, marketo.CARLA, 6)
            anna, ben, carla = map(str, (marketo.ANNA, marketo.BEN, marketo.CARLA))
            found = [(await one.found())["ids"] for one in every]
            assert found == [[anna], [ben], [ben, carla], [anna, ben, carla], [anna], [carla]]

    asyncio.run(run())


def test_submissions_of_a_hubspot_form(sandbox: Sandbox) -> None:
    forms = sandbox.hubspot.state.forms
    form = forms.get(hubspot.NEWSLETTER_FORM)
    assert form is not None

    async def run() -> None:
        trigger = FormSubmissionsTrigger("hubspot_default", form_id=hubspot.NEWSLETTER_FORM)
        async with watching(trigger) as watch:
            assert await watch.poll() is None
            made = [forms.submit(form, [{"name": "email", "value": f"a{n}@b.example"}]) for n in range(120)]
            event = await watch.found()
            assert (event["count"], len(event["ids"]), event["more"]) == (120, 100, True)
            assert "@" not in json.dumps(event)
            assert {one.conversion for one in made} >= set(event["ids"])
            assert await watch.poll() is None

    asyncio.run(run())


def test_hubspot_emails_are_found_when_their_send_is_over(sandbox: Sandbox) -> None:
    box, store = sandbox.hubspot, sandbox.hubspot.state.emails
    box.settings.email_preprocessing = box.settings.email_processing = 0.0
    newsletter = store.get(hubspot.NEWSLETTER_EMAIL)
    assert newsletter is not None
    draft, planned = (store.create({**newsletter.live, "name": name}) for name in ("Draft", "Planned"))
    # Scheduled before the watcher begins, for an hour later.
    store.publish(planned, at=sandbox.clock.time() + 3600)

    async def run() -> None:
        async with watching(EmailsSentTrigger("hubspot_default")) as watch:
            assert await watch.poll() is None
            store.publish(draft)
            sandbox.clock.advance(2)
            assert (await watch.found())["ids"] == [draft.id]
            assert await watch.poll() is None
            sandbox.clock.advance(7200)
            assert (await watch.found())["ids"] == [planned.id]
            assert await watch.poll() is None

    asyncio.run(run())


def test_email_programs_of_marketo_are_found_when_their_start_has_passed(sandbox: Sandbox) -> None:
    state = sandbox.marketo.state
    program = state.programs[marketo.EMAIL_PROGRAM]

    async def run() -> None:
        async with watching(EmailsSentTrigger("marketo_default")) as watch:
            assert await watch.poll() is None
            program.start = state.now().replace(microsecond=0) + timedelta(seconds=2)
            program.locked, program.updated_at = True, state.now()
            event = await watch.found()
            assert event["ids"] == [str(program.id)]
            assert await watch.poll() is None

    asyncio.run(run())


def test_removed_and_deleted_leads_of_marketo(sandbox: Sandbox) -> None:
    state = sandbox.marketo.state

    async def run() -> None:
        async with (
            watching(ListRemovalsTrigger("marketo_default", list_id=1001)) as left,
            watching(DeletedLeadsTrigger("marketo_default")) as gone,
            watching(DeletedLeadsTrigger("marketo_default", include_merged=False)) as deleted,
        ):
            every = (left, gone, deleted)
            assert [await one.poll() for one in every] == [None] * 3
            now = state.now()
            state.log.add(25, marketo.CARLA, now, primary=(1001, "x"))
            state.log.add(25, marketo.BEN, now, primary=(1002, "x"))
            leads = [state.leads.existing(one) for one in (marketo.BEN, marketo.CARLA)]
            merge(state, state.leads.existing(marketo.ANNA), leads, origin("mergeLeads"))
            delete(state, state.leads.existing(marketo.DAVID))
            ben, carla, david = map(str, (marketo.BEN, marketo.CARLA, marketo.DAVID))
            found = [sorted((await one.found())["ids"]) for one in every]
            assert found == [[carla], sorted([ben, carla, david]), [david]]
            assert [await one.poll() for one in every] == [None] * 3

    asyncio.run(run())
