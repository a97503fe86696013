"""Operators that enrol people in nurture programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import as_mapping, optional_str, to_bool
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class EnrollNurtureOperator(PeopleOperator):
    """Enrol leads in a nurture program. Someone who is in it already is an outcome, not a failure.

    HubSpot: the legacy nurturing campaign ``campaign_id`` (a GUID); leads are lead GUIDs, and the
    connection must allow legacy calls. Marketo, first stream: ``program_id`` and ``status_name``, a
    status of the engagement program's channel. Marketo, a chosen stream: ``campaign_id``, an active
    trigger campaign that adds people to that stream; with ``program_id`` too, its members are left out.
    Where people come from and what else is shared: see :class:`.PeopleOperator`.

    Safe to run again: a request whose answer was lost is looked for before anyone is enrolled a
    second time, and what stays unknown fails the task and is not repeated by itself.

    :param leads: lead ids (Marketo) or lead GUIDs (HubSpot).
    :param campaign_id: HubSpot nurturing campaign, or Marketo trigger campaign.
    :param program_id: Marketo engagement program.
    :param status_name: Marketo program status.
    :param tokens: Marketo My Tokens for a requested campaign, ``{{my.name}}`` to value.
    :param verify: Marketo: look afterwards, for up to two minutes, who is in a stream of ``program_id``, and
        reject those who are in none (code ``NOT_IN_STREAM``): a campaign's own rules may have left them out.
    :param stream_name: the stream that ``verify`` looks for; any when not given.
    :returns: ``total``, ``duplicates``, ``enrolled``, ``already_enrolled``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more leads were refused than allowed, or an outcome is unknown.

    Source: HubSpot ``POST /nurture/v1/campaign/{campaign_guid}/add``; Marketo
    ``POST /rest/v1/programs/{programId}/members/status.json`` and
    ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    template_fields: Sequence[str] = (
        *PeopleOperator.people_fields,
        "campaign_id",
        "program_id",
        "status_name",
        "tokens",
        "verify",
        "stream_name",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | int | None = None,
        program_id: str | int | None = None,
        status_name: str | None = None,
        tokens: Mapping[str, str] | str | None = None,
        verify: bool | str = False,
        stream_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaign_id = campaign_id
        self.program_id = program_id
        self.status_name = status_name
        self.tokens = tokens
        self.verify = verify
        self.stream_name = stream_name

    def member_action(self) -> MemberAction:
        return self.hook.people.enroll(
            campaign_id=optional_str("campaign_id", self.campaign_id),
            program_id=optional_str("program_id", self.program_id),
            status_name=optional_str("status_name", self.status_name),
            tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
            verify=to_bool("verify", self.verify),
            stream_name=optional_str("stream_name", self.stream_name),
        )
