"""Tags of programs, and the tag types that administrators created."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Pairs, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import asset, asset_pages, change, place, text
from airflow_provider_mkt.client.marketo.responses import first_as, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Program, TagType


def list(*, page_size: int = 200) -> Call[builtins.list[TagType]]:
    """List tag types, without their allowed values.

    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/tagTypes.json``.
    """
    return asset_pages("tags.list", "/tagTypes.json", rows_as(TagType), page_size=page_size)


def by_name(tag_type: str) -> Call[TagType | None]:
    """Read a tag type, with its allowed values.

    :returns: the type, or None when it does not exist.

    Source: ``GET /rest/asset/v1/tagType/byName.json``.
    """
    name = "tags.by_name"
    query = query_pairs(name=text(name, "tag_type", tag_type))
    return asset(name, "/tagType/byName.json", first_as(TagType), query=query)


def programs(tag_type: str, tag_value: str, *, page_size: int = 200) -> Call[builtins.list[Program]]:
    """List the programs with a tag, in no particular order.

    :param page_size: rows per page, 1-200.
    :returns: the programs with their tags, without costs.

    Source: ``GET /rest/asset/v1/program/byTag.json``.
    """
    name = "tags.programs"
    query = query_pairs(tagType=text(name, "tag_type", tag_type), tagValue=text(name, "tag_value", tag_value))
    return asset_pages(name, "/program/byTag.json", rows_as(Program), page_size=page_size, query=query)


def set_value(program_id: int | str, tag_type: str, tag_value: str) -> Call[Asset]:
    """Set the value of a program's tag. Its other tags stay.

    :param program_id: id of the program.

    Source: ``POST /rest/asset/v1/program/{id}/tag/{tagType}.json``.
    """
    name = "tags.set_value"
    return change(
        name,
        "/program/{id}/tag/{tagType}.json",
        one_as(Asset),
        Replay.SAFE,
        params=_at(name, program_id, tag_type),
        form=query_pairs(tagValue=text(name, "tag_value", tag_value)),
    )


def delete(program_id: int | str, tag_type: str) -> Call[Asset]:
    """Remove a tag from a program.

    :param program_id: id of the program.
    :param tag_type: a tag type that is not required for the program.

    Source: ``POST /rest/asset/v1/program/{id}/tag/{tagType}/delete.json``.
    """
    name = "tags.delete"
    params = _at(name, program_id, tag_type)
    return change(
        name, "/program/{id}/tag/{tagType}/delete.json", one_as(Asset), Replay.VERIFY, params=params
    )


def _at(call: str, program_id: int | str, tag_type: str) -> Pairs:
    checked = path_params(call, tag_type=text(call, "tag_type", tag_type))
    return (*place(call, "program_id", program_id), *(("tagType", value) for _, value in checked))
