"""Tags of programs, and the tag types that administrators created."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    Offset,
    PageSize,
    ShortText,
    asset,
    asset_pages,
    change,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Program, TagType
from airflow_provider_mkt.client.parameters import NumericId, endpoint


@endpoint
def list(*, page_size: PageSize = 200, offset: Offset = 0) -> Call[builtins.list[TagType]]:
    """List tag types, without their allowed values.

    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/tagTypes.json``.
    """
    return asset_pages("tags.list", "/tagTypes.json", rows_as(TagType), page_size=page_size, offset=offset)


@endpoint
def by_name(tag_type: ShortText) -> Call[TagType | None]:
    """Read a tag type, with its allowed values.

    :param tag_type: name of the tag type.
    :returns: the type, or None when it does not exist.

    Source: ``GET /rest/asset/v1/tagType/byName.json``.
    """
    query = query_pairs(name=tag_type)
    return asset("tags.by_name", "/tagType/byName.json", first_row_as(TagType), query=query)


@endpoint
def programs(
    tag_type: ShortText, tag_value: ShortText, *, page_size: PageSize = 200, offset: Offset = 0
) -> Call[builtins.list[Program]]:
    """List the programs with a tag, in no particular order.

    :param tag_type: name of the tag type.
    :param tag_value: one of its values.
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.
    :returns: the programs with their tags, without costs.

    Source: ``GET /rest/asset/v1/program/byTag.json``.
    """
    query = query_pairs(tagType=tag_type, tagValue=tag_value)
    return asset_pages(
        "tags.programs",
        "/program/byTag.json",
        rows_as(Program),
        page_size=page_size,
        offset=offset,
        query=query,
    )


@endpoint
def set_value(program_id: NumericId, tag_type: ShortText, tag_value: ShortText) -> Call[Asset]:
    """Set the value of a program's tag. Its other tags stay.

    :param program_id: id of the program.
    :param tag_type: name of the tag type.
    :param tag_value: one of its values.

    Source: ``POST /rest/asset/v1/program/{id}/tag/{tagType}.json``.
    """
    return change(
        "tags.set_value",
        "/program/{id}/tag/{tagType}.json",
        only_row_as(Asset),
        Replay.SAFE,
        params=path_params(id=program_id, tagType=tag_type),
        form=query_pairs(tagValue=tag_value),
    )


@endpoint
def delete(program_id: NumericId, tag_type: ShortText) -> Call[Asset]:
    """Remove a tag from a program.

    :param program_id: id of the program.
    :param tag_type: a tag type that is not required for the program.

    Source: ``POST /rest/asset/v1/program/{id}/tag/{tagType}/delete.json``.
    """
    params = path_params(id=program_id, tagType=tag_type)
    return change(
        "tags.delete",
        "/program/{id}/tag/{tagType}/delete.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=params,
    )
