"""The calls that the records of companies, opportunities, sales persons and custom objects share."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from airflow_provider_mkt.client.call import (
    Call,
    Json,
    Pairs,
    Replay,
    Route,
    comma_joined,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    filter_values_text,
    read,
    records,
    within_body_limit,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, only_row_as, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Description
from airflow_provider_mkt.client.paging import position_token

Action = Literal["createOrUpdate", "createOnly", "updateOnly"]
DedupeBy = Literal["dedupeFields", "idField"]

_REPLAY: dict[Action, Replay] = {
    # Marketo documents no lock on the key: two concurrent upserts of a new key can create duplicates.
    "createOrUpdate": Replay.WAIT,
    "createOnly": Replay.WAIT,
    "updateOnly": Replay.SAFE,
}
T = TypeVar("T")


@dataclass(frozen=True)
class RecordType:
    """What the calls of one type of record differ in.

    :param resource: the resource that the calls are named after.
    :param argument: the parameter that holds records.
    :param tail: path of the records, without ``.json``.
    :param id_field: the id that Marketo gives.
    :param dedupe_fields: the key; empty where each type has its own.
    :param scope: the permission, without ``Read-Only`` and ``Read-Write``.
    :param params: values of the path.
    :param sync_timeout: Marketo's own time limit of a sync, in seconds.
    """

    resource: str
    argument: str
    tail: str
    id_field: str
    dedupe_fields: tuple[str, ...]
    scope: str
    params: Pairs = ()
    sync_timeout: float = 60.0

    @property
    def readable(self) -> tuple[str, ...]:
        return (f"Read-Only {self.scope}",)

    @property
    def writable(self) -> tuple[str, ...]:
        return (f"Read-Write {self.scope}",)

    def key(self, by: DedupeBy) -> tuple[str, ...]:
        return (self.id_field,) if by == "idField" else self.dedupe_fields


def describe(kind: RecordType) -> Call[Description]:
    """Build the call that reads the schema."""
    return read(
        f"{kind.resource}.describe",
        f"{kind.tail}/describe.json",
        only_row_as(Description),
        params=kind.params,
        scopes=kind.readable,
    )


def list(
    kind: RecordType,
    row: type[T],
    filter_type: str,
    filter_values: Sequence[str | int],
    fields: Sequence[str],
    batch_size: int,
    next_page_token: object,
) -> Call[builtins.list[T]]:
    """Build the call that lists the records whose field has one of some values."""
    return read(
        f"{kind.resource}.list",
        f"{kind.tail}.json",
        rows_as(row),
        params=kind.params,
        query=query_pairs(
            nextPageToken=next_page_token,
            filterType=filter_type,
            filterValues=filter_values_text(filter_values),
            fields=comma_joined(fields),
            batchSize=batch_size,
        ),
        scopes=kind.readable,
        follow=position_token,
    )


def list_by_keys(
    kind: RecordType,
    row: type[T],
    keys: Sequence[Mapping[str, object]],
    fields: Sequence[str],
) -> Call[builtins.list[T]]:
    """Build the call that lists the records with some keys of several fields.

    :raises InvalidInput: when there are none or more than 300, or a key lacks a field.
    """
    body: dict[str, Json] = {
        "filterType": "dedupeFields",
        "input": [*records("keys", keys, required=kind.dedupe_fields)],
        # A key names one record at most, so that there is one page.
        "batchSize": BATCH_MAX,
    }
    if fields:
        body["fields"] = [*fields]
    return Call(
        f"{kind.resource}.list_by_keys",
        Route("POST", "lead", f"{kind.tail}.json", kind.params),
        rows_as(row),
        Replay.SAFE,
        query=(("_method", "GET"),),
        body=within_body_limit("keys", body),
        scopes=kind.readable,
    )


def sync(
    kind: RecordType, rows: Sequence[Mapping[str, object]], action: Action, dedupe_by: DedupeBy
) -> Call[builtins.list[RowResult]]:
    """Build the call that creates or updates records.

    :raises InvalidInput: on a record without its key, a key that two records have, or ``idField`` with
        another action than ``updateOnly``.
    """
    if dedupe_by == "idField" and action != "updateOnly":
        raise InvalidInput("dedupe_by", "idField can be used with action updateOnly only")
    input_ = _keyed(kind, rows, kind.key(dedupe_by))
    body: dict[str, Json] = {"action": action, "dedupeBy": dedupe_by, "input": input_}
    return _written(kind, "sync", ".json", body, _REPLAY[action], kind.sync_timeout)


def delete(
    kind: RecordType, rows: Sequence[Mapping[str, object]], delete_by: DedupeBy
) -> Call[builtins.list[RowResult]]:
    """Build the call that deletes records.

    :raises InvalidInput: on a record without its key, or a key that two records have.
    """
    body: dict[str, Json] = {"deleteBy": delete_by, "input": _keyed(kind, rows, kind.key(delete_by))}
    return _written(kind, "delete", "/delete.json", body, Replay.SAFE, 60.0)


def _written(
    kind: RecordType, verb: str, end: str, body: dict[str, Json], replay: Replay, timeout: float
) -> Call[builtins.list[RowResult]]:
    input_ = body["input"]
    expected = len(input_) if isinstance(input_, builtins.list) else 0
    return write(
        f"{kind.resource}.{verb}",
        kind.tail + end,
        results_of(expected),
        replay,
        params=kind.params,
        body=within_body_limit(kind.argument, body),
        timeout=timeout,
        scopes=kind.writable,
    )


def _keyed(
    kind: RecordType, rows: Sequence[Mapping[str, object]], key: tuple[str, ...]
) -> builtins.list[Json]:
    """Check records and their keys: Marketo skips a record whose key the request has twice (code 1036)."""
    field = kind.argument
    input_ = records(field, rows, required=key)
    seen: dict[tuple[str, ...], int] = {}
    # Of the rows as they were given: those to send may be encoded already.
    for index, row in enumerate(rows if key else ()):
        first = seen.setdefault(tuple(str(row.get(name)).strip().lower() for name in key), index)
        if first != index:
            raise InvalidInput(f"{field}[{index}].{', '.join(key)}", f"is that of {field}[{first}]")
    return [*input_]
