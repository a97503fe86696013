"""What a request can include in the view of an email: statistics, names, or some fields only."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import campaigns_of
from airflow_provider_mkt.sandbox.hubspot.emails.counters import figures
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.emails.views import email_view
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_ALWAYS = frozenset({"id", "isAb", "stats", "workflowNames"})


@dataclass(frozen=True, slots=True)
class IncludeOptions:
    """The options of one request."""

    only: frozenset[str]
    stats: bool
    campaigns: bool
    workflows: bool

    @classmethod
    def of(cls, request: HubSpotRequest) -> IncludeOptions:
        query = request.query_params
        # Only validated: the statistics of an email never include those of its variation.
        bool_param(query.get("variantStats"), "variantStats")
        return cls(
            frozenset(request.list_param("includedProperties")),
            bool_param(query.get("includeStats"), "includeStats"),
            bool_param(query.get("marketingCampaignNames"), "marketingCampaignNames"),
            bool_param(query.get("workflowNames"), "workflowNames"),
        )

    def view(self, state: HubSpotState, email: Email) -> JsonObject:
        """Return an email with what the options include."""
        view = email_view(state.emails, email)
        names = [campaign.name for campaign in campaigns_of(state, email)]
        if self.campaigns and names:
            view["campaignName"] = names[0]
        if self.workflows:
            # No workflow of this account sends email.
            view["workflowNames"] = []
        if self.stats:
            view["stats"] = figures(email.sends, state.clock.time(), state.settings)
        if self.only:
            return {name: value for name, value in view.items() if name in self.only | _ALWAYS}
        return view
