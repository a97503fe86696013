"""Smart lists as assets. Use :mod:`.bulk_extracts` to export their members; no call reads them."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    AssetName,
    FolderType,
    Offset,
    PageSize,
    asset,
    asset_pages,
    change,
    folder_filter,
    folder_json,
    updated_range,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, SmartList
from airflow_provider_mkt.client.parameters import NumericId, UtcTime, endpoint


@endpoint
def list(
    *,
    folder_id: NumericId | None = None,
    folder_type: FolderType = "Folder",
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[SmartList]]:
    """List the smart lists that users created.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/smartLists.json``.
    """
    return asset_pages(
        "smart_lists.list",
        "/smartLists.json",
        rows_as(SmartList),
        page_size=page_size,
        offset=offset,
        query=query_pairs(folder=folder_filter(folder_id, folder_type))
        + updated_range(updated_after, updated_before),
    )


@endpoint
def get(list_id: NumericId, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read a smart list.

    :param list_id: id of the list.
    :param include_rules: also return its rules.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/smartList/{id}.json``.
    """
    return _get("smart_lists.get", "/smartList/{id}.json", list_id, include_rules)


@endpoint
def of_program(program_id: NumericId, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read the smart list of an email program, which defines its recipients.

    :param program_id: id of an email program.
    :param include_rules: also return its rules.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/program/{programId}/smartList.json``.
    """
    return _get("smart_lists.of_program", "/program/{id}/smartList.json", program_id, include_rules)


@endpoint
def of_campaign(campaign_id: NumericId, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read the smart list of a smart campaign, which defines its members.

    :param campaign_id: id of the campaign.
    :param include_rules: also return its rules, including triggers.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}/smartList.json``.
    """
    return _get("smart_lists.of_campaign", "/smartCampaign/{id}/smartList.json", campaign_id, include_rules)


@endpoint
def by_name(list_name: AssetName) -> Call[builtins.list[SmartList]]:
    """Find smart lists by their exact name, which is unique only within a program.

    :param list_name: the exact name.
    :returns: the smart lists; empty when none matches.

    Source: ``GET /rest/asset/v1/smartList/byName.json``.
    """
    query = query_pairs(name=list_name)
    return asset("smart_lists.by_name", "/smartList/byName.json", rows_as(SmartList), query=query)


@endpoint
def clone(
    list_id: NumericId,
    list_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    description: str | None = None,
) -> Call[SmartList]:
    """Clone a smart list.

    :param list_id: id of a smart list that a user created.
    :param list_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create the clone in.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: description, for people in Marketo.
    :returns: the clone.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/smartList/{id}/clone.json``.
    """
    form = query_pairs(name=list_name, folder=folder_json(folder_id, folder_type), description=description)
    params = path_params(id=list_id)
    return change(
        "smart_lists.clone",
        "/smartList/{id}/clone.json",
        only_row_as(SmartList),
        Replay.VERIFY,
        params=params,
        form=form,
    )


@endpoint
def delete(list_id: NumericId) -> Call[Asset]:
    """Delete a smart list. Its leads are kept.

    :param list_id: id of a smart list that a user created and that is not in use.

    Source: ``POST /rest/asset/v1/smartList/{id}/delete.json``.
    """
    params = path_params(id=list_id)
    return change(
        "smart_lists.delete", "/smartList/{id}/delete.json", only_row_as(Asset), Replay.VERIFY, params=params
    )


def _get(name: str, tail: str, id_: int | str, include_rules: bool) -> Call[SmartList | None]:
    query = query_pairs(includeRules=include_rules or None)
    return asset(name, tail, first_row_as(SmartList), params=path_params(id=id_), query=query)
