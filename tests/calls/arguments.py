"""What the parameters of every call are, and values that none of them may have."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from calls.samples import script

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.registry import Endpoint, endpoint

MARK = "zz-never-shown-zz"
"""Stands in wrong values, and must not come back in an error."""

_WRONG: dict[type, list[Any]] = {
    str: [7, 1.5, True, [MARK], {MARK: 1}],
    int: [MARK, 1.5, True, [MARK], {MARK: 1}],
    float: [MARK, [MARK], {MARK: 1}],
    bool: [MARK, 7, [MARK], {MARK: 1}],
    bytes: [7, True, [MARK], {MARK: 1}],
    dt.datetime: [MARK, True, [MARK], {MARK: 1}],
    dt.date: [MARK, True, [MARK], {MARK: 1}],
    Sequence: [MARK, 7, True, {MARK: 1}],
    Mapping: [MARK, 7, True, [MARK]],
}


def sample_arguments(platform: str, name: str) -> dict[str, Any]:
    """Arguments that make a call."""
    return dict(_sample_arguments(platform, name))


@functools.cache
def _sample_arguments(platform: str, name: str) -> dict[str, Any]:
    function, taken = endpoint(platform, name), {}

    @functools.wraps(function)
    def spy(**given: Any) -> Call[Any]:
        call = function(**given)
        taken.clear()
        taken.update(given)
        return call

    script.sample(platform, name, spy)
    return taken


@functools.cache
def parameters(function: Endpoint) -> Mapping[str, Any]:
    """The types of a call's parameters."""
    hints = get_type_hints(function)
    return MappingProxyType({name: hints[name] for name in inspect.signature(function).parameters})


@functools.cache
def required(function: Endpoint) -> tuple[str, ...]:
    """The parameters that have no default."""
    signature = inspect.signature(function).parameters.values()
    return tuple(one.name for one in signature if one.default is one.empty)


def wrong(hint: Any) -> Iterator[Any]:
    """Values that are not of a type, as JSON has them."""
    kinds = set(_kinds(hint))
    if object in kinds:
        return
    if NoneType not in kinds:
        yield None
    kinds.discard(NoneType)
    candidates = [_WRONG[kind] for kind in kinds]
    for value in candidates[0]:
        if all(any(value is other or value == other for other in rest) for rest in candidates[1:]):
            yield value


def is_list(hint: Any) -> bool:
    return Sequence in _kinds(hint)


def _kinds(hint: Any) -> Iterator[type]:
    """The kinds of values that a type lets through; ``object`` for anything."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        for one in get_args(hint):
            yield from _kinds(one)
    elif origin is Literal:
        yield str
    elif origin is not None:
        yield Mapping if issubclass(origin, Mapping) else Sequence
    elif hint is Any or not inspect.isclass(hint):
        yield object
    elif hint in _WRONG or hint is NoneType:
        yield hint
    elif issubclass(hint, dict):
        yield Mapping
    else:
        yield object
