"""Program members. Use :func:`.programs.set_status` to change statuses."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import timedelta

from airflow_provider_mkt.client.call import Call, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import (
    BatchSize,
    Ids,
    ShortText,
    filter_values_text,
    read,
    records,
    time_text,
    within_body_limit,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, only_row_as, results_of, rows
from airflow_provider_mkt.client.marketo.rows import Description
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Names, NumericId, UtcTime, endpoint

LONGEST_RANGE = timedelta(days=7)


@endpoint
def describe() -> Call[Description]:
    """Read the schema of program members: fields, and sets of fields that can be searched.

    :returns: ``fields`` and ``searchableFields``.

    Source: ``GET /rest/v1/programs/members/describe.json``.
    """
    return read("program_members.describe", "/programs/members/describe.json", only_row_as(Description))


@endpoint
def describe_fields() -> Call[Description]:
    """Read the fields of program members, by the older call, which returns nothing else.

    Source: ``GET /rest/v1/program/members/describe.json``.
    """
    return read("program_members.describe_fields", "/program/members/describe.json", only_row_as(Description))


@endpoint
def list(
    program_id: NumericId,
    filter_type: ShortText,
    filter_values: Sequence[str | int | bool],
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[JsonDict]]:
    """List the members of a program whose field has one of the given values.

    :param program_id: id of id of the program. With over 100,000 members, only the filter ``leadId`` is
        possible.
    :param filter_type: ``leadId``, ``statusName``, ``reachedSuccess``, or a custom text or integer field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    if filter_type == "updatedAt":
        raise InvalidInput("filter_type", "needs another call: program_members.by_update")
    return read(
        "program_members.list",
        "/programs/{programId}/members.json",
        rows,
        params=path_params(programId=program_id),
        query=query_pairs(
            nextPageToken=next_page_token,
            filterType=filter_type,
            filterValues=filter_values_text(filter_values),
            fields=comma_joined(fields),
            batchSize=batch_size,
        ),
        follow=position_token,
    )


@endpoint
def by_update(
    program_id: NumericId,
    start_at: UtcTime,
    end_at: UtcTime,
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[JsonDict]]:
    """List the members of a program that were updated in a period.

    :param program_id: id of a program with at most 100,000 members.
    :param start_at: start of the period (timezone-aware); fractions of a second are dropped.
    :param end_at: end of the period (timezone-aware), at most 7 days later; fractions of a second are
        dropped.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    if not timedelta() <= end_at - start_at <= LONGEST_RANGE:
        raise InvalidInput("end_at", "must be at most 7 days after start_at, and not before it")
    return read(
        "program_members.by_update",
        "/programs/{programId}/members.json",
        rows,
        params=path_params(programId=program_id),
        query=query_pairs(
            nextPageToken=next_page_token,
            filterType="updatedAt",
            startAt=time_text(start_at),
            endAt=time_text(end_at),
            fields=comma_joined(fields),
            batchSize=batch_size,
        ),
        follow=position_token,
    )


@endpoint
def update(program_id: NumericId, members: Sequence[Mapping[str, object]]) -> Call[builtins.list[RowResult]]:
    """Update fields of up to 300 members of a program.

    :param program_id: id of the program.
    :param members: 1-300 mappings of ``leadId`` and the fields to update, such as custom fields and
        ``registrationCode``; status, stream and cadence cannot be updated by this call.
    :returns: one row per member, in the order of *members*; ``skipped`` with code 1013 if not a member.

    Source: ``POST /rest/v1/programs/{programId}/members.json``.
    """
    input_ = records("members", members, required=("leadId",))
    return write(
        "program_members.update",
        "/programs/{programId}/members.json",
        results_of(len(input_)),
        Replay.SAFE,
        body=within_body_limit("members", {"input": input_}),
        params=path_params(programId=program_id),
    )


@endpoint
def remove(program_id: NumericId, lead_ids: Ids) -> Call[builtins.list[RowResult]]:
    """Remove up to 300 leads from a program, which also removes the program from their success history.

    :param program_id: id of the program.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``deleted``, or ``skipped`` with code 1037 for a
        lead that is not in the program. After an ambiguous failure and a retry, leads that were already
        removed are reported as ``skipped``.

    Source: ``POST /rest/v1/programs/{programId}/members/delete.json``.
    """
    leads = [{"leadId": lead} for lead in lead_ids]
    return write(
        "program_members.remove",
        "/programs/{programId}/members/delete.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"input": leads},
        params=path_params(programId=program_id),
    )


@endpoint
def change_status(
    program_id: NumericId, lead_ids: Ids, *, status_name: ShortText
) -> Call[builtins.list[RowResult]]:
    """Change the status of up to 300 members, by the older call, which does not create members.

    :param program_id: id of the program.
    :param lead_ids: member lead ids, without duplicates.
    :param status_name: a status of the program's channel.
    :returns: one row per lead, in the order of *lead_ids*; ``skipped`` if not a member.

    Source: ``POST /rest/v1/leads/programs/{programId}/status.json``.
    """
    leads = [{"id": lead} for lead in lead_ids]
    return write(
        "program_members.change_status",
        "/leads/programs/{programId}/status.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"status": status_name, "input": leads},
        params=path_params(programId=program_id),
    )
