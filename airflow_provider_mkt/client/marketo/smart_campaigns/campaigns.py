"""Smart campaigns."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    AssetName,
    BatchSize,
    FolderType,
    Offset,
    PageSize,
    asset,
    asset_pages,
    at_least_one,
    change,
    folder_filter,
    folder_json,
    read,
    updated_range,
    write,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, no_result, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Campaign, SmartCampaign
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import (
    Names,
    NumericId,
    UtcTime,
    endpoint,
    items,
    items_or_empty,
    mapping,
    text_or_empty,
)

LEADS_MAX = 100
TOKENS_MAX = 100
DESCRIPTION_MAX = 2000
LATEST_RUN = timedelta(days=2 * 365)
_EXECUTE = ("Execute Campaign",)


@endpoint
def list(
    *,
    folder_id: NumericId | None = None,
    folder_type: FolderType = "Folder",
    is_active: bool | None = None,
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[SmartCampaign]]:
    """List smart campaigns.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param is_active: only active campaigns; False is the same as not given.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/smartCampaigns.json``.
    """
    return asset_pages(
        "campaigns.list",
        "/smartCampaigns.json",
        rows_as(SmartCampaign),
        page_size=page_size,
        offset=offset,
        query=query_pairs(folder=folder_filter(folder_id, folder_type), isActive=is_active)
        + updated_range(updated_after, updated_before),
    )


@endpoint
def get(campaign_id: NumericId) -> Call[SmartCampaign | None]:
    """Read a smart campaign.

    :param campaign_id: id of the campaign.
    :returns: the campaign, with ``isActive``, ``isRequestable``, ``qualificationRuleType`` and
        ``status``; None when it does not exist.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}.json``.
    """
    return asset(
        "campaigns.get",
        "/smartCampaign/{id}.json",
        first_row_as(SmartCampaign),
        params=path_params(id=campaign_id),
    )


@endpoint
def by_name(campaign_name: AssetName) -> Call[builtins.list[SmartCampaign]]:
    """Find smart campaigns by their exact name, which is unique only within a program.

    :param campaign_name: the exact name.
    :returns: the campaigns; empty when none matches.

    Source: ``GET /rest/asset/v1/smartCampaign/byName.json``.
    """
    query = query_pairs(name=campaign_name)
    return asset("campaigns.by_name", "/smartCampaign/byName.json", rows_as(SmartCampaign), query=query)


@endpoint
def legacy_list(
    *,
    campaign_ids: Annotated[Sequence[NumericId], items_or_empty(BATCH_MAX)] = (),
    names: Names = (),
    program_names: Names = (),
    workspace_names: Names = (),
    is_triggerable: bool | None = None,
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[Campaign]]:
    """List campaigns by the older call, the only one that can filter on campaigns that can be requested.

    :param campaign_ids: only these campaigns, at most 300.
    :param names: only those with one of these names; names with a comma are not supported.
    :param program_names: only those of these programs, by name.
    :param workspace_names: only those of these workspaces, by name.
    :param is_triggerable: only campaigns that can be requested; False is the same as not given.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/campaigns.json``.
    """
    return read(
        "campaigns.legacy_list",
        "/campaigns.json",
        rows_as(Campaign),
        query=query_pairs(
            nextPageToken=next_page_token,
            id=campaign_ids or None,
            name=comma_joined(names),
            programName=comma_joined(program_names),
            workspaceName=comma_joined(workspace_names),
            isTriggerable=is_triggerable,
            batchSize=batch_size,
        ),
        scopes=("Read-Only Campaign",),
        follow=position_token,
    )


@endpoint
def legacy_get(campaign_id: NumericId) -> Call[Campaign]:
    """Read a campaign by the older call.

    :param campaign_id: id of the campaign.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/campaigns/{campaignId}.json``.
    """
    return read(
        "campaigns.legacy_get",
        "/campaigns/{campaignId}.json",
        only_row_as(Campaign),
        params=path_params(campaignId=campaign_id),
        scopes=("Read-Only Campaign",),
    )


@endpoint
def request(
    campaign_id: NumericId,
    lead_ids: Annotated[Sequence[NumericId], items(LEADS_MAX)],
    *,
    tokens: Mapping[str, str] | None = None,
) -> Call[None]:
    """Request a trigger campaign for up to 100 leads.

    Each request runs the leads again, if the campaign's qualification rule allows it. The response only says
    that the request was queued, and nothing about single leads.

    :param campaign_id: id of an active campaign with the trigger "Campaign is Requested".
    :param lead_ids: lead ids, without duplicates.
    :param tokens: up to 100 values of My Tokens for this run, by ``{{my.name}}``.
    :raises InvalidInput: on an empty or too large batch, or a token name without braces.

    Source: ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """
    body: dict[str, Json] = {"leads": [{"id": lead} for lead in lead_ids]}
    if tokens is not None and tokens != {}:
        body["tokens"] = _tokens(tokens)
    return write(
        "campaigns.request",
        "/campaigns/{campaignId}/trigger.json",
        no_result,
        Replay.NEVER,
        body={"input": body},
        params=path_params(campaignId=campaign_id),
        scopes=_EXECUTE,
    )


@endpoint
def schedule(
    campaign_id: NumericId,
    *,
    run_at: UtcTime | None = None,
    tokens: Mapping[str, str] | None = None,
    clone_to_program_name: AssetName | None = None,
) -> Call[Asset]:
    """Schedule a run of id of a batch campaign.

    Each call schedules another run, so it is never retried automatically.

    :param campaign_id: id of a batch campaign.
    :param run_at: time of the run (timezone-aware), at most two years ahead; Marketo uses five minutes from
        now when not given or earlier.
    :param tokens: up to 100 values of My Tokens for this run, by ``{{my.name}}``.
    :param clone_to_program_name: clone the campaign's program under this name and run the clone instead.
        Limited to 20 times per day; :func:`.programs.clone` has no such limit.
    :returns: the ``id`` of the scheduled campaign.
    :raises QuotaExhausted: when programs were already cloned 20 times today.

    Source: ``POST /rest/v1/campaigns/{campaignId}/schedule.json``.
    """
    body: dict[str, Json] = {}
    if run_at is not None:
        if run_at - datetime.now(UTC) > LATEST_RUN:
            raise InvalidInput("run_at", "is more than two years ahead")
        body["runAt"] = run_at.strftime("%Y-%m-%dT%H:%M:%S+0000")
    if tokens is not None and tokens != {}:
        body["tokens"] = _tokens(tokens)
    if clone_to_program_name is not None:
        body["cloneToProgramName"] = clone_to_program_name
    return write(
        "campaigns.schedule",
        "/campaigns/{campaignId}/schedule.json",
        only_row_as(Asset),
        Replay.NEVER,
        body={"input": body},
        params=path_params(campaignId=campaign_id),
        scopes=_EXECUTE,
    )


@endpoint
def create(
    campaign_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    description: Annotated[str, text_or_empty(DESCRIPTION_MAX)] | None = None,
) -> Call[SmartCampaign]:
    """Create an empty smart campaign.

    Its rules and flow must be edited in Marketo; a clone has those of the original.

    :param campaign_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create it in.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: description, at most 2,000 characters.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/smartCampaigns.json``.
    """
    form = query_pairs(
        name=campaign_name, folder=folder_json(folder_id, folder_type), description=description
    )
    return change(
        "campaigns.create", "/smartCampaigns.json", only_row_as(SmartCampaign), Replay.VERIFY, form=form
    )


@endpoint
def update(
    campaign_id: NumericId,
    *,
    new_name: AssetName | None = None,
    description: Annotated[str, text_or_empty(DESCRIPTION_MAX)] | None = None,
) -> Call[SmartCampaign]:
    """Update a smart campaign's name or description.

    :param campaign_id: id of the campaign.
    :param new_name: the new name.
    :param description: description, at most 2,000 characters.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}.json``.
    """
    form = query_pairs(name=new_name, description=description)
    return change(
        "campaigns.update",
        "/smartCampaign/{id}.json",
        only_row_as(SmartCampaign),
        Replay.SAFE,
        params=path_params(id=campaign_id),
        form=at_least_one("new_name", form),
    )


@endpoint
def clone(
    campaign_id: NumericId,
    campaign_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    description: Annotated[str, text_or_empty(DESCRIPTION_MAX)] | None = None,
) -> Call[SmartCampaign]:
    """Clone a smart campaign with its rules and flow. The clone is inactive.

    :param campaign_id: id of the campaign to clone.
    :param campaign_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create the clone in.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: description, at most 2,000 characters; the original's when not given.
    :returns: the clone.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/clone.json``.
    """
    form = query_pairs(
        name=campaign_name, folder=folder_json(folder_id, folder_type), description=description
    )
    return change(
        "campaigns.clone",
        "/smartCampaign/{id}/clone.json",
        only_row_as(SmartCampaign),
        Replay.VERIFY,
        params=path_params(id=campaign_id),
        form=form,
    )


@endpoint
def delete(campaign_id: NumericId) -> Call[Asset]:
    """Delete a smart campaign.

    :param campaign_id: id of a campaign that is not in use.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/delete.json``.
    """
    return _switch("campaigns.delete", campaign_id, "delete", "Read-Write Assets")


@endpoint
def activate(campaign_id: NumericId) -> Call[Asset]:
    """Activate a trigger campaign.

    :param campaign_id: id of an inactive campaign with a trigger and a flow step.
    :raises InvalidRequest: when it is already active, or cannot be activated (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """
    return _switch("campaigns.activate", campaign_id, "activate", "Activate Campaign")


@endpoint
def deactivate(campaign_id: NumericId) -> Call[Asset]:
    """Deactivate a trigger campaign.

    :param campaign_id: id of an active campaign.
    :raises InvalidRequest: when it is not active (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/deactivate.json``.
    """
    return _switch("campaigns.deactivate", campaign_id, "deactivate", "Deactivate Campaign")


def _switch(name: str, campaign_id: NumericId, verb: str, permission: str) -> Call[Asset]:
    return change(
        name,
        f"/smartCampaign/{{id}}/{verb}.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=path_params(id=campaign_id),
        scopes=(permission,),
    )


def _tokens(tokens: Mapping[str, str]) -> builtins.list[Json]:
    mapping("tokens", tokens)
    if len(tokens) > TOKENS_MAX:
        raise InvalidInput("tokens", f"has {len(tokens)} entries; at most {TOKENS_MAX} per call")
    for token in tokens:
        if not (isinstance(token, str) and token.startswith("{{my.") and token.endswith("}}")):
            raise InvalidInput(f"tokens[{token}]", "must be written {{my.name}}")
    return [{"name": token, "value": value} for token, value in tokens.items()]
