"""Program members. Use :func:`.programs.set_status` to change statuses."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mkt.client.call import Call, Replay, comma_list, query_pairs, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    between,
    comma_values,
    fitting,
    ids,
    place,
    read,
    records,
    text,
    time_of,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, one_as, results_of, rows
from airflow_provider_mkt.client.marketo.rows import Description
from airflow_provider_mkt.client.paging import position_token

LONGEST_RANGE = timedelta(days=7)


def describe() -> Call[Description]:
    """Read the schema of program members: fields, and sets of fields that can be searched.

    :returns: ``fields`` and ``searchableFields``.

    Source: ``GET /rest/v1/programs/members/describe.json``.
    """
    return read("program_members.describe", "/programs/members/describe.json", one_as(Description))


def describe_fields() -> Call[Description]:
    """Read the fields of program members, by the older call, which returns nothing else.

    Source: ``GET /rest/v1/program/members/describe.json``.
    """
    return read("program_members.describe_fields", "/program/members/describe.json", one_as(Description))


def list(
    program_id: int | str,
    filter_type: str,
    filter_values: Sequence[str | int | bool],
    *,
    fields: Sequence[str] = (),
    batch_size: int = 300,
) -> Call[builtins.list[dict[str, Any]]]:
    """List the members of a program whose field has one of the given values.

    :param program_id: id of id of the program. With over 100,000 members, only the filter ``leadId`` is
        possible.
    :param filter_type: ``leadId``, ``statusName``, ``reachedSuccess``, or a custom text or integer field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    name = "program_members.list"
    if filter_type == "updatedAt":
        raise InvalidInput("filter_type", "needs another call: program_members.by_update", call=name)
    return read(
        name,
        "/programs/{programId}/members.json",
        rows,
        params=place(name, "program_id", program_id, "programId"),
        query=query_pairs(
            filterType=text(name, "filter_type", filter_type),
            filterValues=comma_values(name, filter_values),
            fields=comma_list(name, "fields", fields),
            batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
        ),
        follow=position_token,
    )


def by_update(
    program_id: int | str,
    start_at: datetime,
    end_at: datetime,
    *,
    fields: Sequence[str] = (),
    batch_size: int = 300,
) -> Call[builtins.list[dict[str, Any]]]:
    """List the members of a program that were updated in a period.

    :param program_id: id of a program with at most 100,000 members.
    :param start_at: start of the period (timezone-aware); fractions of a second are dropped.
    :param end_at: end of the period (timezone-aware), at most 7 days later; fractions of a second are
        dropped.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    name = "program_members.by_update"
    first, last = utc(name, "start_at", start_at), utc(name, "end_at", end_at)
    query = query_pairs(
        filterType="updatedAt",
        startAt=time_of(name, "start_at", first),
        endAt=time_of(name, "end_at", last),
        fields=comma_list(name, "fields", fields),
        batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
    )
    if not timedelta() <= last - first <= LONGEST_RANGE:
        raise InvalidInput("end_at", "must be at most 7 days after start_at, and not before it", call=name)
    return read(
        name,
        "/programs/{programId}/members.json",
        rows,
        params=place(name, "program_id", program_id, "programId"),
        query=query,
        follow=position_token,
    )


def update(program_id: int | str, members: Sequence[Mapping[str, Any]]) -> Call[builtins.list[RowResult]]:
    """Update fields of up to 300 members of a program.

    :param program_id: id of the program.
    :param members: 1-300 mappings of ``leadId`` and the fields to update, such as custom fields and
        ``registrationCode``; status, stream and cadence cannot be updated by this call.
    :returns: one row per member, in the order of *members*; ``skipped`` with code 1013 if not a member.

    Source: ``POST /rest/v1/programs/{programId}/members.json``.
    """
    name = "program_members.update"
    input_ = records(name, "members", members, needs=("leadId",))
    return write(
        name,
        "/programs/{programId}/members.json",
        results_of(len(input_)),
        Replay.SAFE,
        body=fitting(name, "members", {"input": input_}),
        params=place(name, "program_id", program_id, "programId"),
    )


def remove(program_id: int | str, lead_ids: Sequence[int | str]) -> Call[builtins.list[RowResult]]:
    """Remove up to 300 leads from a program, which also removes the program from their success history.

    :param program_id: id of the program.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``deleted``, or ``skipped`` with code 1037 for a
        lead that is not in the program. After an ambiguous failure and a retry, leads that were already
        removed are reported as ``skipped``.

    Source: ``POST /rest/v1/programs/{programId}/members/delete.json``.
    """
    name = "program_members.remove"
    leads = [{"leadId": lead} for lead in ids(name, "lead_ids", lead_ids)]
    return write(
        name,
        "/programs/{programId}/members/delete.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"input": leads},
        params=place(name, "program_id", program_id, "programId"),
    )


def change_status(
    program_id: int | str, lead_ids: Sequence[int | str], *, status_name: str
) -> Call[builtins.list[RowResult]]:
    """Change the status of up to 300 members, by the older call, which does not create members.

    :param program_id: id of the program.
    :param lead_ids: member lead ids, without duplicates.
    :param status_name: a status of the program's channel.
    :returns: one row per lead, in the order of *lead_ids*; ``skipped`` if not a member.

    Source: ``POST /rest/v1/leads/programs/{programId}/status.json``.
    """
    name = "program_members.change_status"
    leads = [{"id": lead} for lead in ids(name, "lead_ids", lead_ids)]
    return write(
        name,
        "/leads/programs/{programId}/status.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"status": text(name, "status_name", status_name), "input": leads},
        params=place(name, "program_id", program_id, "programId"),
    )
