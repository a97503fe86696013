"""Companies, which hold the company fields of their leads."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Literal

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_joined, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BatchSize,
    ShortText,
    filter_values_text,
    read,
    records,
    within_body_limit,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, only_row_as, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Company, Description
from airflow_provider_mkt.client.paging import position_token
from airflow_provider_mkt.client.parameters import Names, endpoint

Action = Literal["createOrUpdate", "createOnly", "updateOnly"]
DedupeBy = Literal["dedupeFields", "idField"]
_READ = ("Read-Only Company",)
_WRITE = ("Read-Write Company",)
_REPLAY: dict[Action, Replay] = {
    # Marketo documents no lock on the key: two concurrent upserts of a new key can create duplicates.
    "createOrUpdate": Replay.WAIT,
    "createOnly": Replay.WAIT,
    "updateOnly": Replay.SAFE,
}
_KEYS: dict[DedupeBy, str] = {"dedupeFields": "externalCompanyId", "idField": "id"}


@endpoint
def describe() -> Call[Description]:
    """Read the company schema.

    :returns: ``fields``, ``dedupeFields``, ``searchableFields`` ...

    Source: ``GET /rest/v1/companies/describe.json``.
    """
    return read("companies.describe", "/companies/describe.json", only_row_as(Description), scopes=_READ)


@endpoint
def list(
    filter_type: ShortText,
    filter_values: Sequence[str | int],
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
) -> Call[builtins.list[Company]]:
    """List the companies whose field has one of the given values.

    :param filter_type: ``id``, ``externalCompanyId`` or another searchable field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/companies.json``.
    """
    return read(
        "companies.list",
        "/companies.json",
        rows_as(Company),
        query=query_pairs(
            filterType=filter_type,
            filterValues=filter_values_text(filter_values),
            fields=comma_joined(fields),
            batchSize=batch_size,
        ),
        scopes=_READ,
        follow=position_token,
    )


@endpoint
def sync(
    companies: Sequence[Mapping[str, object]],
    *,
    action: Action = "createOrUpdate",
    dedupe_by: DedupeBy = "dedupeFields",
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 companies.

    :param companies: 1-300 mappings of REST field names to values; at most 1 MB in total. Each needs
        ``externalCompanyId``, or ``id`` if *dedupe_by* is ``idField``.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param dedupe_by: ``dedupeFields`` or ``idField``; ``createOnly`` does not support ``idField``.
    :returns: one row per company, in the order of *companies*.
    :raises InvalidRequest: when companies are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/companies.json``.
    """
    if dedupe_by == "idField" and action == "createOnly":
        raise InvalidInput("dedupe_by", "idField cannot be used with action createOnly")
    input_ = records("companies", companies, required=(_KEYS[dedupe_by],))
    body: dict[str, Json] = {"action": action, "dedupeBy": dedupe_by, "input": input_}
    return write(
        "companies.sync",
        "/companies.json",
        results_of(len(input_)),
        _REPLAY[action],
        body=within_body_limit("companies", body),
        timeout=60,
        scopes=_WRITE,
    )


@endpoint
def delete(
    companies: Sequence[Mapping[str, object]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 companies. Their leads are kept.

    :param companies: 1-300 mappings of ``externalCompanyId``, or of ``id`` if *delete_by* is ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per company, in the order of *companies*.
    :raises InvalidRequest: when companies are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/companies/delete.json``.
    """
    input_ = records("companies", companies, required=(_KEYS[delete_by],))
    body: dict[str, Json] = {"deleteBy": delete_by, "input": input_}
    return write(
        "companies.delete",
        "/companies/delete.json",
        results_of(len(input_)),
        Replay.SAFE,
        body=within_body_limit("companies", body),
        timeout=60,
        scopes=_WRITE,
    )
