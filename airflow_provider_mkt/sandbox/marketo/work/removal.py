"""Leads that go: deleted, or merged into another."""

from airflow_provider_mkt.sandbox.marketo.work.origin import Origin
from airflow_provider_mkt.sandbox.marketo.work.upsert import log_changes
from airflow_provider_mkt.sandbox.marketo.world.activity_types import DELETE_LEAD, MERGE_LEADS
from airflow_provider_mkt.sandbox.marketo.world.instance import Instance
from airflow_provider_mkt.sandbox.marketo.world.leads import Lead
from airflow_provider_mkt.sandbox.marketo.world.values import Value


def delete(world: Instance, lead: Lead) -> None:
    """Delete a lead and everything it was a member of; its activities stay."""
    name = " ".join(str(lead.values[key]) for key in ("firstName", "lastName") if lead.values.get(key))
    world.log.add(
        DELETE_LEAD,
        lead.id,
        world.now(),
        {"Campaign": "Web service API", "Remove From CRM": False},
        primary=(lead.id, name or str(lead.values.get("email", lead.id))),
    )
    _forget(world, lead)


def merge(world: Instance, winner: Lead, losers: list[Lead], origin: Origin) -> None:
    """Fold leads into one: the winner's values win, and gaps are filled from the losers in order."""
    now = world.now()
    gaps: dict[str, Value] = {}
    for loser in losers:
        for name, value in loser.values.items():
            if name not in winner.values and name not in gaps:
                gaps[name] = value
        for cookie in list(loser.cookies):
            world.leads.associate(winner, cookie)
        for chosen in world.lists.values():
            if loser.id in chosen.members:
                chosen.members.setdefault(winner.id, chosen.members[loser.id])
        for program in world.programs.values():
            member = program.members.get(loser.id)
            if member and winner.id not in program.members:
                member.lead_id = winner.id
                program.members[winner.id] = member
        for campaign in world.campaigns.values():
            if loser.id in campaign.members:
                campaign.members.setdefault(winner.id, []).extend(campaign.members[loser.id])
                campaign.members[winner.id].sort()
        _forget(world, loser)
    changes = world.leads.update(winner, gaps, now)
    log_changes(world, winner, changes, now, origin)
    attributes: dict[str, object] = {
        "Merge IDs": ",".join(str(loser.id) for loser in losers),
        "Merge Source": origin.source,
        "Master Updated": bool(changes),
        "Merged in Sales": False,
    }
    world.log.add(
        MERGE_LEADS, winner.id, now, attributes, primary=(winner.id, str(winner.values.get("email", "")))
    )


def _forget(world: Instance, lead: Lead) -> None:
    for chosen in world.lists.values():
        chosen.members.pop(lead.id, None)
    for program in world.programs.values():
        program.members.pop(lead.id, None)
    for campaign in world.campaigns.values():
        campaign.members.pop(lead.id, None)
    world.leads.delete(lead)
