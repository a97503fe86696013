"""What an answer must look like: required fields and strict types, with unknown fields let through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

Shape: TypeAlias = type[BaseModel]

_READ = ConfigDict(extra="allow", strict=True, defer_build=True)
"""Most processes that import the shapes read no answer."""

NOTHING: Shape = create_model("Nothing", __config__=ConfigDict(extra="forbid", defer_build=True))
"""An answer without a body."""


def _iso(text: str) -> str:
    moment = dt.datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        msg = "has no time zone"
        raise ValueError(msg)
    return text


Time = Annotated[str, AfterValidator(_iso)]


def shape(name: str, maybe: Mapping[str, Any] | None = None, /, **required: Any) -> Shape:
    """A kind of object.

    :param name: what it is called.
    :param maybe: fields that may be missing, and that are of their type where they are there.
    :param required: fields that must be there.
    """
    fields = {field: (kind, ...) for field, kind in required.items()}
    fields |= {field: (kind, None) for field, kind in (maybe or {}).items()}
    return create_model(name, __config__=_READ, **fields)  # type: ignore[call-overload]


def also(base: Shape, name: str, maybe: Mapping[str, Any] | None = None, /, **required: Any) -> Shape:
    """A kind of object with more fields than another."""
    fields = {field: (kind, ...) for field, kind in required.items()}
    fields |= {field: (kind, None) for field, kind in (maybe or {}).items()}
    return create_model(name, __base__=base, **fields)  # type: ignore[call-overload]


def words(text: str, between: str | None = None) -> Any:
    """One of these words.

    :param between: what separates them, where they have spaces themselves.
    """
    return Literal[tuple(text.split(between))]


Documented: TypeAlias = Mapping[str, Shape | UnionType | Mapping[str, Shape]]
"""The answer of each call; where the version profiles differ, by profile."""


def check(documented: Documented, name: str, profile: str, answer: Any) -> None:
    """Fail when the answer of a call is not as the platform documents it."""
    wanted = documented[name]
    kind = wanted[profile] if isinstance(wanted, Mapping) else wanted
    try:
        _reader(kind).validate_python(answer)
    except ValidationError as error:
        msg = f"the answer of {name} ({profile}) is not as documented: {error}"
        raise AssertionError(msg) from None


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
