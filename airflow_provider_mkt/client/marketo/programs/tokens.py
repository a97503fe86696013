"""My Tokens: values of a folder or program that emails and flows refer to by name."""

from __future__ import annotations

import builtins
from typing import Literal, get_args

from airflow_provider_mkt.client.call import Call, Envelope, Replay, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import asset, change, one_of, place, text
from airflow_provider_mkt.client.marketo.responses import one_as, rows
from airflow_provider_mkt.client.marketo.rows import Asset, Token
from airflow_provider_mkt.client.redaction import describe_type

NAME_MAX = 50

FolderType = Literal["Folder", "Program"]
TokenType = Literal["date", "number", "rich text", "score", "sfdc campaign", "text"]


def list(folder_id: int | str, *, folder_type: FolderType = "Program") -> Call[builtins.list[Token]]:
    """List the tokens of a folder or program.

    :param folder_id: id of the folder or program.
    :param folder_type: ``Folder`` or ``Program``.

    Source: ``GET /rest/asset/v1/folder/{id}/tokens.json``.
    """
    name = "tokens.list"
    return asset(
        name,
        "/folder/{id}/tokens.json",
        _tokens,
        params=place(name, "folder_id", folder_id),
        query=query_pairs(folderType=_kind(name, folder_type)),
    )


def set_value(
    folder_id: int | str,
    token_name: str,
    value: str,
    *,
    token_type: TokenType = "text",  # noqa: S107
    folder_type: FolderType = "Program",
) -> Call[builtins.list[Token]]:
    """Create or update a token of a folder or program.

    :param folder_id: id of the folder or program.
    :param token_name: name without ``{{my.}}``, at most 50 characters.
    :param value: value of the token; can be empty.
    :param token_type: ``text``, ``rich text``, ``date``, ``number``, ``score`` or ``sfdc campaign``.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: all tokens of the folder or program.

    Source: ``POST /rest/asset/v1/folder/{id}/tokens.json``.
    """
    name = "tokens.set_value"
    if not isinstance(value, str):
        raise InvalidInput("value", f"must be text, not {describe_type(value)}", call=name)
    form = query_pairs(
        name=_bare(name, token_name),
        type=one_of(name, "token_type", token_type, get_args(TokenType)),
        value=value,
        folderType=_kind(name, folder_type),
    )
    return change(
        name,
        "/folder/{id}/tokens.json",
        _tokens,
        Replay.SAFE,
        params=place(name, "folder_id", folder_id),
        form=form,
    )


def delete(
    folder_id: int | str,
    token_name: str,
    *,
    token_type: TokenType = "text",  # noqa: S107
    folder_type: FolderType = "Program",
) -> Call[Asset]:
    """Delete a token of a folder or program.

    :param folder_id: id of the folder or program.
    :param token_name: name without ``{{my.}}``.
    :param token_type: type of the token.
    :param folder_type: ``Folder`` or ``Program``.
    :raises NotFound: when there is no token of that name and type.

    Source: ``POST /rest/asset/v1/folder/{id}/tokens/delete.json``.
    """
    name = "tokens.delete"
    form = query_pairs(
        name=_bare(name, token_name),
        type=one_of(name, "token_type", token_type, get_args(TokenType)),
        folderType=_kind(name, folder_type),
    )
    return change(
        name,
        "/folder/{id}/tokens/delete.json",
        one_as(Asset),
        Replay.VERIFY,
        params=place(name, "folder_id", folder_id),
        form=form,
    )


def _tokens(envelope: Envelope) -> builtins.list[Token]:
    return [token for row in rows(envelope) for token in row.get("tokens") or ()]


def _kind(call: str, folder_type: str) -> str | None:
    return one_of(call, "folder_type", folder_type, get_args(FolderType))


def _bare(call: str, token_name: str) -> str:
    text(call, "token_name", token_name, at_most=NAME_MAX)
    if "{{" in token_name:
        raise InvalidInput("token_name", "must be written without {{my.}}", call=call)
    return token_name
