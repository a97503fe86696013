"""Nurture campaigns and leads of the two legacy endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_DAY = 86400.0
# How long a lead is active in a campaign is not documented; 30 days are assumed.
ACTIVE_FOR = 30 * _DAY
QUIET_FOR = 365 * _DAY


@dataclass(slots=True)
class NurtureCampaign:
    """A series of emails. A lead can be added to a `repeatable` one again after a year."""

    guid: str
    name: str
    repeatable: bool


@dataclass(slots=True)
class Lead:
    """A lead of the legacy Leads API."""

    guid: str
    fields: JsonObject = field(default_factory=dict)
    customer: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A lead that was added to a campaign."""

    campaign: str
    lead: str
    at: float


class NurtureStore:
    """All nurture campaigns, leads and enrolments."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.campaigns: dict[str, NurtureCampaign] = {}
        self.leads: dict[str, Lead] = {}
        self.enrolments: list[Enrolment] = []

    def refusal(self, campaign: NurtureCampaign, lead: Lead) -> str | None:
        """Return why a lead cannot be added, or None if it can."""
        past = [one.at for one in self.enrolments if one.campaign == campaign.guid and one.lead == lead.guid]
        if not past:
            return None
        since = self._clock.time() - max(past)
        if since < ACTIVE_FOR:
            return "Lead is already active in this campaign"
        if since < QUIET_FOR:
            return "Lead has received this campaign in the past year"
        return None if campaign.repeatable else "Lead has received this campaign, which is not repeatable"

    def enrol(self, campaign: NurtureCampaign, lead: Lead, *, ago: float = 0.0) -> None:
        self.enrolments.append(Enrolment(campaign.guid, lead.guid, self._clock.time() - ago))

    def lead(self, guid: str) -> Lead | None:
        lead = self.leads.get(guid.lower())
        return lead if lead is not None and not lead.deleted else None

    def snapshot(self) -> JsonObject:
        return {
            "campaigns": [
                {"guid": one.guid, "name": one.name, "repeatable": one.repeatable}
                for one in self.campaigns.values()
            ],
            "leads": [
                {"guid": one.guid, "fields": one.fields, "customer": one.customer, "deleted": one.deleted}
                for one in self.leads.values()
            ],
            "enrolments": [
                {"campaign": one.campaign, "lead": one.lead, "at": iso(one.at)} for one in self.enrolments
            ],
        }
