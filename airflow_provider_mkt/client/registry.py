"""Endpoints by name, for DAGs that name a call: ``<resource>.<function>``, as in ``campaigns.list``."""

from __future__ import annotations

import collections.abc
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType, NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.paging import cursor_arguments

T = TypeVar("T")

Endpoint = Callable[..., Call[Any]]

PLATFORMS = ("hubspot", "marketo")

_IDS = ("id", "ids", "guid", "guids")
"""How the names of arguments end that are ids."""

RAW = "raw"
"""The name of the call that runs any request. It is none of :func:`endpoints`."""


def endpoint(platform: str, name: str) -> Endpoint:
    """Return an endpoint.

    :param platform: ``hubspot`` or ``marketo``.
    :param name: e.g. ``campaigns.list``, or ``raw``.
    :raises InvalidInput: when there is no such call; the error suggests similar names.
    """
    if platform in PLATFORMS and name == RAW:
        return cast("Endpoint", import_module(f"airflow_provider_mkt.client.{platform}").raw)
    resource, _, function = name.partition(".")
    known = _resources(platform)
    if resource in known and (found := _endpoints(known[resource]()).get(function)):
        return found
    import difflib

    names = [name for name, _ in endpoints(platform)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}" if near else ""
    raise InvalidInput(
        "call", f"{platform} has no call of that name{hint} ({RAW} runs a request that has no name)"
    )


def endpoints(platform: str) -> Iterator[tuple[str, Endpoint]]:
    """Iterate over all endpoints of a platform, sorted by name."""
    for resource, load in sorted(_resources(platform).items()):
        for function, found in _endpoints(load()).items():
            yield f"{resource}.{function}", found


def build(platform: str, name: str, arguments: Mapping[str, object]) -> Call[Any]:
    """Build a call from its name and its arguments in JSON.

    pydantic converts the arguments to the endpoint's types: a time can be ISO 8601 text, a number can be
    text. The endpoint itself checks their values, as it does for Python callers.

    :raises InvalidInput: when the call or an argument is unknown, or an argument is missing or invalid.
    """
    from pydantic import ValidationError

    function = endpoint(platform, name)
    signature = inspect.signature(function)
    arguments = {argument: _id_as_text(argument, value) for argument, value in arguments.items()}
    _check_names(name, signature, arguments)
    scalar = _texts_and_numbers(function)
    for argument, value in arguments.items():
        if argument in scalar:
            # pydantic would convert a boolean to the number 1.
            items = value if isinstance(value, list | tuple) else (value,)
            if any(isinstance(item, bool) for item in items):
                raise InvalidInput(f"arguments.{argument}", "must not be a boolean", call=name)
    try:
        call = _with_conversion(function)(**arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"arguments.{where}", str(first["msg"]), call=name) from None
    return call


def check_names(platform: str, name: str, arguments: Mapping[str, object]) -> None:
    """Check the name of a call and the names of its arguments, but not their values.

    :raises InvalidInput: when the call or an argument is unknown, or an argument is missing.
    """
    _check_names(name, inspect.signature(endpoint(platform, name)), arguments)


def _check_names(name: str, signature: inspect.Signature, arguments: Mapping[str, object]) -> None:
    for argument in arguments:
        if argument not in signature.parameters:
            takes = ", ".join(signature.parameters) or "none"
            problem = f"is not an argument of {name}; its arguments are {takes}"
            raise InvalidInput(f"arguments.{argument}", problem, call=name)
    for parameter in signature.parameters.values():
        if parameter.default is parameter.empty and parameter.name not in arguments:
            raise InvalidInput(f"arguments.{parameter.name}", "is missing", call=name)


def _id_as_text(argument: str, value: object) -> object:
    """Return an id as text: one of digits is a number where templates render to native types.

    Where an endpoint takes numbers, the text is converted back.
    """
    if not argument.endswith(_IDS):
        return value
    if isinstance(value, list | tuple):
        return [_whole_number_as_text(one) for one in value]
    return _whole_number_as_text(value)


def _whole_number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def next_arguments(platform: str, call: Call[T], following: Call[T]) -> dict[str, str | int] | None:
    """Return the arguments with which an endpoint begins at a later page of a call.

    :param following: the call for that page.
    :returns: None when the endpoint cannot begin there.
    """
    cursor = cursor_arguments(call, following)
    parameters = inspect.signature(endpoint(platform, call.name)).parameters
    if "next_page_token" in cursor and "next_page_token" not in parameters:
        # The token of an activity call is where it begins, and always given.
        cursor["token"] = cursor.pop("next_page_token")
    return cursor if cursor and cursor.keys() <= parameters.keys() else None


@cache
def _texts_and_numbers(function: Endpoint) -> frozenset[str]:
    """Return the parameters that take only texts and numbers, or lists of them."""
    kinds = {str, int, float, NoneType}
    return frozenset(name for name, hint in get_type_hints(function).items() if _scalar_types(hint) <= kinds)


def _scalar_types(hint: object) -> set[object]:
    if get_origin(hint) in (Union, UnionType, collections.abc.Sequence):
        return set().union(*map(_scalar_types, get_args(hint)))
    return {hint}


@cache
def _with_conversion(function: Endpoint) -> Endpoint:
    """Return the endpoint with conversion of its arguments by pydantic. Costly to build."""
    from pydantic import ConfigDict, validate_call

    return validate_call(config=ConfigDict(hide_input_in_errors=True))(function)


@cache
def _resources(platform: str) -> dict[str, Callable[[], ModuleType]]:
    if platform not in PLATFORMS:
        raise InvalidInput("platform", f"must be one of {', '.join(PLATFORMS)}")
    package = import_module(f"airflow_provider_mkt.client.{platform}")
    areas = [area.name for area in pkgutil.iter_modules(package.__path__) if area.ispkg]
    return {
        module.name: lambda name=f"{package.__name__}.{area}.{module.name}": import_module(name)  # type: ignore[misc]
        for area in areas
        for module in pkgutil.iter_modules([f"{path}/{area}" for path in package.__path__])
        if not module.name.startswith("_")
    }


@cache
def _endpoints(module: ModuleType) -> dict[str, Endpoint]:
    """Return the endpoints of a resource module by name, sorted."""

    def is_endpoint(name: str, member: object) -> bool:
        if name.startswith("_") or not inspect.isfunction(member) or member.__module__ != module.__name__:
            return False
        # The annotation is a string: do not evaluate it, since that would need its imports.
        returns = member.__annotations__.get("return")
        return isinstance(returns, str) and returns.startswith("Call[")

    return {name: member for name, member in sorted(vars(module).items()) if is_endpoint(name, member)}
