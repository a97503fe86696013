"""Programs, and the people in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from airflow_provider_mkt.api.call import (
    Call,
    FormBody,
    JsonBody,
    Pairs,
    Replay,
    Route,
    batch,
    comma_list,
    numeric_id,
    path_params,
    query_pairs,
    utc,
)
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.marketo.answers import RecordResult, first, results_of, rows, the_one
from airflow_provider_mkt.api.paging import position_token

MEMBERS_MAX = 300
NAME_MAX = 255
_ASSET_TIMEOUT = 300.0
_READ = ("Read-Only Assets",)
_WRITE = ("Read-Write Assets",)

FolderType = Literal["Folder", "Program"]


def get(program_id: int | str) -> Call[dict[str, Any] | None]:
    """Read one program.

    :param program_id: its id.
    :returns: the program, or None when there is none.

    Source: ``GET /rest/asset/v1/program/{id}.json``.
    """
    name = "programs.get"
    return Call(
        name,
        Route("GET", "asset", "/program/{id}.json", _id(name, program_id)),
        first,
        Replay.SAFE,
        _ASSET_TIMEOUT,
        scopes=_READ,
    )


def by_name(program_name: str) -> Call[dict[str, Any] | None]:
    """Find a program by its exact name. Names are unique in an instance.

    :returns: the program, or None when there is none.

    Source: ``GET /rest/asset/v1/program/byName.json``.
    """
    return Call(
        "programs.by_name",
        Route("GET", "asset", "/program/byName.json"),
        first,
        Replay.SAFE,
        _ASSET_TIMEOUT,
        query=query_pairs(name=program_name),
        scopes=_READ,
    )


def create(
    program_name: str,
    *,
    folder_id: int | str,
    folder_type: FolderType = "Folder",
    program_type: str = "program",
    channel: str,
    description: str | None = None,
) -> Call[dict[str, Any]]:
    """Create a program.

    :param program_name: unique in the instance, at most 255 characters.
    :param folder_id: the folder it goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :param program_type: ``program``, ``event``, ``webinar`` or ``nurture``.
    :param channel: a channel of that type.
    :param description: shown in the program's overview.
    :returns: the program.
    :raises InvalidRequest: when the name is taken.

    Source: ``POST /rest/asset/v1/programs.json``.
    """
    name = "programs.create"
    _named(name, "program_name", program_name)
    form = query_pairs(
        name=program_name,
        folder=_folder(name, folder_id, folder_type),
        type=program_type,
        channel=channel,
        description=description,
    )
    return Call(
        name,
        Route("POST", "asset", "/programs.json"),
        the_one,
        Replay.VERIFY,
        _ASSET_TIMEOUT,
        body=FormBody(form),
        scopes=_WRITE,
    )


def reschedule(
    program_id: int | str, start_at: datetime, end_at: datetime | None = None
) -> Call[dict[str, Any]]:
    """Set when an email program sends.

    :param program_id: an email program that is not approved.
    :param start_at: an aware time.
    :param end_at: an aware time after it; as it is when not given.
    :returns: the program.
    :raises InvalidInput: on a time without a zone.

    Source: ``POST /rest/asset/v1/program/{id}.json``.
    """
    name = "programs.reschedule"
    form = query_pairs(
        startDate=_moment(name, "start_at", start_at),
        endDate=_moment(name, "end_at", end_at) if end_at else None,
    )
    return Call(
        name,
        Route("POST", "asset", "/program/{id}.json", _id(name, program_id)),
        the_one,
        Replay.SAFE,
        _ASSET_TIMEOUT,
        body=FormBody(form),
        scopes=_WRITE,
    )


def approve(program_id: int | str) -> Call[dict[str, Any]]:
    """Approve an email program: it sends at its start date.

    Sends real mail. The program must be unlocked, with a start date, an approved email and a smart list.

    :param program_id: an email program.
    :raises InvalidRequest: when it cannot be approved, or is approved already.

    Source: ``POST /rest/asset/v1/program/{id}/approve.json``.
    """
    return _switch("programs.approve", program_id, "/program/{id}/approve.json")


def unapprove(program_id: int | str) -> Call[dict[str, Any]]:
    """Take back the approval of an email program before it starts to send.

    :param program_id: an approved email program.

    Source: ``POST /rest/asset/v1/program/{id}/unapprove.json``.
    """
    return _switch("programs.unapprove", program_id, "/program/{id}/unapprove.json")


def set_status(
    program_id: int | str, lead_ids: Sequence[int], *, status_name: str
) -> Call[list[RecordResult]]:
    """Make up to 300 leads members of a program, or move them on, by status.

    In an engagement program a new member starts in the first stream.

    :param program_id: the program.
    :param lead_ids: leads, each once.
    :param status_name: a status of the program's channel. Going back is refused per lead with code 1037.
    :returns: one row per lead, in the order of *lead_ids*.

    Source: ``POST /rest/v1/programs/{programId}/members/status.json``.
    """
    name = "programs.set_status"
    if not isinstance(status_name, str) or not status_name.strip():
        raise InvalidInput("status_name", "is empty", call=name)
    leads = batch(name, "lead_ids", lead_ids, at_most=MEMBERS_MAX)
    records = [{"leadId": numeric_id(name, f"lead_ids[{i}]", lead)} for i, lead in enumerate(leads)]
    return Call(
        name,
        Route("POST", "lead", "/programs/{id}/members/status.json", _id(name, program_id)),
        results_of(len(records)),
        Replay.SAFE,
        body=JsonBody({"statusName": status_name, "input": records}),
        scopes=("Read-Write Lead",),
    )


def members(
    program_id: int | str, *, lead_ids: Sequence[int], fields: Sequence[str] = ()
) -> Call[list[dict[str, Any]]]:
    """Page through a program's members among the given leads.

    :param program_id: the program.
    :param lead_ids: up to 300 leads.
    :param fields: e.g. ``statusName``, ``trackName``, ``nurtureCadence``, ``isExhausted``.
    :returns: one row per member; a lead that is no member has none.

    Source: ``GET /rest/v1/programs/{programId}/members.json``.
    """
    name = "programs.members"
    leads = batch(name, "lead_ids", lead_ids, at_most=MEMBERS_MAX)
    ids = ",".join(str(numeric_id(name, f"lead_ids[{i}]", lead)) for i, lead in enumerate(leads))
    return Call(
        name,
        Route("GET", "lead", "/programs/{id}/members.json", _id(name, program_id)),
        rows,
        Replay.SAFE,
        query=query_pairs(filterType="leadId", filterValues=ids, fields=comma_list(name, "fields", fields)),
        follow=position_token,
        scopes=("Read-Only Lead",),
    )


def people(program_id: int | str, *, batch_size: int = 300) -> Call[list[dict[str, Any]]]:
    """Page through all leads that are members of a program.

    :param program_id: the program.
    :param batch_size: rows per page, at most 300.
    :returns: leads with their ``membership``.

    Source: ``GET /rest/v1/leads/programs/{programId}.json``.
    """
    name = "programs.people"
    return Call(
        name,
        Route("GET", "lead", "/leads/programs/{id}.json", _id(name, program_id)),
        rows,
        Replay.SAFE,
        query=query_pairs(batchSize=batch_size),
        follow=position_token,
        scopes=("Read-Only Lead",),
    )


def _switch(name: str, program_id: int | str, tail: str) -> Call[dict[str, Any]]:
    return Call(
        name,
        Route("POST", "asset", tail, _id(name, program_id)),
        the_one,
        Replay.VERIFY,
        _ASSET_TIMEOUT,
        scopes=_WRITE,
    )


def _id(name: str, program_id: int | str) -> Pairs:
    return path_params(name, id=numeric_id(name, "program_id", program_id))


def _named(call: str, field: str, value: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, "is missing or empty", call=call)
    if len(value) > NAME_MAX:
        raise InvalidInput(field, f"has {len(value)} characters; at most {NAME_MAX}", call=call)


def _folder(call: str, folder_id: int | str, folder_type: str) -> str:
    return json.dumps({"id": numeric_id(call, "folder_id", folder_id), "type": folder_type})


def _moment(call: str, field: str, value: datetime) -> str:
    return utc(call, field, value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
