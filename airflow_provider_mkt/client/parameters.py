"""Types of endpoint parameters, and the decorator that applies them.

A parameter's type says how its value is checked: ``list_id: NumericId``, ``limit: Annotated[int, between(1,
100)]``, ``archived: bool``. :func:`endpoint` checks all arguments before the endpoint's own code runs, for
Python callers and for calls by name alike. The annotations are evaluated at the first call, not at import.

Check functions take the name of a field and its value, and return the value in its normal form. Endpoints
also use them for the fields of records, as in ``to_id("members[0].leadId", value)``. They raise
:class:`.InvalidInput` with the field and the value's type, never with the value, and :func:`endpoint` adds
the name of the call.
"""

from __future__ import annotations

import collections.abc
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial, wraps
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import Json
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")
P = ParamSpec("P")
CallT = TypeVar("CallT")

CheckFunction: TypeAlias = Callable[[str, Any], object]
"""Takes the name of a field and its value, which has the annotated type; returns its normal form."""

_LARGEST_ID = 2**63 - 1


# -- check functions ---------------------------------------------------------------------------------------


def to_id(field: str, value: object) -> int:
    """Convert the id of an object that the platform numbers.

    :param value: a positive whole number, or its text.
    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise InvalidInput(field, f"must be a whole number, not {describe_type(value)}")
    try:
        number = int(value) if isinstance(value, int) or value.strip().isdecimal() else 0
    except ValueError:
        number = 0
    if not 0 < number <= _LARGEST_ID:
        raise InvalidInput(field, f"must be a positive whole number, not {describe_type(value)}")
    return number


def to_bool(field: str, value: object) -> bool:
    """Check a boolean. Strings are rejected because "false" is truthy.

    :raises InvalidInput: when it is not a boolean.
    """
    if not isinstance(value, bool):
        raise InvalidInput(field, f"must be true or false, not {describe_type(value)}")
    return value


def in_utc(moment: datetime) -> datetime:
    """Return an aware time in UTC, of Python's own class.

    A time of a subclass, such as pendulum's, may lose its time zone when seconds are added.
    """
    there = moment.astimezone(UTC)
    return datetime.combine(there.date(), there.time(), UTC)


def to_utc(field: str, value: object) -> datetime:
    """Convert a time to UTC.

    :raises InvalidInput: when it is not a time, or has no time zone.
    """
    if not isinstance(value, datetime):
        raise InvalidInput(field, f"must be a time, not {describe_type(value)}")
    if value.utcoffset() is None:
        raise InvalidInput(field, "must have a time zone")
    return in_utc(value)


def required_str(field: str, value: object, *, max_length: int | None = None) -> str:
    """Check a text that must not be empty.

    :param max_length: maximum number of characters.
    :raises InvalidInput: when it is not text, blank or too long.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"must be text, not {describe_type(value)}")
    return optional_str(field, value, max_length=max_length)


def id_text(field: str, value: object) -> str:
    """Convert an id that the platform takes as text: templates render one of digits to a number.

    :raises InvalidInput: when it is neither text nor a whole number, or blank.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return required_str(field, value)


def optional_str(field: str, value: object, *, max_length: int | None = None) -> str:
    """Check a text that can be empty.

    :param max_length: maximum number of characters.
    :raises InvalidInput: when it is not text, or too long.
    """
    if not isinstance(value, str):
        raise InvalidInput(field, f"must be text, not {describe_type(value)}")
    if max_length is not None and len(value) > max_length:
        raise InvalidInput(field, f"has {len(value)} characters; at most {max_length}")
    return value


def known_value(field: str, value: object, known: Collection[str]) -> str:
    """Check a value of a closed list.

    :raises InvalidInput: when it is not in *known*.
    """
    if not isinstance(value, str) or value not in known:
        raise InvalidInput(field, f"must be one of {', '.join(known)}, not {describe_type(value)}")
    return value


def int_between(field: str, value: object, low: int, high: int | None = None) -> int:
    """Check a whole number from *low* to *high*, both included.

    :param high: no maximum when None.
    :raises InvalidInput: when it is not a whole number, or out of range.
    """
    given: object = describe_type(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if low <= value and (high is None or value <= high):
            return value
        given = value
    maximum = "" if high is None else f" to {high}"
    raise InvalidInput(field, f"must be a whole number from {low}{maximum}, not {given}")


def finite_number(field: str, value: object) -> float:
    """Check a number that is neither infinite nor NaN.

    :raises InvalidInput: when it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInput(field, f"must be a finite number, not {describe_type(value)}")
    return value


def path_segment(field: str, value: object) -> str:
    """Convert a path parameter to text: a text or a whole number, not empty, and one segment of the path.

    :raises InvalidInput: when it is not, without the value.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(field, f"must be text or a whole number, not {describe_type(value)}")
    text = str(value)
    if not text.strip() or text in {".", ".."}:
        raise InvalidInput(field, f"cannot be used in a path: {describe_type(value)}")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InvalidInput(field, "contains a control character")
    return encodable(field, text)


def encodable(field: str, text: str) -> str:
    """Check that a text can be encoded.

    :raises InvalidInput: when it contains a lone surrogate.
    """
    if not is_encodable(text):
        raise InvalidInput(field, "contains a lone surrogate, which cannot be encoded")
    return text


def is_encodable(text: str) -> bool:
    """Return whether a text can be encoded: it has no lone surrogates."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def item_list(
    field: str, values: Sequence[T], *, at_least: int = 1, at_most: int | None = None
) -> Sequence[T]:
    """Check the type and the length of a list. Its items are not checked.

    :raises InvalidInput: when it is not a list, too short or too long.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Sequence):
        raise InvalidInput(field, f"must be a list, not {describe_type(values)}")
    if len(values) < at_least:
        raise InvalidInput(field, "is empty: at least one entry is required")
    if at_most is not None and len(values) > at_most:
        raise InvalidInput(field, f"has {len(values)} entries; at most {at_most} per call")
    return values


def name_list(field: str, values: object) -> list[str]:
    """Check a list of names without commas, which can be empty.

    :raises InvalidInput: when it is not a list of names. A string is not: it would be read letter by letter.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Sequence):
        raise InvalidInput(field, f"must be a list of names, not {describe_type(values)}")
    for index, name in enumerate(values):
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"{field}[{index}]", f"must be a name, not {describe_type(name)}")
        if "," in name:
            raise InvalidInput(f"{field}[{index}]", "has a comma, which separates names in the request")
    return list(values)


def mapping(field: str, value: object) -> dict[str, Json]:
    """Check a mapping, which can be empty. Its values are not checked: the body of the call does that.

    :raises InvalidInput: when it is not a mapping.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(value)}")
    return dict(value)


def text_mapping(field: str, value: object) -> dict[str, str]:
    """Check a mapping of text to text, which can be empty.

    :raises InvalidInput: when it is not a mapping, or naming the entry that is not text.
    """
    checked = mapping(field, value)
    texts: dict[str, str] = {}
    for name, text in checked.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise InvalidInput(f"{field}.{name}", f"must be text, not {describe_type(text)}")
        texts[name] = text
    return texts


# -- types -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """Metadata of an annotated type: the function that checks a value.

    :param function: takes the name of the field and the value; returns the value in its normal form.
    """

    function: CheckFunction


def between(low: int, high: int) -> Check:
    """A whole number from *low* to *high*, both included."""
    return Check(partial(int_between, low=low, high=high))


def at_least(low: int) -> Check:
    """A whole number from *low*."""
    return Check(partial(int_between, low=low))


def one_of(*known: str) -> Check:
    """One of some texts. A parameter with a ``Literal`` type needs no such check."""
    return Check(partial(known_value, known=known))


def text(max_length: int) -> Check:
    """Text that is not empty, of at most *max_length* characters."""
    return Check(partial(required_str, max_length=max_length))


def text_or_empty(max_length: int) -> Check:
    """Text of at most *max_length* characters, which can be empty."""
    return Check(partial(optional_str, max_length=max_length))


def items(at_most: int) -> Check:
    """A list of 1 to *at_most* items."""
    return Check(partial(item_list, at_most=at_most))


def items_or_empty(at_most: int) -> Check:
    """A list of at most *at_most* items, which can be empty."""
    return Check(partial(item_list, at_least=0, at_most=at_most))


NumericId: TypeAlias = Annotated[int | str, Check(to_id)]
"""The id of an object that the platform numbers, as a number or its text. Endpoints get a number."""
UtcTime: TypeAlias = Annotated[datetime, Check(to_utc)]
"""A time with a time zone. Endpoints get it in UTC."""
Text: TypeAlias = Annotated[str, Check(required_str)]
"""Text that is not empty."""
OptionalText: TypeAlias = Annotated[str, Check(optional_str)]
"""Text that can be empty."""
Names: TypeAlias = Annotated[Sequence[str], Check(name_list)]
"""Names without commas, possibly none. Endpoints get a list."""
TextId: TypeAlias = Annotated[int | str, Check(id_text)]
"""An id that the platform takes as text, possibly of digits. Endpoints get text."""
PathSegment: TypeAlias = Annotated[int | str, Check(path_segment)]
"""A value that is one segment of a path. Endpoints get text."""
PathText: TypeAlias = Annotated[str, Check(path_segment)]
"""Text that is one segment of a path."""
JsonObject: TypeAlias = Annotated[Mapping[str, Any], Check(mapping)]
"""A mapping. Endpoints get a dict."""
Amount: TypeAlias = Annotated[float, Check(finite_number)]
"""A finite number."""


# -- the decorator -----------------------------------------------------------------------------------------


def endpoint(function: Callable[P, CallT]) -> Callable[P, CallT]:
    """Make a function an endpoint: check its arguments by their types, and name the call in errors.

    A ``bool`` parameter takes only booleans, a ``Literal`` only its values, and an ``Annotated`` type what
    its :class:`Check` accepts; all of them also as items of a ``Sequence`` and beside ``None``. Other types
    are not checked here.
    """
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    checks: dict[str, CheckFunction] | None = None

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> CallT:
        nonlocal checks
        if checks is None:
            checks = argument_checks(function)
        try:
            values = list(args)
            for index, (parameter, value) in enumerate(zip(positional, args, strict=False)):
                if check := checks.get(parameter):
                    values[index] = check(parameter, value)
            for parameter, value in kwargs.items():
                if check := checks.get(parameter):
                    kwargs[parameter] = check(parameter, value)
            return function(*values, **kwargs)  # type: ignore[arg-type]
        except InvalidInput as error:
            if error.call:
                raise
            raise InvalidInput(error.field, error.problem, call=name) from None

    return checked


@contextmanager
def errors_name(call: str) -> Iterator[None]:
    """Add the name of a call to an :class:`.InvalidInput` that has none."""
    try:
        yield
    except InvalidInput as error:
        if error.call:
            raise
        raise InvalidInput(error.field, error.problem, call=call) from None


def argument_checks(function: Callable[..., object]) -> dict[str, CheckFunction]:
    """Return the checks of a function's parameters by name. Evaluates the function's annotations."""
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    return {name: check for name, hint in hints.items() if (check := _check_of(hint)) is not None}


def _check_of(hint: object) -> CheckFunction | None:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is bool:
        return to_bool
    if origin is Literal:
        return partial(known_value, known=arguments)
    if origin is Annotated:
        own = [metadata.function for metadata in arguments[1:] if isinstance(metadata, Check)]
        inner = _check_of(arguments[0])
        steps = own if inner is None else [*own, inner]
        return steps[0] if len(steps) == 1 else partial(_in_turn, steps) if steps else None
    if origin in (Union, UnionType):
        types = [argument for argument in arguments if argument is not NoneType]
        several = len(types) > 1
        checks = [check for type_ in types if (check := _check_of(type_)) and not (several and type_ is bool)]
        if checks and several:
            msg = f"{hint}: annotate the whole union, since it is not clear which check applies"
            raise TypeError(msg)
        return partial(_unless_none, checks[0]) if checks else None
    if origin is collections.abc.Sequence:
        item = _check_of(arguments[0])
        return None if item is None else partial(_each, item)
    return None


def _in_turn(steps: Sequence[CheckFunction], field: str, value: object) -> object:
    for step in steps:
        value = step(field, value)
    return value


def _unless_none(check: CheckFunction, field: str, value: object) -> object:
    return None if value is None else check(field, value)


def _each(check: CheckFunction, field: str, values: Sequence[object]) -> list[object]:
    checked = item_list(field, values, at_least=0)
    return [check(f"{field}[{index}]", value) for index, value in enumerate(checked)]
