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
    """Page through smart campaigns.

    :param folder_id: only those in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param is_active: only active ones; False is the same as not given.
    :param updated_after: only those changed at this time or later; aware.
    :param updated_before: only those changed at this time or earlier; aware.
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
    """Read one smart campaign.

    :param campaign_id: its id.
    :returns: the campaign, with ``isActive``, ``isRequestable``, ``qualificationRuleType`` and
        ``status``; None when there is none.

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

    :returns: the campaigns; none when there are none.

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
    """Page through campaigns by the older call, which alone can pick out those that can be requested.

    :param campaign_ids: only these.
    :param names: only those with one of these names; a name with a comma cannot be asked for.
    :param program_names: only those of these programs.
    :param workspace_names: only those of these workspaces.
    :param is_triggerable: only those that can be requested; False is the same as not given.
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
    """Read one campaign by the older call.

    :param campaign_id: its id.
    :raises NotFound: when there is none.

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
    """Run up to 100 leads through a trigger campaign.

    Each request runs them again, as far as the campaign's qualification rule lets them. The answer
    says that the request was queued, and nothing of a single lead.

    :param campaign_id: an active trigger campaign with the trigger "Campaign is Requested".
    :param lead_ids: leads, each once.
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :raises InvalidInput: on an empty or too large batch, or a token name without its braces.

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
    """Put a run of a batch campaign on the clock.

    Each call adds another run, so it is never repeated by itself.

    :param campaign_id: a batch campaign.
    :param run_at: an aware time, at most two years ahead; five minutes from now when not given or sooner.
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :param clone_to_program_name: copy the campaign's program under this name and run the copy. Can be done
        20 times a day; :func:`.programs.clone` has no such limit.
    :returns: the ``id`` of the campaign that was asked for.
    :raises QuotaExhausted: when programs were cloned 20 times today.

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
    """Create an empty smart campaign. Rules and flow can only be given in Marketo, or come with a clone.

    :param campaign_name: unique in the instance, or in its program.
    :param folder_id: the folder or program it goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: at most 2,000 characters.
    :raises InvalidRequest: when the name is taken (code 709).

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
    """Change a smart campaign's name or description.

    :param campaign_id: the campaign.
    :param description: at most 2,000 characters.
    :raises InvalidInput: when there is nothing to change.

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
    """Copy a smart campaign with its rules and flow; the copy is inactive.

    :param campaign_id: the campaign to copy.
    :param campaign_name: unique in the instance, or in its program.
    :param folder_id: the folder or program the copy goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: at most 2,000 characters; that of the original when not given.
    :returns: the copy.

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

    :param campaign_id: a campaign that nothing uses.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/delete.json``.
    """
    return _switch("campaigns.delete", campaign_id, "delete", "Read-Write Assets")


def activate(campaign_id: int | str) -> Call[Asset]:
    """Switch a trigger campaign on.

    :param campaign_id: an inactive campaign with a trigger and a flow step.
    :raises InvalidRequest: when it is active already, or cannot be (code 709).

    Source: ``POST /rest/asset/v1/smartCampaign/{id}/activate.json``.
    """
    return _switch("campaigns.activate", campaign_id, "activate", "Activate Campaign")


def deactivate(campaign_id: int | str) -> Call[Asset]:
    """Switch a trigger campaign off.

    :param campaign_id: an active campaign.
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
