"""Operators that create campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.redact import shape
from airflow_provider_mkt.operators._base import MarketingOperator, as_list, as_mapping
from airflow_provider_mkt.operators._memory import task_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context


class CreateCampaignBatchOperator(MarketingOperator):
    """Create campaigns, each once: those whose name is there already are left as they are.

    On HubSpot they are campaigns, made 50 at a time. On Marketo they are programs. Running it again,
    by a retry or another DAG run, creates nothing twice.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param campaigns: one mapping each. ``name`` is needed and must occur once. HubSpot: further
        properties by their API names, as text (``hs_start_date``, ``hs_notes`` ...). Marketo:
        ``folder_id`` and ``channel`` too, and ``folder_type``, ``program_type``, ``description``.
    :param campaign_defaults: fields given to every campaign that does not have them.
    :returns: ``campaigns`` (name to id), ``created`` and ``existing`` (counts), and ``jobs`` for
        :class:`~airflow_provider_mkt.sensors.batch_status.BatchStatusSensor`.
    :raises AirflowFailException: when the platform refused some; the others are created first.

    Source: HubSpot ``POST /marketing/{version}/campaigns/batch/create``; Marketo
    ``POST /rest/asset/v1/programs.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "campaigns", "campaign_defaults")
    template_fields_renderers = {"campaigns": "json", "campaign_defaults": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        campaigns: Sequence[Mapping[str, Any]] | str,
        campaign_defaults: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.campaigns = campaigns
        self.campaign_defaults = campaign_defaults

    def work(self, context: Context) -> dict[str, Any]:
        wanted = self._wanted()
        with self.hook as hook, hook.exclusive("create campaigns"):
            batch = hook.follow(hook.create_campaigns(task_memory(context), wanted))
        self.log.info(
            "%d campaigns: %d created, %d there already, %d rejected",
            len(wanted),
            len(batch.created),
            len(batch.existing),
            len(batch.rejected),
        )
        outcome = {
            "outcome": "campaign_batch",
            "platform": hook.conn_type,
            "campaigns": dict(batch.ids),
            "created": len(batch.created),
            "existing": len(batch.existing),
            "rejected": batch.rejected,
            "jobs": [job.to_json() for job in batch.jobs],
        }
        if batch.rejected:
            context["ti"].xcom_push(key="return_value", value=outcome)
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in list(batch.rejected.items())[:5])
            msg = f"{len(batch.rejected)} of {len(wanted)} campaigns were refused: {reasons}"
            raise AirflowFailException(msg)
        return outcome

    def _wanted(self) -> list[dict[str, Any]]:
        defaults = as_mapping("campaign_defaults", self.campaign_defaults or {})
        wanted: list[dict[str, Any]] = []
        for index, campaign in enumerate(as_list("campaigns", self.campaigns)):
            if not isinstance(campaign, dict):
                raise InvalidInput(f"campaigns[{index}]", f"must be a mapping, not {shape(campaign)}")
            wanted.append({**defaults, **campaign})
        return wanted
