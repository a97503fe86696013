"""Operators that write leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._two_ways import TwoWayOperator

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.ports import LeadImporter, LeadWriter


class SyncLeadsOperator(TwoWayOperator):
    """Create or update leads, and tell what became of every one of them.

    Leads stream from a list, a file or a database (``leads``, ``source``, ``sql`` and what goes with them:
    see :class:`.LeadSourceOperator`) in batches of the platform's size (HubSpot 100, Marketo 300), as many
    at once as the account's limits allow. A record that cannot be written goes to the rejects file with
    its own input and the reason; the others are written. Of two records with one key the later one is
    what the platform ends up with.

    A retry goes on where the last try was: rows that are known to be done, and say what they said then, are
    not sent again. On Marketo it first waits until what a killed try had under way must be over, since
    two upserts of a new key at once make two leads. With ``createDuplicate``, rows whose outcome an earlier
    try did not learn are reported as unknown, never sent twice.

    With ``mode="auto"`` the platform's bulk import takes over where the account's limits make calls slower,
    and with ``mode="bulk"`` always. The effect and the outcome are the same: rows that a file cannot say
    exactly (such as fields to leave alone on Marketo, or to clear), and those that the import refuses, are
    sent by calls after it. Only ``created`` and ``updated`` cannot be told apart for what Marketo imports.
    Large sources that are no file are kept in ``[mkt] state_dir`` meanwhile.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``; on Marketo also ``createDuplicate``.
    :param lookup_field: the key; ``email``, or another unique (HubSpot) or searchable (Marketo) field.
    :param partition_name: Marketo: lead partition for new leads.
    :returns: ``total``, ``written``, ``created``, ``updated``, ``skipped``, ``rejected``, ``resumed``
        (done by earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``, ``mode``, ``calls``
        and ``seconds``; of an import also ``warned``, ``warnings`` and ``jobs``.
    :raises AirflowFailException: when more records were rejected than allowed, a column is no field of
        the platform, or the connection is not fit for it.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/{upsert,create,update}`` and
    ``POST /crm/{version}/imports``; Marketo ``POST /rest/v1/leads.json`` and ``POST /bulk/v1/leads.json``.
    """

    template_fields: Sequence[str] = (*TwoWayOperator.writing_fields, "action", "partition_name", "mode")

    def __init__(
        self,
        *,
        conn_id: str,
        action: str = "createOrUpdate",
        partition_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.action = action
        self.partition_name = partition_name

    def writer(self) -> LeadWriter:
        return self.hook.lead_writer(
            action=optional_str("action", self.action) or "",
            lookup_field=optional_str("lookup_field", self.lookup_field) or "",
            partition_name=optional_str("partition_name", self.partition_name),
        )

    def importer(self) -> LeadImporter:
        action = optional_str("action", self.action) or ""
        if as_path("outcomes_path", self.outcomes_path) is not None:
            raise InvalidInput("outcomes_path", "an import does not tell each lead's outcome and id")
        if action != "createOrUpdate":
            raise InvalidInput("action", f"an import can do createOrUpdate as calls do it, not {action!r}")
        return self.hook.lead_importer(
            action=action,
            lookup_field=optional_str("lookup_field", self.lookup_field) or "",
            partition_name=optional_str("partition_name", self.partition_name),
        )
