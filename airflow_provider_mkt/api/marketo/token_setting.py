"""Setting several My Tokens of a program at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.marketo import tokens
from airflow_provider_mkt.api.marketo.rows import Token
from airflow_provider_mkt.api.redact import shape


@dataclass(frozen=True)
class TokensSet:
    """What became of tokens, by name.

    :param changed: created or given another value.
    :param unchanged: had the value already.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def set_all(
    folder_id: int | str, wanted: Mapping[str, Any], *, folder_type: tokens.FolderType = "Program"
) -> Flow[TokensSet]:
    """Create or change My Tokens. Running it again changes nothing more.

    :param folder_id: the program or folder.
    :param wanted: name without ``{{my.}}`` to value: text or a number, or a mapping of ``value`` and
        ``type``. Where no type is told, that of the token stands, and a new token is ``text``.
    :param folder_type: ``Program`` or ``Folder``.
    :raises InvalidInput: on no tokens, or a wrong name, type or value; nothing is sent then.
    """
    given = {name: _read(name, value) for name, value in wanted.items()}
    if not given:
        raise InvalidInput("tokens", "is empty: nothing to set")
    for name, (value, kind) in given.items():
        _call(folder_id, name, value, kind or "text", folder_type)
    rows: list[Token] = yield tokens.browse(folder_id, folder_type=folder_type)
    there = {row["name"]: row for row in rows}
    changed: list[str] = []
    for name, (value, kind) in given.items():
        now = there.get(name)
        wants = kind or (now["type"] if now else "text")
        if now is not None and (now["type"], now.get("value", "")) == (wants, value):
            continue
        yield _call(folder_id, name, value, wants, folder_type)
        changed.append(name)
    return TokensSet(tuple(changed), tuple(name for name in given if name not in changed))


def _call(folder_id: int | str, name: str, value: str, kind: Any, folder_type: tokens.FolderType) -> Any:
    try:
        return tokens.set_value(folder_id, name, value, token_type=kind, folder_type=folder_type)
    except InvalidInput as error:
        where = error.field if error.field in ("folder_id", "folder_type") else f"tokens.{name}"
        raise InvalidInput(where, error.problem, call=error.call) from None


def _read(name: str, given: Any) -> tuple[str, str | None]:
    value, kind = given, None
    if isinstance(given, Mapping):
        if unknown := sorted(given.keys() - {"value", "type"}):
            raise InvalidInput(f"tokens.{name}.{unknown[0]}", "is unknown; a token has value and type")
        value, kind = given.get("value"), given.get("type")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidInput(f"tokens.{name}", f"must be text or a number, not {shape(value)}")
    return value, kind
