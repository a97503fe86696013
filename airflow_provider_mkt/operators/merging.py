"""The operator that merges leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator, fail_if_rejected
from airflow_provider_mkt.operators._parameters import as_list, required_str, to_bool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.operators.outcomes import LeadMergeOutcome


class MergeLeadsOperator(MarketingOperator):
    """Merge leads into one, permanently. Running the task again merges no lead twice.

    The winner keeps its values, and gets the losers' values for fields that it has no value for. HubSpot
    merges one pair per call, Marketo 25 leads. After a lost answer or a killed worker, the leads are looked
    up before a call is repeated. A loser that was merged before is left alone: on HubSpot a record that is
    part of the winner, on Marketo, which does not report merges, a lead that does not exist.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param winner_id: the lead that remains (HubSpot: record id of the contact).
    :param loser_ids: the leads that become part of it.
    :param merge_in_crm: Marketo: merge them in Salesforce too. There a contact wins over a lead, and a
        record of the CRM over one of Marketo alone, whatever ``winner_id`` says.
    :returns: :class:`.LeadMergeOutcome`: ``winner_id`` of the lead that remains, which may be another than
        the given one, ``total``, ``merged`` (by this task), ``already`` and ``rejected`` (counts), and
        ``reasons`` by loser.
    :raises AirflowFailException: when there is no such winner, or a loser is rejected; the others are merged
        first.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/merge``; Marketo
    ``POST /rest/v1/leads/{leadId}/merge.json``.
    """

    targets = (Target("lead", "winner_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "winner_id", "loser_ids", "merge_in_crm")

    def __init__(
        self,
        *,
        conn_id: str,
        winner_id: str | int,
        loser_ids: Sequence[str | int] | str,
        merge_in_crm: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.winner_id = winner_id
        self.loser_ids = loser_ids
        self.merge_in_crm = merge_in_crm

    def run_action(self, context: Context) -> LeadMergeOutcome:
        winner_id = required_str("winner_id", self.winner_id)
        merge_in_crm = to_bool("merge_in_crm", self.merge_in_crm)
        loser_ids = [
            required_str(f"loser_ids[{index}]", loser)
            for index, loser in enumerate(as_list("loser_ids", self.loser_ids))
        ]
        with self.hook as hook, hook.exclusive("merge leads"):
            task_state = task_state_of(context, hook)
            merge = hook.follow(hook.merge_leads(task_state, winner_id, loser_ids, merge_in_crm=merge_in_crm))
        total = len(merge.merged) + len(merge.already) + len(merge.rejected)
        outcome: LeadMergeOutcome = {
            "outcome": "lead_merge",
            "platform": hook.conn_type,
            "winner_id": merge.survivor,
            "total": total,
            "merged": len(merge.merged),
            "already": len(merge.already),
            "rejected": len(merge.rejected),
            "reasons": merge.rejected,
        }
        self.log.info(
            "Merged %s into %s, %d merged before, %d rejected",
            part_of(len(merge.merged), total, "lead"),
            merge.survivor,
            len(merge.already),
            len(merge.rejected),
        )
        fail_if_rejected(context, outcome, merge.rejected, total, "lead")
        return outcome
