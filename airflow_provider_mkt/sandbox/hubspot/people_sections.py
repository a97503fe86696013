"""Tables of the page on single sends, subscriptions, lists and SMTP tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.world import Section

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.hubspot.world import HubSpotWorld

_NEWEST = 10


def people_tables(world: HubSpotWorld) -> list[Section]:
    """The newest first."""
    return [_single_sends(world), _lists(world), _subscriptions(world), _smtp_tokens(world)]


def _single_sends(world: HubSpotWorld) -> Section:
    every = world.single_sends.all()
    rows = []
    for one in reversed(every[-_NEWEST:]):
        view = world.single_sends.view(one)
        rows.append([iso(one.requested), one.email, one.to, view["status"], view.get("sendResult", "")])
    return Section("Single sends", ["at", "email", "to", "status", "result"], rows, f"{len(every):,} in all")


def _lists(world: HubSpotWorld) -> Section:
    now, every = world.clock.time(), world.lists.all()
    rows = []
    for one in reversed(every[-_NEWEST:]):
        members = len(world.lists.members(one))
        rows.append([one.id, one.name, one.kind, one.status(now), f"{members:,}"])
    return Section("Lists", ["id", "name", "kind", "status", "members"], rows, f"{len(every):,} in all")


def _subscriptions(world: HubSpotWorld) -> Section:
    store = world.subscriptions
    people = store.people()
    names = {one.id: one.name for one in store.definitions.values()}
    rows = []
    for address, consents in reversed(people[-_NEWEST:]):
        left = "everything" if store.left_all(address) is not None else ""
        states = [f"{names[type_id]}: {one.state}" for type_id, one in consents.items()]
        rows.append([address, ", ".join(states), left])
    return Section("Subscriptions", ["email", "states", "opted out of"], rows, f"{len(people):,} people")


def _smtp_tokens(world: HubSpotWorld) -> Section:
    every = world.smtp_tokens.all()
    rows = [[one.id, one.campaign, iso(one.created)] for one in reversed(every[-_NEWEST:])]
    return Section("SMTP tokens", ["user", "campaign", "created"], rows, f"{len(every):,} in all")
