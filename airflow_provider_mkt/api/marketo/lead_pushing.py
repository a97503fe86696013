"""Pushing leads to Marketo, in batches of 300: an upsert, and an activity each time."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.lead_writer import Record
from airflow_provider_mkt.api.marketo import lead_intake
from airflow_provider_mkt.api.marketo.answers import RecordResult
from airflow_provider_mkt.api.marketo.lead_writing import DatabaseLeadWriter


class PushWriter(DatabaseLeadWriter):
    """Pushes leads.

    :param program_name: the program they are pushed for, by its name.
    :param lookup_field: the key; ``mktToken`` for the value of a clicked link.
    :param program_status: a status of the program's channel to put them at.
    :param source: free text that triggers can ask for.
    :param reason: free text that triggers can ask for.
    :param partition_name: lead partition for new leads.
    """

    other_keys = frozenset({"mktToken"})

    def __init__(
        self,
        *,
        program_name: str,
        lookup_field: str = "email",
        program_status: str | None = None,
        source: str | None = None,
        reason: str | None = None,
        partition_name: str | None = None,
    ) -> None:
        super().__init__(lookup_field=lookup_field, partition_name=partition_name)
        self.program_name = program_name
        self.program_status, self.source, self.reason = program_status, source, reason
        # Each push is another activity.
        self.repeatable = False

    def call(self, records: Sequence[Record]) -> Call[list[RecordResult]]:
        return lead_intake.push(
            self.program_name,
            records,
            lookup_field=self.lookup_field,
            program_status=self.program_status,
            source=self.source,
            reason=self.reason,
            partition_name=self.partition_name,
        )
