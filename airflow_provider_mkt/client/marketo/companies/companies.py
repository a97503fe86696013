"""Companies, which hold the company fields of their leads."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from airflow_provider_mkt.client.call import Call, Replay, comma_list, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    between,
    comma_values,
    fitting,
    one_of,
    read,
    records,
    text,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, one_as, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Company, Description
from airflow_provider_mkt.client.paging import position_token

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


def describe() -> Call[Description]:
    """Read the company schema.

    :returns: ``fields``, ``dedupeFields``, ``searchableFields`` ...

    Source: ``GET /rest/v1/companies/describe.json``.
    """
    return read("companies.describe", "/companies/describe.json", one_as(Description), scopes=_READ)


def list(
    filter_type: str, filter_values: Sequence[str | int], *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[builtins.list[Company]]:
    """List the companies whose field has one of the given values.

    :param filter_type: ``id``, ``externalCompanyId`` or another searchable field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/companies.json``.
    """
    name = "companies.list"
    return read(
        name,
        "/companies.json",
        rows_as(Company),
        query=query_pairs(
            filterType=text(name, "filter_type", filter_type),
            filterValues=comma_values(name, filter_values),
            fields=comma_list(name, "fields", fields),
            batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
        ),
        scopes=_READ,
        follow=position_token,
    )


def sync(
    companies: Sequence[Mapping[str, Any]],
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
    name = "companies.sync"
    one_of(name, "action", action, get_args(Action))
    one_of(name, "dedupe_by", dedupe_by, get_args(DedupeBy))
    if dedupe_by == "idField" and action == "createOnly":
        raise InvalidInput("dedupe_by", "idField cannot be used with action createOnly", call=name)
    input_ = records(name, "companies", companies, needs=(_KEYS[dedupe_by],))
    body: dict[str, Any] = {"action": action, "dedupeBy": dedupe_by, "input": input_}
    return write(
        name,
        "/companies.json",
        results_of(len(input_)),
        _REPLAY[action],
        body=fitting(name, "companies", body),
        timeout=60,
        scopes=_WRITE,
    )


def delete(
    companies: Sequence[Mapping[str, Any]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 companies. Their leads are kept.

    :param companies: 1-300 mappings of ``externalCompanyId``, or of ``id`` if *delete_by* is ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per company, in the order of *companies*.
    :raises InvalidRequest: when companies are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/companies/delete.json``.
    """
    name = "companies.delete"
    one_of(name, "delete_by", delete_by, get_args(DedupeBy))
    input_ = records(name, "companies", companies, needs=(_KEYS[delete_by],))
    body: dict[str, Any] = {"deleteBy": delete_by, "input": input_}
    return write(
        name,
        "/companies/delete.json",
        results_of(len(input_)),
        Replay.SAFE,
        body=fitting(name, "companies", body),
        timeout=60,
        scopes=_WRITE,
    )
