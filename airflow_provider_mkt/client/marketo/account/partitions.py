"""Lead partitions."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Json, Replay
from airflow_provider_mkt.client.marketo.requests import Ids, ShortText, read, write
from airflow_provider_mkt.client.marketo.responses import RowResult, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Partition
from airflow_provider_mkt.client.parameters import endpoint


@endpoint
def list() -> Call[builtins.list[Partition]]:
    """List the lead partitions that the API user can access.

    Source: ``GET /rest/v1/leads/partitions.json``.
    """
    return read("partitions.list", "/leads/partitions.json", rows_as(Partition))


@endpoint
def move(lead_ids: Ids, *, partition_name: ShortText) -> Call[builtins.list[RowResult]]:
    """Move up to 300 leads to a partition.

    :param lead_ids: lead ids, without duplicates.
    :param partition_name: name of the target partition.
    :returns: one row per lead, in the order of *lead_ids*: ``updated``, or ``skipped`` with the reason.

    Source: ``POST /rest/v1/leads/partitions.json``.
    """
    moves: builtins.list[Json] = [{"id": lead, "partitionName": partition_name} for lead in lead_ids]
    return write(
        "partitions.move",
        "/leads/partitions.json",
        results_of(len(moves)),
        Replay.SAFE,
        body={"input": moves},
        timeout=60,
    )
