"""Operators that run people through Marketo trigger campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import as_mapping, optional_str, required_str
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class RequestCampaignOperator(PeopleOperator):
    """Run leads through a Marketo trigger campaign, each once: what it sends, it sends once.

    Leads go 100 at a time. The answer tells nothing of a single lead, so a request whose answer was lost is
    looked for in the activity log; leads that are not seen there fail the task and are not requested again by
    themselves. A request that is refused for one of its leads goes again without it. Whether a lead that
    went through the campaign before goes through again is the campaign's own rule. Where people come from
    and what else is shared: see :class:`.PeopleOperator`.

    :param conn_id: a connection of type ``marketo``.
    :param leads: lead ids.
    :param campaign_id: an active trigger campaign with the trigger "Campaign is Requested" (Web Service API).
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :param program_id: leads that are members of this program already are left out.
    :returns: ``total``, ``duplicates``, ``requested``, ``already_member``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such campaign, it takes no requests, more leads were
        refused than allowed, or an outcome is unknown.

    Source: ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    template_fields: Sequence[str] = (*PeopleOperator.people_fields, "campaign_id", "tokens", "program_id")

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | int,
        tokens: Mapping[str, str] | str | None = None,
        program_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id
        self.tokens = tokens
        self.program_id = program_id

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.marketo import smart_campaigns

        self.hook_on("marketo")
        return smart_campaigns.member_action(
            required_str("campaign_id", self.campaign_id),
            tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
            program_id=optional_str("program_id", self.program_id),
        )
