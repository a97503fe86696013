"""The operator that merges leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.operators._base import MarketingOperator, as_list, required_str, to_bool
from airflow_provider_mkt.operators._task_state import task_state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class MergeLeadsOperator(MarketingOperator):
    """Merge leads into one, for good. Running it again merges nobody twice.

    The winner's values stay, and what it lacks is filled in. HubSpot merges pair by pair, Marketo 25 at a
    time. After a lost answer or a killed worker the leads are looked up before anything is repeated. A
    loser that is no lead of its own any more is left alone: on HubSpot one that is part of the winner, on
    Marketo, which does not tell, one that is not there.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param winner_id: the lead that stays (HubSpot: record id of the contact).
    :param loser_ids: those that become part of it.
    :param merge_in_crm: Marketo: merge them in Salesforce too. There a contact wins over a lead, and a
        record of the CRM over one of Marketo alone, whatever is asked for.
    :returns: ``winner_id`` of the lead that stays, which may be another than was asked for, ``total``,
        ``merged`` (by this task), ``already`` and ``rejected``: counts, and ``reasons`` by loser.
    :raises AirflowFailException: when there is no such winner, or a loser was refused; the others are
        merged first.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/merge``; Marketo
    ``POST /rest/v1/leads/{leadId}/merge.json``.
    """

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

    def run_action(self, context: Context) -> dict[str, Any]:
        winner_id = required_str("winner_id", self.winner_id)
        merge_in_crm = to_bool("merge_in_crm", self.merge_in_crm)
        loser_ids = [
            required_str(f"loser_ids[{place}]", loser)
            for place, loser in enumerate(as_list("loser_ids", self.loser_ids))
        ]
        with self.hook as hook, hook.exclusive("merge leads"):
            merge = hook.follow(
                hook.merge_leads(task_state_of(context), winner_id, loser_ids, merge_in_crm=merge_in_crm)
            )
        counts = {
            "merged": len(merge.merged),
            "already": len(merge.already),
            "rejected": len(merge.rejected),
        }
        outcome = {
            "outcome": "lead_merge",
            "platform": hook.conn_type,
            "winner_id": merge.survivor,
            "total": sum(counts.values()),
            **counts,
            "reasons": merge.rejected,
        }
        self.log.info(
            "Lead %(winner_id)s: %(merged)d merged into it, %(already)d were before, %(rejected)d rejected",
            outcome,
        )
        if merge.rejected:
            context["ti"].xcom_push(key="return_value", value=outcome)
            reasons = "; ".join(f"{loser}: {reason}" for loser, reason in list(merge.rejected.items())[:5])
            msg = f"{len(merge.rejected)} of {outcome['total']} leads were not merged: {reasons}"
            raise AirflowFailException(msg)
        return outcome
