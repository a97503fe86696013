"""Programs and their members."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from airflow_provider_mkt.client.call import Call, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    AssetName,
    BatchSize,
    Ids,
    Offset,
    PageSize,
    ShortText,
    asset,
    asset_pages,
    at_least_one,
    change,
    folder_json,
    read,
    records,
    updated_range,
    write,
)
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    first_row_as,
    only_row_as,
    results_of,
    rows,
    rows_as,
)
from airflow_provider_mkt.client.marketo.rows import Asset, Program
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Names, NumericId, UtcTime, endpoint

MEMBERS_MAX = BATCH_MAX

FolderType = Literal["Folder", "Program"]
FilterType = Literal["id", "programId", "folderId", "workspace"]
ProgramStatus = Literal["on", "off", "unlocked"]


@endpoint
def list(
    *,
    filter_type: FilterType | None = None,
    filter_values: Names = (),
    status: ProgramStatus | None = None,
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[Program]]:
    """List programs, without tags and costs.

    :param filter_type: ``id``, ``programId``, ``folderId`` or ``workspace``; needs *filter_values*.
    :param filter_values: values without commas.
    :param status: ``on`` or ``off`` for engagement programs, ``unlocked`` for email programs.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/programs.json``.
    """
    values = comma_joined(filter_values)
    if (filter_type is None) is not (values is None):
        raise InvalidInput("filter_values", "go together with filter_type")
    query = query_pairs(filterType=filter_type, filterValues=values, status=status)
    return asset_pages(
        "programs.list",
        "/programs.json",
        rows_as(Program),
        page_size=page_size,
        offset=offset,
        query=query + updated_range(updated_after, updated_before),
    )


@endpoint
def get(program_id: NumericId) -> Call[Program | None]:
    """Read a program.

    :param program_id: id of the program.
    :returns: the program, or None when it does not exist.

    Source: ``GET /rest/asset/v1/program/{id}.json``.
    """
    return asset(
        "programs.get", "/program/{id}.json", first_row_as(Program), params=path_params(id=program_id)
    )


@endpoint
def by_name(
    program_name: AssetName, *, include_tags: bool = False, include_costs: bool = False
) -> Call[Program | None]:
    """Read a program by its exact name. Names are unique in an instance.

    :param program_name: the exact name.
    :param include_tags: also return its tags.
    :param include_costs: also return its costs.
    :returns: the program, or None when it does not exist.
    :raises InvalidInput: without a name.

    Source: ``GET /rest/asset/v1/program/byName.json``.
    """
    query = query_pairs(
        name=program_name, includeTags=include_tags or None, includeCosts=include_costs or None
    )
    return asset("programs.by_name", "/program/byName.json", first_row_as(Program), query=query)


@endpoint
def create(
    program_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    program_type: ShortText = "program",
    channel: str,
    description: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    costs: Sequence[Mapping[str, object]] | None = None,
) -> Call[Program]:
    """Create a program.

    :param program_name: name, unique in the instance, at most 255 characters.
    :param folder_id: id of the folder to create it in.
    :param folder_type: ``Folder`` or ``Program``.
    :param program_type: ``program``, ``event``, ``webinar`` or ``nurture``.
    :param channel: a channel of that type.
    :param description: description in the program's overview.
    :param tags: mappings of ``tagType`` and ``tagValue``; an instance can require tags for a type of program.
    :param costs: mappings of ``startDate``, ``cost`` and ``note``.
    :returns: the program.
    :raises InvalidRequest: when the name is taken.

    Source: ``POST /rest/asset/v1/programs.json``.
    """
    form = query_pairs(
        name=program_name,
        folder=folder_json(folder_id, folder_type),
        type=program_type,
        channel=channel,
        description=description,
        tags=_json_records("tags", tags, ("tagType", "tagValue")),
        costs=_json_records("costs", costs, ("startDate", "cost")),
    )
    return change("programs.create", "/programs.json", only_row_as(Program), Replay.VERIFY, form=form)


@endpoint
def update(
    program_id: NumericId,
    *,
    new_name: AssetName | None = None,
    description: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    costs: Sequence[Mapping[str, object]] | None = None,
    replace_costs: bool = False,
) -> Call[Program]:
    """Update a program. Its type and channel cannot be changed. Use :func:`reschedule` for its dates.

    :param program_id: id of a program that is not approved.
    :param new_name: name, unique in the instance, at most 255 characters.
    :param description: description, for people in Marketo.
    :param tags: mappings of ``tagType`` and ``tagValue``, which replace the current tags.
    :param costs: mappings of ``startDate``, ``cost`` and ``note``, which are added to the current costs.
    :param replace_costs: replace the current costs by *costs* instead.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/program/{id}.json``.
    """
    # Without replacement, each retry would add the costs again.
    replay = Replay.VERIFY if costs and not replace_costs else Replay.SAFE
    form = query_pairs(
        name=new_name,
        description=description,
        tags=_json_records("tags", tags, ("tagType", "tagValue")),
        costs=_json_records("costs", costs, ("startDate", "cost")),
        costsDestructiveUpdate=replace_costs or None,
    )
    return change(
        "programs.update",
        "/program/{id}.json",
        only_row_as(Program),
        replay,
        params=path_params(id=program_id),
        form=at_least_one("new_name", form),
    )


@endpoint
def reschedule(
    program_id: NumericId,
    start_at: UtcTime,
    end_at: UtcTime | None = None,
    *,
    head_start: bool | None = None,
) -> Call[Program]:
    """Set the send time of an email program, or the dates of an event.

    :param program_id: id of an event, or of an email program that is not approved.
    :param start_at: start time (timezone-aware).
    :param end_at: end time (timezone-aware); unchanged when not given.
    :param head_start: whether an email program prepares the send 12 hours before; unchanged when not given.
    :returns: the program.
    :raises InvalidInput: on a time without a zone.

    Source: ``POST /rest/asset/v1/program/{id}.json``.
    """
    form = query_pairs(
        startDate=_time_text(start_at),
        endDate=None if end_at is None else _time_text(end_at),
        headStart=head_start,
    )
    return change(
        "programs.reschedule",
        "/program/{id}.json",
        only_row_as(Program),
        Replay.SAFE,
        params=path_params(id=program_id),
        form=form,
    )


@endpoint
def clone(
    program_id: NumericId, program_name: AssetName, *, folder_id: NumericId, description: str | None = None
) -> Call[Program]:
    """Clone a program with its emails, campaigns and tokens, without its members.

    :param program_id: id of a program without push messages, in-app messages, reports and social assets.
    :param program_name: name, unique in the instance, at most 255 characters.
    :param folder_id: id of a folder of the same workspace; a program cannot be cloned into a program.
    :param description: description, for people in Marketo.
    :returns: the clone.
    :raises InvalidRequest: when the name is already in use, or the program cannot be cloned (code 709).

    Source: ``POST /rest/asset/v1/program/{id}/clone.json``.
    """
    form = query_pairs(name=program_name, folder=folder_json(folder_id, "Folder"), description=description)
    return change(
        "programs.clone",
        "/program/{id}/clone.json",
        only_row_as(Program),
        Replay.VERIFY,
        params=path_params(id=program_id),
        form=form,
    )


@endpoint
def delete(program_id: NumericId) -> Call[Asset]:
    """Delete a program with its contents.

    :param program_id: id of a program whose contents are not used elsewhere.
    :raises InvalidRequest: when something in it is in use (code 709).

    Source: ``POST /rest/asset/v1/program/{id}/delete.json``.
    """
    params = path_params(id=program_id)
    return change(
        "programs.delete", "/program/{id}/delete.json", only_row_as(Asset), Replay.VERIFY, params=params
    )


@endpoint
def approve(program_id: NumericId) -> Call[Asset]:
    """Approve an email program, which then sends at its start date.

    Sends real email. The program must be unlocked and have a start date, an approved email and a smart list.

    :param program_id: id of an email program.
    :raises InvalidRequest: when it cannot be approved, or is already approved.

    Source: ``POST /rest/asset/v1/program/{id}/approve.json``.
    """
    return _switch("programs.approve", program_id, "/program/{id}/approve.json")


@endpoint
def unapprove(program_id: NumericId) -> Call[Asset]:
    """Unapprove an email program before it starts to send.

    :param program_id: id of an approved email program.

    Source: ``POST /rest/asset/v1/program/{id}/unapprove.json``.
    """
    return _switch("programs.unapprove", program_id, "/program/{id}/unapprove.json")


@endpoint
def set_status(
    program_id: NumericId, lead_ids: Ids, *, status_name: ShortText
) -> Call[builtins.list[RowResult]]:
    """Set the program status of up to 300 leads, which become members if they are not.

    New members of an engagement program start in its first stream.

    :param program_id: id of the program.
    :param lead_ids: lead ids, without duplicates.
    :param status_name: a status of the program's channel. Going back to an earlier status is rejected per
        lead with code 1037.
    :returns: one row per lead, in the order of *lead_ids*.

    Source: ``POST /rest/v1/programs/{programId}/members/status.json``.
    """
    leads = [{"leadId": lead} for lead in lead_ids]
    return write(
        "programs.set_status",
        "/programs/{id}/members/status.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"statusName": status_name, "input": leads},
        params=path_params(id=program_id),
    )


@endpoint
def members(
    program_id: NumericId, *, lead_ids: Ids, fields: Names = (), next_page_token: Cursor | None = None
) -> Call[builtins.list[JsonDict]]:
    """List the program members among the given leads.

    :param program_id: id of the program.
    :param lead_ids: 1-300 lead ids.
    :param fields: e.g. ``statusName``, ``trackName``, ``nurtureCadence``, ``isExhausted``.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :returns: one row per member; no row for leads that are not members.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    return read(
        "programs.members",
        "/programs/{id}/members.json",
        rows,
        params=path_params(id=program_id),
        query=query_pairs(
            nextPageToken=next_page_token,
            filterType="leadId",
            filterValues=comma_joined(lead_ids),
            fields=comma_joined(fields),
        ),
        follow=position_token,
    )


@endpoint
def people(
    program_id: NumericId, *, batch_size: BatchSize = 300, next_page_token: Cursor | None = None
) -> Call[builtins.list[JsonDict]]:
    """List all leads that are members of a program.

    :param program_id: id of the program.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :returns: leads, each with its ``membership``.

    Source: ``GET /rest/v1/leads/programs/{programId}.json``.
    """
    return read(
        "programs.people",
        "/leads/programs/{id}.json",
        rows,
        params=path_params(id=program_id),
        query=query_pairs(nextPageToken=next_page_token, batchSize=batch_size),
        follow=position_token,
    )


def _switch(name: str, program_id: NumericId, tail: str) -> Call[Asset]:
    return change(name, tail, only_row_as(Asset), Replay.VERIFY, params=path_params(id=program_id))


def _json_records(
    field: str, rows: Sequence[Mapping[str, object]] | None, required: Sequence[str]
) -> str | None:
    if rows is None:
        return None
    return json.dumps(records(field, rows, required=required)) if rows else "[]"


def _time_text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
