"""SMTP tokens: credentials for sending transactional email over SMTP."""

from __future__ import annotations

import builtins
from typing import Annotated

from pydantic import BaseModel, ConfigDict, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import Text, at_least, endpoint

_SCOPES = ("transactional-email",)


class SmtpToken(BaseModel):
    """An SMTP token.

    :param id: the SMTP user name.
    :param password: only in the response of creation and of a password reset; hidden in ``repr``.
    :param createContact: whether recipients become contacts.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    campaignName: str = ""
    emailCampaignId: str = ""
    createContact: bool = False
    createdAt: str = ""
    createdBy: str = ""
    password: SecretStr | None = None


@endpoint
def list(
    *,
    campaign_name: str | None = None,
    email_campaign_id: str | None = None,
    limit: Annotated[int, at_least(1)] | None = None,
    after: Cursor | None = None,
) -> Call[builtins.list[SmtpToken]]:
    """List SMTP tokens, without passwords.

    :param campaign_name: only tokens of this campaign.
    :param email_campaign_id: only the token with this email campaign id.
    :param limit: rows per page; HubSpot's default when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of tokens; iterate the call for all pages.

    Source: ``GET /marketing/{version}/transactional/smtp-tokens``.
    """
    return Call(
        "smtp_tokens.list",
        Route("GET", "transactional", "/smtp-tokens"),
        _rows,
        Replay.SAFE,
        query=query_pairs(
            after=after, campaignName=campaign_name, emailCampaignId=email_campaign_id, limit=limit
        ),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def create(campaign_name: Text, *, create_contact: bool) -> Call[SmtpToken]:
    """Create an SMTP token. It expires after twelve months.

    Only this response contains the password. After an ambiguous failure, find the token by its campaign name,
    archive it and create another one.

    :param campaign_name: name of the token, and of the campaign that its emails are reported under.
    :param create_contact: whether recipients become contacts.
    :raises PermissionDenied: when the add-on or the scope is missing, or possibly when the token is not of an
        OAuth app.

    Source: ``POST /marketing/{version}/transactional/smtp-tokens``.
    """
    return Call(
        "smtp_tokens.create",
        Route("POST", "transactional", "/smtp-tokens"),
        SmtpToken.model_validate,
        Replay.VERIFY,
        body=JsonBody({"campaignName": campaign_name, "createContact": create_contact}),
        scopes=_SCOPES,
    )


@endpoint
def get(token_id: str) -> Call[SmtpToken]:
    """Read an SMTP token, without its password.

    :param token_id: id of the token, which is the SMTP user name.
    :raises NotFound: when the token does not exist or has expired.

    Source: ``GET /marketing/{version}/transactional/smtp-tokens/{tokenId}``.
    """
    return _token_call("smtp_tokens.get", "GET", token_id, "", Replay.SAFE)


@endpoint
def archive(token_id: str) -> Call[None]:
    """Delete an SMTP token. Its users can then no longer send.

    :param token_id: id of the token, which is the SMTP user name.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /marketing/{version}/transactional/smtp-tokens/{tokenId}``.
    """
    return Call(
        "smtp_tokens.archive",
        Route("DELETE", "transactional", "/smtp-tokens/{tokenId}", path_params(tokenId=token_id)),
        nothing,
        Replay.SAFE,
        scopes=_SCOPES,
    )


@endpoint
def reset_password(token_id: str) -> Call[SmtpToken]:
    """Reset the password of an SMTP token. The old password stops working immediately.

    :param token_id: id of the token, which is the SMTP user name.
    :returns: the token with its new password. Only this response contains it.
    :raises NotFound: when it does not exist.

    Source: ``POST /marketing/{version}/transactional/smtp-tokens/{tokenId}/password-reset``.
    """
    return _token_call("smtp_tokens.reset_password", "POST", token_id, "/password-reset", Replay.VERIFY)


def _token_call(name: str, method: str, token_id: str, tail: str, replay: Replay) -> Call[SmtpToken]:
    params = path_params(tokenId=token_id)
    return Call(
        name,
        Route(method, "transactional", f"/smtp-tokens/{{tokenId}}{tail}", params),
        SmtpToken.model_validate,
        replay,
        scopes=_SCOPES,
    )


def _rows(envelope: Envelope) -> builtins.list[SmtpToken]:
    return [SmtpToken.model_validate(row) for row in envelope["results"]]
