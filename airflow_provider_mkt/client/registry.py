"""Calls by name, for DAGs that name them: ``<resource>.<function>``, as in ``campaigns.list``."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput

Endpoint = Callable[..., Call[Any]]

PLATFORMS = ("hubspot", "marketo")


def endpoint(platform: str, name: str) -> Endpoint:
    """The function that makes a call.

    :param platform: ``hubspot`` or ``marketo``.
    :param name: e.g. ``campaigns.list``.
    :raises InvalidInput: when there is none; the error names the nearest ones.
    """
    resource, _, function = name.partition(".")
    known = _resources(platform)
    if resource in known and (found := dict(_endpoints(known[resource]())).get(function)):
        return found
    import difflib

    names = [name for name, _ in endpoints(platform)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}" if near else ""
    raise InvalidInput("call", f"{platform} has no call of that name{hint}")


def endpoints(platform: str) -> Iterator[tuple[str, Endpoint]]:
    """Every call of a platform by name, in order."""
    for resource, load in sorted(_resources(platform).items()):
        for function, found in _endpoints(load()):
            yield f"{resource}.{function}", found


def build(platform: str, name: str, arguments: Mapping[str, Any]) -> Call[Any]:
    """Make a call from its name and its arguments as JSON has them.

    Arguments are checked against the function's signature, and read as its types say: a time may come
    as ISO 8601 text, a number as text.

    :raises InvalidInput: on an unknown call, an unknown or missing argument, or one of a wrong type.
    """
    from pydantic import ValidationError

    function = endpoint(platform, name)
    signature = inspect.signature(function)
    for given, value in arguments.items():
        if given not in signature.parameters:
            takes = ", ".join(signature.parameters) or "none"
            raise InvalidInput(f"arguments.{given}", f"is no argument of {name}; it takes {takes}", call=name)
        if _only_text_or_numbers(signature.parameters[given]):
            # Reading a boolean as the type says would make the number 1 out of it.
            several = value if isinstance(value, list | tuple) else (value,)
            if any(isinstance(one, bool) for one in several):
                raise InvalidInput(f"arguments.{given}", "must not be a boolean", call=name)
    try:
        signature.bind(**arguments)
    except TypeError:
        missing = next(
            parameter.name
            for parameter in signature.parameters.values()
            if parameter.default is parameter.empty and parameter.name not in arguments
        )
        raise InvalidInput(f"arguments.{missing}", "is missing", call=name) from None
    try:
        call: Call[Any] = _checked(function)(**arguments)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"arguments.{where}", str(first["msg"]), call=name) from None
    return call


def _only_text_or_numbers(parameter: inspect.Parameter) -> bool:
    """Whether a parameter, by its annotation, takes texts or numbers, one or several, and nothing else."""
    kinds = set(re.findall(r"\w+", str(parameter.annotation)))
    return kinds <= {"str", "int", "float", "None", "Sequence"}


@cache
def _checked(function: Endpoint) -> Endpoint:
    """The function, reading and checking its arguments by their types. Costly to make."""
    from pydantic import ConfigDict, validate_call

    return validate_call(config=ConfigDict(hide_input_in_errors=True))(function)


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


def _endpoints(module: ModuleType) -> Iterator[tuple[str, Endpoint]]:
    """The public functions of a resource module that return a call."""
    for name, member in sorted(vars(module).items()):
        if name.startswith("_") or not inspect.isfunction(member) or member.__module__ != module.__name__:
            continue
        # Annotations are text here: looking at them must not import what they name.
        returns = member.__annotations__.get("return")
        if isinstance(returns, str) and returns.startswith("Call["):
            yield name, member
