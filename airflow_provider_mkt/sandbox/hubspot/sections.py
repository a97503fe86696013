"""The tables of HubSpot's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.hubspot.automation.sections import automation_tables
from airflow_provider_mkt.sandbox.hubspot.events.record import STATES
from airflow_provider_mkt.sandbox.hubspot.events.views import counters
from airflow_provider_mkt.sandbox.hubspot.people_sections import people_tables
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.world import Section

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.hubspot.world import HubSpotWorld

NEWEST = 10


def tables(world: HubSpotWorld) -> list[Section]:
    """Contacts, campaigns, emails, sends, events and enrolments, the newest first."""
    return [
        _contacts(world),
        _campaigns(world),
        _emails(world),
        _sends(world),
        _events(world),
        _imports(world),
        *automation_tables(world.automation),
        _enrolments(world),
        *people_tables(world),
    ]


def _contacts(world: HubSpotWorld) -> Section:
    live = list(world.contacts.live())
    rows = [
        [
            one.id,
            one.properties.get("email", ""),
            f"{one.properties.get('firstname', '')} {one.properties.get('lastname', '')}".strip(),
            one.properties.get("lifecyclestage", ""),
            iso(one.updated),
        ]
        for one in reversed(live[-NEWEST:])
    ]
    return Section("Contacts", ["id", "email", "name", "stage", "updated"], rows, f"{len(live):,} in all")


def _campaigns(world: HubSpotWorld) -> Section:
    every = world.campaigns.all()
    rows = [
        [
            one.id,
            one.name,
            one.properties.get("hs_campaign_status", ""),
            str(sum(map(len, one.assets.values()))),
            f"{sum(line.amount for line in one.budget.values()):,.2f}",
            f"{sum(line.amount for line in one.spend.values()):,.2f}",
            iso(one.updated),
        ]
        for one in reversed(every[-NEWEST:])
    ]
    columns = ["id", "name", "status", "assets", "budget", "spent", "updated"]
    return Section("Campaigns", columns, rows, f"{len(every):,} in all")


def _emails(world: HubSpotWorld) -> Section:
    now, every = world.clock.time(), world.emails.all()
    rows = [
        [
            one.id,
            one.name,
            "archived" if one.archived_at is not None else world.emails.state(one),
            "yes" if one.draft is not None else "",
            "" if one.partner is None else f"{one.role}, with {one.partner}",
            str(len(one.revisions)),
            str(sum(1 for send in one.sends if not send.cancelled)),
            f"{one.reached(now, world.settings):,}",
        ]
        for one in reversed(every[-NEWEST:])
    ]
    columns = ["id", "name", "state", "draft", "test", "revisions", "sends", "mails out"]
    return Section("Marketing emails", columns, rows, f"{len(every):,} in all")


def _sends(world: HubSpotWorld) -> Section:
    sends = world.emails.sends()
    rows = [
        [iso(send.due), email.id, email.name, "failed" if send.failed else f"{send.recipients or 0:,}"]
        for email, send in reversed(sends[-NEWEST:])
    ]
    return Section("Sends", ["at", "email", "name", "recipients"], rows, f"{len(sends):,} in all")


def _events(world: HubSpotWorld) -> Section:
    every = world.events.all()
    rows = []
    for one in reversed(every[-NEWEST:]):
        counted = counters(world, one)
        flags = [word for word in ("cancelled", "completed") if one.values.get(f"event{word.title()}")]
        numbers = [str(counted[state]) for state in STATES]
        rows.append([one.id, one.external_event_id, one.name, ", ".join(flags), *numbers])
    columns = ["id", "external id", "name", "marked", "registered", "attended", "cancelled", "no-shows"]
    return Section("Marketing events", columns, rows, f"{len(every):,} in all")


def _imports(world: HubSpotWorld) -> Section:
    world.imports.settle()
    every = world.imports.all()
    rows = [
        [
            one.id,
            one.name,
            one.state,
            *(f"{one.counters[name]:,}" for name in ("CREATED_OBJECTS", "UPDATED_OBJECTS", "ERRORS")),
        ]
        for one in reversed(every[-NEWEST:])
    ]
    return Section("Imports", ["id", "name", "state", "created", "updated", "errors"], rows)


def _enrolments(world: HubSpotWorld) -> Section:
    enrolments = world.legacy.enrolments
    rows = [
        [iso(one.at), world.legacy.campaigns[one.campaign].name, one.lead]
        for one in reversed(enrolments[-NEWEST:])
    ]
    return Section("Nurture enrolments", ["at", "campaign", "lead"], rows, f"{len(enrolments):,} in all")
