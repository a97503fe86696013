"""Smart campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call, JsonBody, Replay, Route, batch, numeric_id, path_params
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.marketo.answers import first, nothing_of

LEADS_MAX = 100
TOKENS_MAX = 100


def get(campaign_id: int | str) -> Call[dict[str, Any] | None]:
    """Read one smart campaign.

    :param campaign_id: its id.
    :returns: the campaign, with ``isActive``, ``isRequestable``, ``qualificationRuleType`` and
        ``status``; None when there is none.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}.json``.
    """
    name = "campaigns.get"
    return Call(
        name,
        Route(
            "GET",
            "asset",
            "/smartCampaign/{id}.json",
            path_params(name, id=numeric_id(name, "campaign_id", campaign_id)),
        ),
        first,
        Replay.SAFE,
        300,
        scopes=("Read-Only Assets",),
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
    leads = batch(name, "lead_ids", lead_ids, at_most=LEADS_MAX)
    body: dict[str, Any] = {
        "leads": [{"id": numeric_id(name, f"lead_ids[{i}]", lead)} for i, lead in enumerate(leads)]
    }
    if tokens:
        if len(tokens) > TOKENS_MAX:
            raise InvalidInput("tokens", f"are {len(tokens)}; at most {TOKENS_MAX} per call", call=name)
        for token in tokens:
            if not (isinstance(token, str) and token.startswith("{{my.") and token.endswith("}}")):
                raise InvalidInput(f"tokens[{token}]", "must be written {{my.name}}", call=name)
        body["tokens"] = [{"name": token, "value": value} for token, value in tokens.items()]
    return Call(
        name,
        Route(
            "POST",
            "lead",
            "/campaigns/{campaignId}/trigger.json",
            path_params(name, campaignId=numeric_id(name, "campaign_id", campaign_id)),
        ),
        nothing_of,
        Replay.NEVER,
        body=JsonBody({"input": body}),
        scopes=("Execute Campaign",),
    )
