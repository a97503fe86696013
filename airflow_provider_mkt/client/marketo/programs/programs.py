"""Programs and their members."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from airflow_provider_mkt.client.call import Call, Replay, comma_list, flag, query_pairs, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    asset,
    asset_pages,
    between,
    change,
    folder,
    ids,
    maybe_one_of,
    place,
    read,
    records,
    something,
    text,
    updated,
    write,
)
from airflow_provider_mkt.client.marketo.responses import (
    RowResult,
    first_as,
    one_as,
    results_of,
    rows,
    rows_as,
)
from airflow_provider_mkt.client.marketo.rows import Asset, Program
from airflow_provider_mkt.client.paging import position_token

MEMBERS_MAX = BATCH_MAX

FolderType = Literal["Folder", "Program"]
FilterType = Literal["id", "programId", "folderId", "workspace"]
ProgramStatus = Literal["on", "off", "unlocked"]


def list(
    *,
    filter_type: FilterType | None = None,
    filter_values: Sequence[str] = (),
    status: ProgramStatus | None = None,
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page_size: int = 200,
) -> Call[builtins.list[Program]]:
    """List programs, without tags and costs.

    :param filter_type: ``id``, ``programId``, ``folderId`` or ``workspace``; needs *filter_values*.
    :param filter_values: values without commas.
    :param status: ``on`` or ``off`` for engagement programs, ``unlocked`` for email programs.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/programs.json``.
    """
    name = "programs.list"
    maybe_one_of(name, "filter_type", filter_type, get_args(FilterType))
    values = comma_list(name, "filter_values", filter_values)
    if (filter_type is None) is not (values is None):
        raise InvalidInput("filter_values", "go together with filter_type", call=name)
    query = query_pairs(
        filterType=filter_type,
        filterValues=values,
        status=maybe_one_of(name, "status", status, get_args(ProgramStatus)),
    )
    return asset_pages(
        name,
        "/programs.json",
        rows_as(Program),
        page_size=page_size,
        query=query + updated(name, updated_after, updated_before),
    )


def get(program_id: int | str) -> Call[Program | None]:
    """Read a program.

    :param program_id: id of the program.
    :returns: the program, or None when it does not exist.

    Source: ``GET /rest/asset/v1/program/{id}.json``.
    """
    name = "programs.get"
    return asset(name, "/program/{id}.json", first_as(Program), params=place(name, "program_id", program_id))


def by_name(
    program_name: str, *, include_tags: bool = False, include_costs: bool = False
) -> Call[Program | None]:
    """Read a program by its exact name. Names are unique in an instance.

    :param include_tags: also return its tags.
    :param include_costs: also return its costs.
    :returns: the program, or None when it does not exist.
    :raises InvalidInput: without a name.

    Source: ``GET /rest/asset/v1/program/byName.json``.
    """
    query = query_pairs(
        name=text("programs.by_name", "program_name", program_name),
        includeTags=flag("programs.by_name", "include_tags", include_tags) or None,
        includeCosts=flag("programs.by_name", "include_costs", include_costs) or None,
    )
    return asset("programs.by_name", "/program/byName.json", first_as(Program), query=query)


def create(
    program_name: str,
    *,
    folder_id: int | str,
    folder_type: FolderType = "Folder",
    program_type: str = "program",
    channel: str,
    description: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    costs: Sequence[Mapping[str, Any]] | None = None,
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
    name = "programs.create"
    form = query_pairs(
        name=text(name, "program_name", program_name),
        folder=folder(name, folder_id, folder_type),
        type=text(name, "program_type", program_type),
        channel=channel,
        description=description,
        tags=_json(name, "tags", tags, ("tagType", "tagValue")),
        costs=_json(name, "costs", costs, ("startDate", "cost")),
    )
    return change(name, "/programs.json", one_as(Program), Replay.VERIFY, form=form)


def update(
    program_id: int | str,
    *,
    new_name: str | None = None,
    description: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    costs: Sequence[Mapping[str, Any]] | None = None,
    replace_costs: bool = False,
) -> Call[Program]:
    """Update a program. Its type and channel cannot be changed. Use :func:`reschedule` for its dates.

    :param program_id: id of a program that is not approved.
    :param new_name: name, unique in the instance, at most 255 characters.
    :param tags: mappings of ``tagType`` and ``tagValue``, which replace the current tags.
    :param costs: mappings of ``startDate``, ``cost`` and ``note``, which are added to the current costs.
    :param replace_costs: replace the current costs by *costs* instead.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/program/{id}.json``.
    """
    name = "programs.update"
    # Without replacement, each retry would add the costs again.
    replay = Replay.VERIFY if costs and not replace_costs else Replay.SAFE
    form = query_pairs(
        name=None if new_name is None else text(name, "new_name", new_name),
        description=description,
        tags=_json(name, "tags", tags, ("tagType", "tagValue")),
        costs=_json(name, "costs", costs, ("startDate", "cost")),
        costsDestructiveUpdate=flag(name, "replace_costs", replace_costs) or None,
    )
    return change(
        name,
        "/program/{id}.json",
        one_as(Program),
        replay,
        params=place(name, "program_id", program_id),
        form=something(name, "new_name", form),
    )


def reschedule(program_id: int | str, start_at: datetime, end_at: datetime | None = None) -> Call[Program]:
    """Set the send time of an email program, or the dates of an event.

    :param program_id: id of an event, or of an email program that is not approved.
    :param start_at: start time (timezone-aware).
    :param end_at: end time (timezone-aware); unchanged when not given.
    :returns: the program.
    :raises InvalidInput: on a time without a zone.

    Source: ``POST /rest/asset/v1/program/{id}.json``.
    """
    name = "programs.reschedule"
    form = query_pairs(
        startDate=_moment(name, "start_at", start_at),
        endDate=_moment(name, "end_at", end_at) if end_at else None,
    )
    return change(
        name,
        "/program/{id}.json",
        one_as(Program),
        Replay.SAFE,
        params=place(name, "program_id", program_id),
        form=form,
    )


def clone(
    program_id: int | str, program_name: str, *, folder_id: int | str, description: str | None = None
) -> Call[Program]:
    """Clone a program with its emails, campaigns and tokens, without its members.

    :param program_id: id of a program without push messages, in-app messages, reports and social assets.
    :param program_name: name, unique in the instance, at most 255 characters.
    :param folder_id: id of a folder of the same workspace; a program cannot be cloned into a program.
    :returns: the clone.
    :raises InvalidRequest: when the name is already in use, or the program cannot be cloned (code 709).

    Source: ``POST /rest/asset/v1/program/{id}/clone.json``.
    """
    name = "programs.clone"
    form = query_pairs(
        name=text(name, "program_name", program_name),
        folder=folder(name, folder_id, "Folder"),
        description=description,
    )
    return change(
        name,
        "/program/{id}/clone.json",
        one_as(Program),
        Replay.VERIFY,
        params=place(name, "program_id", program_id),
        form=form,
    )


def delete(program_id: int | str) -> Call[Asset]:
    """Delete a program with its contents.

    :param program_id: id of a program whose contents are not used elsewhere.
    :raises InvalidRequest: when something in it is in use (code 709).

    Source: ``POST /rest/asset/v1/program/{id}/delete.json``.
    """
    name = "programs.delete"
    params = place(name, "program_id", program_id)
    return change(name, "/program/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params)


def approve(program_id: int | str) -> Call[Asset]:
    """Approve an email program, which then sends at its start date.

    Sends real email. The program must be unlocked and have a start date, an approved email and a smart list.

    :param program_id: id of an email program.
    :raises InvalidRequest: when it cannot be approved, or is already approved.

    Source: ``POST /rest/asset/v1/program/{id}/approve.json``.
    """
    return _switch("programs.approve", program_id, "/program/{id}/approve.json")


def unapprove(program_id: int | str) -> Call[Asset]:
    """Unapprove an email program before it starts to send.

    :param program_id: id of an approved email program.

    Source: ``POST /rest/asset/v1/program/{id}/unapprove.json``.
    """
    return _switch("programs.unapprove", program_id, "/program/{id}/unapprove.json")


def set_status(
    program_id: int | str, lead_ids: Sequence[int], *, status_name: str
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
    name = "programs.set_status"
    status = text(name, "status_name", status_name)
    leads = [{"leadId": lead} for lead in ids(name, "lead_ids", lead_ids)]
    return write(
        name,
        "/programs/{id}/members/status.json",
        results_of(len(leads)),
        Replay.SAFE,
        body={"statusName": status, "input": leads},
        params=place(name, "program_id", program_id),
    )


def members(
    program_id: int | str, *, lead_ids: Sequence[int], fields: Sequence[str] = ()
) -> Call[builtins.list[dict[str, Any]]]:
    """List the program members among the given leads.

    :param program_id: id of the program.
    :param lead_ids: 1-300 lead ids.
    :param fields: e.g. ``statusName``, ``trackName``, ``nurtureCadence``, ``isExhausted``.
    :returns: one row per member; no row for leads that are not members.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    name = "programs.members"
    leads = ",".join(str(lead) for lead in ids(name, "lead_ids", lead_ids))
    return read(
        name,
        "/programs/{id}/members.json",
        rows,
        params=place(name, "program_id", program_id),
        query=query_pairs(filterType="leadId", filterValues=leads, fields=comma_list(name, "fields", fields)),
        follow=position_token,
    )


def people(program_id: int | str, *, batch_size: int = 300) -> Call[builtins.list[dict[str, Any]]]:
    """List all leads that are members of a program.

    :param program_id: id of the program.
    :param batch_size: rows per page, 1-300.
    :returns: leads, each with its ``membership``.

    Source: ``GET /rest/v1/leads/programs/{programId}.json``.
    """
    name = "programs.people"
    return read(
        name,
        "/leads/programs/{id}.json",
        rows,
        params=place(name, "program_id", program_id),
        query=query_pairs(batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX)),
        follow=position_token,
    )


def _switch(name: str, program_id: int | str, tail: str) -> Call[Asset]:
    return change(name, tail, one_as(Asset), Replay.VERIFY, params=place(name, "program_id", program_id))


def _json(
    call: str, field: str, given: Sequence[Mapping[str, Any]] | None, needs: Sequence[str]
) -> str | None:
    if given is None:
        return None
    return json.dumps(records(call, field, given, needs=needs)) if given else "[]"


def _moment(call: str, field: str, value: datetime) -> str:
    return utc(call, field, value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
