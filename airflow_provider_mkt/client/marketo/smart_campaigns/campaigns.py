"""Smart campaigns."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_list, flag, query_pairs, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    asset,
    asset_pages,
    between,
    change,
    folder,
    ids,
    in_folder,
    optional_text,
    place,
    read,
    something,
    text,
    updated,
    write,
)
from airflow_provider_mkt.client.marketo.responses import first_as, nothing_of, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Campaign, SmartCampaign
from airflow_provider_mkt.client.paging import position_token
from airflow_provider_mkt.client.redaction import describe_type

LEADS_MAX = 100
TOKENS_MAX = 100
DESCRIPTION_MAX = 2000
LATEST_RUN = timedelta(days=2 * 365)
_EXECUTE = ("Execute Campaign",)


def list(
    *,
    folder_id: int | str | None = None,
    folder_type: str = "Folder",
    is_active: bool | None = None,
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page_size: int = 200,
) -> Call[builtins.list[SmartCampaign]]:
    """List smart campaigns.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param is_active: only active campaigns; False is the same as not given.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/smartCampaigns.json``.
    """
    name = "campaigns.list"
    return asset_pages(
        name,
        "/smartCampaigns.json",
        rows_as(SmartCampaign),
        page_size=page_size,
        query=query_pairs(
            folder=in_folder(name, folder_id, folder_type), isActive=flag(name, "is_active", is_active)
        )
        + updated(name, updated_after, updated_before),
    )


def get(campaign_id: int | str) -> Call[SmartCampaign | None]:
    """Read a smart campaign.

    :param campaign_id: id of the campaign.
    :returns: the campaign, with ``isActive``, ``isRequestable``, ``qualificationRuleType`` and
        ``status``; None when it does not exist.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}.json``.
    """
    name = "campaigns.get"
    return asset(
        name,
        "/smartCampaign/{id}.json",
        first_as(SmartCampaign),
        params=place(name, "campaign_id", campaign_id),
    )


def by_name(campaign_name: str) -> Call[builtins.list[SmartCampaign]]:
    """Find smart campaigns by their exact name, which is unique only within a program.

    :returns: the campaigns; empty when none matches.

    Source: ``GET /rest/asset/v1/smartCampaign/byName.json``.
    """
    name = "campaigns.by_name"
    query = query_pairs(name=text(name, "campaign_name", campaign_name))
    return asset(name, "/smartCampaign/byName.json", rows_as(SmartCampaign), query=query)


def legacy_list(
    *,
    campaign_ids: Sequence[int | str] = (),
    names: Sequence[str] = (),
    program_names: Sequence[str] = (),
    workspace_names: Sequence[str] = (),
    is_triggerable: bool | None = None,
    batch_size: int = 300,
) -> Call[builtins.list[Campaign]]:
    """List campaigns by the older call, the only one that can filter on campaigns that can be requested.

    :param campaign_ids: only these campaigns, at most 300.
    :param names: only those with one of these names; names with a comma are not supported.
    :param program_names: only those of these programs, by name.
    :param workspace_names: only those of these workspaces, by name.
    :param is_triggerable: only campaigns that can be requested; False is the same as not given.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/campaigns.json``.
    """
    name = "campaigns.legacy_list"
    return read(
        name,
        "/campaigns.json",
        rows_as(Campaign),
        query=query_pairs(
            id=ids(name, "campaign_ids", campaign_ids) if campaign_ids else None,
            name=comma_list(name, "names", names),
            programName=comma_list(name, "program_names", program_names),
            workspaceName=comma_list(name, "workspace_names", workspace_names),
            isTriggerable=flag(name, "is_triggerable", is_triggerable),
            batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
        ),
        scopes=("Read-Only Campaign",),
        follow=position_token,
    )


def legacy_get(campaign_id: int | str) -> Call[Campaign]:
    """Read a campaign by the older call.

    :param campaign_id: id of the campaign.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/campaigns/{campaignId}.json``.
    """
    name = "campaigns.legacy_get"
    return read(
        name,
        "/campaigns/{campaignId}.json",
        one_as(Campaign),
        params=place(name, "campaign_id", campaign_id, "campaignId"),
        scopes=("Read-Only Campaign",),
    )


def request(
    campaign_id: int | str, lead_ids: Sequence[int], *, tokens: Mapping[str, str] | None = None
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
    name = "campaigns.request"
    body: dict[str, Json] = {
        "leads": [{"id": lead} for lead in ids(name, "lead_ids", lead_ids, at_most=LEADS_MAX)]
    }
    if tokens is not None and tokens != {}:
        body["tokens"] = _tokens(name, tokens)
    return write(
        name,
        "/campaigns/{campaignId}/trigger.json",
        nothing_of,
        Replay.NEVER,
        body={"input": body},
        params=place(name, "campaign_id", campaign_id, "campaignId"),
        scopes=_EXECUTE,
    )


def schedule(
    campaign_id: int | str,
    *,
    run_at: datetime | None = None,
    tokens: Mapping[str, str] | None = None,
    clone_to_program_name: str | None = None,
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
    name = "campaigns.schedule"
    body: dict[str, Json] = {}
    if run_at is not None:
        moment = utc(name, "run_at", run_at)
        if moment - datetime.now(UTC) > LATEST_RUN:
            raise InvalidInput("run_at", "is more than two years ahead", call=name)
        body["runAt"] = moment.strftime("%Y-%m-%dT%H:%M:%S+0000")
    if tokens is not None and tokens != {}:
        body["tokens"] = _tokens(name, tokens)
    if clone_to_program_name is not None:
        body["cloneToProgramName"] = text(name, "clone_to_program_name", clone_to_program_name)
    return write(
        name,
        "/campaigns/{campaignId}/schedule.json",
        one_as(Asset),
        Replay.NEVER,
        body={"input": body},
        params=place(name, "campaign_id", campaign_id, "campaignId"),
        scopes=_EXECUTE,
    )


def create(
    campaign_name: str, *, folder_id: int | str, folder_type: str = "Folder", description: str | None = None
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
    name = "campaigns.create"
    form = query_pairs(
        name=text(name, "campaign_name", campaign_name),
        folder=folder(name, folder_id, folder_type),
        description=optional_text(name, "description", description, at_most=DESCRIPTION_MAX),
    )
    return change(name, "/smartCampaigns.json", one_as(SmartCampaign), Replay.VERIFY, form=form)


def update(
    campaign_id: int | str, *, new_name: str | None = None, description: str | None = None
) -> Call[SmartCampaign]:
    """Update a smart campaign's name or description.

    :param campaign_id: id of the campaign.
    :param description: description, at most 2,000 characters.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/smartCampaign/{id}.json``.
    """
    name = "campaigns.update"
    form = query_pairs(
        name=None if new_name is None else text(name, "new_name", new_name),
        description=optional_text(name, "description", description, at_most=DESCRIPTION_MAX),
    )
    return change(
        name,
        "/smartCampaign/{id}.json",
        one_as(SmartCampaign),
        Replay.SAFE,
        params=place(name, "campaign_id", campaign_id),
        form=something(name, "new_name", form),
    )


def clone(
    campaign_id: int | str,
    campaign_name: str,
    *,
    folder_id: int | str,
    folder_type: str = "Folder",
    description: str | None = None,
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
    name = "campaigns.clone"
    form = query_pairs(
        name=text(name, "campaign_name", campaign_name),
        folder=folder(name, folder_id, folder_type),
        description=optional_text(name, "description", description, at_most=DESCRIPTION_MAX),
    )
    return change(
        name,
        "/smartCampaign/{id}/clone.json",
        one_as(SmartCampaign),
        Replay.VERIFY,
        params=place(name, "campaign_id", campaign_id),
        form=form,
    )


def delete(campaign_id: int | str) -> Call[Asset]:
    """Delete a smart campaign.

    :param campaign_id: id of a campaign that is not in use.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/delete.json``.
    """
    return _switch("campaigns.delete", campaign_id, "delete", "Read-Write Assets")


def activate(campaign_id: int | str) -> Call[Asset]:
    """Activate a trigger campaign.

    :param campaign_id: id of an inactive campaign with a trigger and a flow step.
    :raises InvalidRequest: when it is already active, or cannot be activated (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """
    return _switch("campaigns.activate", campaign_id, "activate", "Activate Campaign")


def deactivate(campaign_id: int | str) -> Call[Asset]:
    """Deactivate a trigger campaign.

    :param campaign_id: id of an active campaign.
    :raises InvalidRequest: when it is not active (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/deactivate.json``.
    """
    return _switch("campaigns.deactivate", campaign_id, "deactivate", "Deactivate Campaign")


def _switch(name: str, campaign_id: int | str, verb: str, permission: str) -> Call[Asset]:
    return change(
        name,
        f"/smartCampaign/{{id}}/{verb}.json",
        one_as(Asset),
        Replay.VERIFY,
        params=place(name, "campaign_id", campaign_id),
        scopes=(permission,),
    )


def _tokens(call: str, tokens: Mapping[str, str]) -> builtins.list[Json]:
    if not isinstance(tokens, Mapping):
        raise InvalidInput("tokens", f"must be a mapping, not {describe_type(tokens)}", call=call)
    if len(tokens) > TOKENS_MAX:
        raise InvalidInput("tokens", f"are {len(tokens)}; at most {TOKENS_MAX} per call", call=call)
    for token in tokens:
        if not (isinstance(token, str) and token.startswith("{{my.") and token.endswith("}}")):
            raise InvalidInput(f"tokens[{token}]", "must be written {{my.name}}", call=call)
    return [{"name": token, "value": value} for token, value in tokens.items()]
