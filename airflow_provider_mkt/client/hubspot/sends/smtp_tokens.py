"""Credentials for sending transactional mail over SMTP."""

from __future__ import annotations

import builtins

from pydantic import BaseModel, ConfigDict, SecretStr

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.redaction import describe_type

_SCOPES = ("transactional-email",)


class SmtpToken(BaseModel):
    """An SMTP user.

    :param id: the user name.
    :param password: only in the answer to its creation or to a reset, and hidden when printed.
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


def list(
    *, campaign_name: str | None = None, email_campaign_id: str | None = None, limit: int | None = None
) -> Call[builtins.list[SmtpToken]]:
    """Page through SMTP tokens; none of them shows its password.

    :param campaign_name: only those of this campaign.
    :param email_campaign_id: only the one with this id.
    :param limit: rows per page; the platform's own number when not given.
    :returns: one page of tokens; iterate the call for all.

    Source: ``GET /marketing/{version}/transactional/smtp-tokens``.
    """
    name = "smtp_tokens.list"
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InvalidInput("limit", f"must be a positive whole number, not {describe_type(limit)}", call=name)
    return Call(
        name,
        Route("GET", "transactional", "/smtp-tokens"),
        _rows,
        Replay.SAFE,
        query=query_pairs(campaignName=campaign_name, emailCampaignId=email_campaign_id, limit=limit),
        follow=after_cursor,
        scopes=_SCOPES,
    )


def create(campaign_name: str, *, create_contact: bool) -> Call[SmtpToken]:
    """Create an SMTP token. It dies after twelve months.

    The password is in this answer only. Where the answer is lost, look the token up by its campaign's
    name, archive it and create another.

    :param campaign_name: names the token, and the campaign its mail is reported under.
    :param create_contact: whether recipients become contacts.
    :raises PermissionDenied: without the add-on or the scope, and perhaps with any token that is not an
        OAuth app's.

    Source: ``POST /marketing/{version}/transactional/smtp-tokens``.
    """
    name = "smtp_tokens.create"
    if not isinstance(campaign_name, str) or not campaign_name.strip():
        raise InvalidInput("campaign_name", f"must be text, not {describe_type(campaign_name)}", call=name)
    if not isinstance(create_contact, bool):
        raise InvalidInput(
            "create_contact", f"must be true or false, not {describe_type(create_contact)}", call=name
        )
    return Call(
        name,
        Route("POST", "transactional", "/smtp-tokens"),
        SmtpToken.model_validate,
        Replay.VERIFY,
        body=JsonBody({"campaignName": campaign_name, "createContact": create_contact}),
        scopes=_SCOPES,
    )


def get(token_id: str) -> Call[SmtpToken]:
    """Read one SMTP token, without its password.

    :param token_id: its id, which is the SMTP user name.
    :raises NotFound: when there is none, or it has died.

    Source: ``GET /marketing/{version}/transactional/smtp-tokens/{tokenId}``.
    """
    return _one("smtp_tokens.get", "GET", token_id, "", Replay.SAFE)


def archive(token_id: str) -> Call[None]:
    """Delete an SMTP token; whoever uses it can send no more.

    :param token_id: its id, which is the SMTP user name.
    :raises NotFound: when there is none.

    Source: ``DELETE /marketing/{version}/transactional/smtp-tokens/{tokenId}``.
    """
    name = "smtp_tokens.archive"
    return Call(
        name,
        Route("DELETE", "transactional", "/smtp-tokens/{tokenId}", path_params(name, tokenId=token_id)),
        nothing,
        Replay.SAFE,
        scopes=_SCOPES,
    )


def reset_password(token_id: str) -> Call[SmtpToken]:
    """Give an SMTP token a new password. The old one stops working at once.

    :param token_id: its id, which is the SMTP user name.
    :returns: the token with its new password, which is shown here only.
    :raises NotFound: when there is none.

    Source: ``POST /marketing/{version}/transactional/smtp-tokens/{tokenId}/password-reset``.
    """
    return _one("smtp_tokens.reset_password", "POST", token_id, "/password-reset", Replay.VERIFY)


def _one(name: str, method: str, token_id: str, tail: str, replay: Replay) -> Call[SmtpToken]:
    params = path_params(name, tokenId=token_id)
    return Call(
        name,
        Route(method, "transactional", f"/smtp-tokens/{{tokenId}}{tail}", params),
        SmtpToken.model_validate,
        replay,
        scopes=_SCOPES,
    )


def _rows(envelope: Envelope) -> builtins.list[SmtpToken]:
    return [SmtpToken.model_validate(row) for row in envelope["results"]]
