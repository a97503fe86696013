"""My Tokens: values of a folder or program that emails and flows refer to by name."""

from __future__ import annotations

import builtins
import re
from datetime import date
from typing import Annotated, Literal

from airflow_provider_mkt.client.call import Call, Envelope, Replay, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import asset, change
from airflow_provider_mkt.client.marketo.responses import only_row_as, rows
from airflow_provider_mkt.client.marketo.rows import Asset, Token
from airflow_provider_mkt.client.parameters import Check, NumericId, endpoint, optional_str, required_str

NAME_MAX = 50


def _token_name(field: str, value: object) -> str:
    name = required_str(field, value, max_length=NAME_MAX)
    if "{{" in name:
        raise InvalidInput(field, "must be written without {{my.}}")
    return name


_FORMATS = {
    "date": (re.compile(r"\d{4}-\d{2}-\d{2}"), "a date as yyyy-mm-dd"),
    "number": (re.compile(r"[+-]?\d+(\.\d+)?"), "a number such as 12.5"),
    "score": (re.compile(r"[=+-]\d+"), "a whole number after =, + or -, such as +5"),
}


def _check_value(value: str, kind: str) -> None:
    pattern, wanted = _FORMATS.get(kind, (None, ""))
    if not value or pattern is None:
        return
    if not pattern.fullmatch(value) or (kind == "date" and not _is_day(value)):
        raise InvalidInput("value", f"must be {wanted}, for a token of type {kind}")


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


TokenName = Annotated[str, Check(_token_name)]

FolderType = Literal["Folder", "Program"]
TokenType = Literal["date", "number", "rich text", "score", "sfdc campaign", "text"]


@endpoint
def list(folder_id: NumericId, *, folder_type: FolderType = "Program") -> Call[builtins.list[Token]]:
    """List the tokens of a folder or program.

    :param folder_id: id of the folder or program.
    :param folder_type: ``Folder`` or ``Program``.

    Source: ``GET /rest/asset/v1/folder/{id}/tokens.json``.
    """
    return asset(
        "tokens.list",
        "/folder/{id}/tokens.json",
        _tokens,
        params=path_params(id=folder_id),
        query=query_pairs(folderType=folder_type),
    )


@endpoint
def set_value(
    folder_id: NumericId,
    token_name: TokenName,
    value: Annotated[str, Check(optional_str)],
    *,
    token_type: TokenType = "text",  # noqa: S107
    folder_type: FolderType = "Program",
) -> Call[builtins.list[Token]]:
    """Create or update a token of a folder or program.

    :param folder_id: id of the folder or program.
    :param token_name: name without ``{{my.}}``, at most 50 characters.
    :param value: value of the token; can be empty. A date is ``yyyy-mm-dd``, a score a whole number after
        ``=``, ``+`` or ``-``.
    :param token_type: ``text``, ``rich text``, ``date``, ``number``, ``score`` or ``sfdc campaign``.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: all tokens of the folder or program.

    Source: ``POST /rest/asset/v1/folder/{id}/tokens.json``.
    """
    _check_value(value, token_type)
    form = query_pairs(name=token_name, type=token_type, value=value, folderType=folder_type)
    return change(
        "tokens.set_value",
        "/folder/{id}/tokens.json",
        _tokens,
        Replay.SAFE,
        params=path_params(id=folder_id),
        form=form,
    )


@endpoint
def delete(
    folder_id: NumericId,
    token_name: TokenName,
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
    form = query_pairs(name=token_name, type=token_type, folderType=folder_type)
    return change(
        "tokens.delete",
        "/folder/{id}/tokens/delete.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=path_params(id=folder_id),
        form=form,
    )


def _tokens(envelope: Envelope) -> builtins.list[Token]:
    return [token for row in rows(envelope) for token in row.get("tokens") or ()]
