"""Delete and merge leads."""

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import DELETE_LEAD, MERGE_LEADS
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.upsert import log_changes
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def delete(state: MarketoState, lead: Lead) -> None:
    """Delete a lead and its memberships; its activities are kept."""
    name = " ".join(str(lead.values[key]) for key in ("firstName", "lastName") if lead.values.get(key))
    state.log.add(
        DELETE_LEAD,
        lead.id,
        state.now(),
        {"Campaign": "Web service API", "Remove From CRM": False},
        primary=(lead.id, name or str(lead.values.get("email", lead.id))),
    )
    _forget(state, lead)


def merge(
    state: MarketoState, winner: Lead, losers: list[Lead], origin: Origin, *, in_crm: bool = False
) -> None:
    """Merge leads. The winner's values win; fields without a value get those of the losers, in order."""
    now = state.now()
    gaps: dict[str, Value] = {}
    for loser in losers:
        for name, value in loser.values.items():
            if name not in winner.values and name not in gaps:
                gaps[name] = value
        for cookie in list(loser.cookies):
            state.leads.associate(winner, cookie)
        for chosen in state.lists.values():
            if loser.id in chosen.members:
                chosen.members.setdefault(winner.id, chosen.members[loser.id])
        for program in state.programs.values():
            member = program.members.get(loser.id)
            if member and winner.id not in program.members:
                member.lead_id = winner.id
                program.members[winner.id] = member
        for campaign in state.campaigns.values():
            if loser.id in campaign.members:
                campaign.members.setdefault(winner.id, []).extend(campaign.members[loser.id])
                campaign.members[winner.id].sort()
        state.mailed_at[winner.id] += state.mailed_at.pop(loser.id, [])
        _forget(state, loser)
    changes = state.leads.update(winner, gaps, now)
    log_changes(state, winner, changes, now, origin)
    attributes: dict[str, object] = {
        "Merge IDs": ",".join(str(loser.id) for loser in losers),
        "Merge Source": origin.source,
        "Master Updated": bool(changes),
        "Merged in Sales": in_crm,
    }
    state.log.add(
        MERGE_LEADS, winner.id, now, attributes, primary=(winner.id, str(winner.values.get("email", "")))
    )


def _forget(state: MarketoState, lead: Lead) -> None:
    for chosen in state.lists.values():
        chosen.members.pop(lead.id, None)
    for program in state.programs.values():
        program.members.pop(lead.id, None)
    for campaign in state.campaigns.values():
        campaign.members.pop(lead.id, None)
    state.leads.delete(lead)
