"""Copying programs, each copy once."""

from __future__ import annotations

from airflow_provider_mkt.api.errors import Conflict, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import programs
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import Program
from airflow_provider_mkt.api.once import Made, once


def clone(
    program_id: int | str,
    name: str,
    memory: Memory,
    *,
    folder_id: int | str,
    description: str | None = None,
) -> Flow[Made[Program]]:
    """Copy a program into a folder, unless a program of that name is in it.

    :param program_id: the program to copy.
    :param name: name of the copy, unique in the instance.
    :param memory: what the task's earlier tries did.
    :param folder_id: a folder of the same workspace.
    :param description: of the copy; that of the original when not given.
    :raises NotFound: when there is no such program.
    :raises Conflict: when the name is that of a program elsewhere, or of another kind.
    :raises InvalidRequest: when the program cannot be copied.
    """
    call = programs.clone(program_id, name, folder_id=folder_id, description=description)
    source = yield from found(programs.get(program_id))
    if source is None:
        raise NotFound(f"there is no program {program_id}", platform="marketo", call="programs.get")

    def find() -> Flow[Program | None]:
        there = yield from found(programs.by_name(name))
        if there is not None:
            _is_copy(there, source, folder_id)
        return there

    return (yield from once(f"clone program {program_id} as {name}", memory, call, find))


def _is_copy(there: Program, source: Program, folder_id: int | str) -> None:
    place = there.get("folder") or {}
    problem = ""
    if there.get("type") != source.get("type"):
        problem = f"of type {there.get('type')}, not {source.get('type')}"
    elif str(place.get("value")) != str(folder_id) or place.get("type") == "Program":
        problem = f"in folder {place.get('value')}, not {folder_id}"
    if problem:
        raise Conflict(
            f"program {there['id']} has that name already and is {problem}; names are unique in an instance",
            platform="marketo",
            call="programs.clone",
        )
