"""Smart lists as assets. Use :mod:`.bulk_extracts` to export their members; no call reads them."""

from __future__ import annotations

import builtins
from datetime import datetime

from airflow_provider_mkt.client.call import Call, Replay, flag, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    asset,
    asset_pages,
    change,
    folder,
    in_folder,
    place,
    text,
    updated,
)
from airflow_provider_mkt.client.marketo.responses import first_as, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, SmartList


def list(
    *,
    folder_id: int | str | None = None,
    folder_type: str = "Folder",
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page_size: int = 200,
) -> Call[builtins.list[SmartList]]:
    """List the smart lists that users created.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/smartLists.json``.
    """
    name = "smart_lists.list"
    return asset_pages(
        name,
        "/smartLists.json",
        rows_as(SmartList),
        page_size=page_size,
        query=query_pairs(folder=in_folder(name, folder_id, folder_type))
        + updated(name, updated_after, updated_before),
    )


def get(list_id: int | str, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read a smart list.

    :param list_id: id of the list.
    :param include_rules: also return its rules.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/smartList/{id}.json``.
    """
    name = "smart_lists.get"
    return _one(name, "/smartList/{id}.json", "list_id", list_id, include_rules)


def of_program(program_id: int | str, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read the smart list of an email program, which defines its recipients.

    :param program_id: id of an email program.
    :param include_rules: also return its rules.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/program/{programId}/smartList.json``.
    """
    name = "smart_lists.of_program"
    return _one(name, "/program/{id}/smartList.json", "program_id", program_id, include_rules)


def of_campaign(campaign_id: int | str, *, include_rules: bool = False) -> Call[SmartList | None]:
    """Read the smart list of a smart campaign, which defines its members.

    :param campaign_id: id of the campaign.
    :param include_rules: also return its rules, including triggers.
    :returns: the smart list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}/smartList.json``.
    """
    name = "smart_lists.of_campaign"
    return _one(name, "/smartCampaign/{id}/smartList.json", "campaign_id", campaign_id, include_rules)


def by_name(list_name: str) -> Call[builtins.list[SmartList]]:
    """Find smart lists by their exact name, which is unique only within a program.

    :returns: the smart lists; empty when none matches.

    Source: ``GET /rest/asset/v1/smartList/byName.json``.
    """
    name = "smart_lists.by_name"
    query = query_pairs(name=text(name, "list_name", list_name))
    return asset(name, "/smartList/byName.json", rows_as(SmartList), query=query)


def clone(
    list_id: int | str,
    list_name: str,
    *,
    folder_id: int | str,
    folder_type: str = "Folder",
    description: str | None = None,
) -> Call[SmartList]:
    """Clone a smart list.

    :param list_id: id of a smart list that a user created.
    :param list_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create the clone in.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the clone.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/smartList/{id}/clone.json``.
    """
    name = "smart_lists.clone"
    form = query_pairs(
        name=text(name, "list_name", list_name),
        folder=folder(name, folder_id, folder_type),
        description=description,
    )
    params = place(name, "list_id", list_id)
    return change(
        name, "/smartList/{id}/clone.json", one_as(SmartList), Replay.VERIFY, params=params, form=form
    )


def delete(list_id: int | str) -> Call[Asset]:
    """Delete a smart list. Its leads are kept.

    :param list_id: id of a smart list that a user created and that is not in use.

    Source: ``POST /rest/asset/v1/smartList/{id}/delete.json``.
    """
    name = "smart_lists.delete"
    params = place(name, "list_id", list_id)
    return change(name, "/smartList/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params)


def _one(name: str, tail: str, field: str, number: int | str, include_rules: bool) -> Call[SmartList | None]:
    query = query_pairs(includeRules=flag(name, "include_rules", include_rules) or None)
    return asset(name, tail, first_as(SmartList), params=place(name, field, number), query=query)
