"""Operators that write leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import as_text
from airflow_provider_mkt.operators._lead_writing import LeadWritingOperator

if TYPE_CHECKING:
    from airflow_provider_mkt.api.lead_writer import LeadWriter


class SyncLeadsOperator(LeadWritingOperator):
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

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``; on Marketo also ``createDuplicate``.
    :param lookup_field: the key; ``email``, or another unique (HubSpot) or searchable (Marketo) field.
    :param partition_name: Marketo: lead partition for new leads.
    :returns: ``total``, ``created``, ``updated``, ``skipped``, ``rejected``, ``resumed`` (done by
        earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when more records were rejected than allowed, a column is no field of
        the platform, or the connection is not fit for it.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/{upsert,create,update}``; Marketo
    ``POST /rest/v1/leads.json``.
    """

    template_fields: Sequence[str] = (*LeadWritingOperator.writing_fields, "action", "partition_name")

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
            action=as_text("action", self.action) or "",
            lookup_field=as_text("lookup_field", self.lookup_field) or "",
            partition_name=as_text("partition_name", self.partition_name),
        )
