"""My Tokens: named values of a folder or program."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.times import parse_day

TYPES = ("date", "number", "rich text", "score", "sfdc campaign", "text")
_FORMATS = {
    "date": (re.compile(r"\d{4}-\d{2}-\d{2}"), "a date as yyyy-mm-dd"),
    "number": (re.compile(r"[+-]?\d+(\.\d+)?"), "a number"),
    "score": (re.compile(r"[=+-]\d+"), "a whole number after =, + or -"),
}


@dataclass(frozen=True)
class MyToken:
    name: str
    type: str
    value: str


def check_value(kind: str, value: str) -> None:
    """Check a value by the type of its token. Only public reports tell of these formats."""
    pattern, wanted = _FORMATS.get(kind, (None, ""))
    if (
        value
        and pattern is not None
        and not (pattern.fullmatch(value) and (kind != "date" or parse_day(value)))
    ):
        raise MarketoError(709, f"Invalid value '{value}' for a token of type '{kind}': {wanted} is expected")


class TokenStore:
    def __init__(self) -> None:
        self._tokens: dict[FolderRef, dict[str, MyToken]] = {}

    def of(self, folder: FolderRef) -> list[MyToken]:
        return list(self._tokens.get(folder, {}).values())

    def put(self, folder: FolderRef, token: MyToken) -> None:
        self._tokens.setdefault(folder, {})[token.name] = token

    def remove(self, folder: FolderRef, name: str, kind: str) -> None:
        token = self._tokens.get(folder, {}).get(name)
        if token is None or token.type != kind:
            raise MarketoError(702, f"Token '{name}' not found")
        del self._tokens[folder][name]

    def copy(self, source: FolderRef, target: FolderRef) -> None:
        for token in self.of(source):
            self.put(target, token)

    def resolve(self, folders: Sequence[FolderRef], overrides: Mapping[str, str]) -> dict[str, str]:
        """Return the values a run uses; only a token that exists can be overridden.

        Tokens of an inner folder hide those of the same name in outer ones.
        """
        values = {token.name: token.value for folder in reversed(folders) for token in self.of(folder)}
        for name, value in overrides.items():
            if name not in values:
                raise MarketoError(
                    1003, f"Token '{{{{my.{name}}}}}' does not exist in a program or folder of this campaign"
                )
            values[name] = value
        return values
