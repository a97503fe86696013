"""Lead partitions."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from airflow_provider_mkt.client.call import Call, Replay
from airflow_provider_mkt.client.marketo.requests import ids, read, text, write
from airflow_provider_mkt.client.marketo.responses import RowResult, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Partition


def list() -> Call[builtins.list[Partition]]:
    """List the lead partitions that the API user can access.

    Source: ``GET /rest/v1/leads/partitions.json``.
    """
    return read("partitions.list", "/leads/partitions.json", rows_as(Partition))


def move(lead_ids: Sequence[int | str], *, partition_name: str) -> Call[builtins.list[RowResult]]:
    """Move up to 300 leads to a partition.

    :param lead_ids: lead ids, without duplicates.
    :param partition_name: name of the target partition.
    :returns: one row per lead, in the order of *lead_ids*: ``updated``, or ``skipped`` with the reason.

    Source: ``POST /rest/v1/leads/partitions.json``.
    """
    name = "partitions.move"
    target = text(name, "partition_name", partition_name)
    leads = ids(name, "lead_ids", lead_ids)
    moves: builtins.list[dict[str, int | str]] = [{"id": lead, "partitionName": target} for lead in leads]
    return write(
        name,
        "/leads/partitions.json",
        results_of(len(moves)),
        Replay.SAFE,
        body={"input": moves},
        timeout=60,
    )
