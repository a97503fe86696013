"""Editors can complete every operator and sensor: its parameters are its own, and documented."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from airflow.sdk import BaseOperator

from airflow_provider_mkt.get_provider_info import get_provider_info

MAX_LEVELS = 2
"""Classes of our own on the longest way from an operator up to Airflow's base."""
MAX_OWN_CLASSES = 5
"""Classes of our own in the method resolution order, the operator itself and mixins included."""


def public_classes() -> Iterator[type[BaseOperator]]:
    info = get_provider_info()
    modules = {
        name for kind in ("operators", "sensors") for one in info[kind] for name in one["python-modules"]
    }
    for module in sorted(modules):
        for name, member in inspect.getmembers(import_module(module), inspect.isclass):
            if member.__module__ == module and not name.startswith("_") and issubclass(member, BaseOperator):
                yield member


CLASSES = list(public_classes())


def own(cls: type) -> bool:
    return cls.__module__.startswith("airflow_provider_mkt.")


def levels(cls: type) -> int:
    """How many classes of our own are above a class, on the longest way."""
    return max((levels(base) + 1 for base in cls.__bases__ if own(base)), default=0)


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    return {
        name: one
        for name, one in signature.parameters.items()
        if name != "self" and one.kind is not inspect.Parameter.VAR_KEYWORD
    }


def documented(cls: type) -> list[str]:
    return re.findall(r":param (\w+):", cls.__doc__ or "")


each_class = pytest.mark.parametrize("cls", CLASSES, ids=[cls.__name__ for cls in CLASSES])


def test_there_are_operators_and_sensors() -> None:
    assert len(CLASSES) > 40


@each_class
def test_the_documented_parameters_are_those_of_the_class_itself(cls: type) -> None:
    assert "__init__" in vars(cls), "has no signature of its own"
    assert sorted(documented(cls)) == sorted(parameters(cls))


@each_class
def test_kwargs_carry_only_the_parameters_of_airflows_base(cls: type) -> None:
    inherited = {
        name for one in cls.__mro__ if own(one) and "__init__" in vars(one) for name in parameters(one)
    }
    assert inherited - set(parameters(cls)) == set()


@each_class
def test_every_parameter_is_a_typed_keyword(cls: type) -> None:
    assert [name for name, one in parameters(cls).items() if one.kind is not one.KEYWORD_ONLY] == []
    assert [name for name, one in parameters(cls).items() if one.annotation is one.empty] == []
    assert inspect.signature(cls.__init__).parameters["kwargs"].kind is inspect.Parameter.VAR_KEYWORD  # type: ignore[misc]


@each_class
def test_inheritance_is_flat(cls: type) -> None:
    names = [one.__name__ for one in cls.__mro__ if own(one)]
    assert levels(cls) <= MAX_LEVELS, names
    assert len(names) <= MAX_OWN_CLASSES, names


@each_class
def test_no_private_method_of_airflow_is_overridden(cls: type) -> None:
    private = {
        name
        for one in cls.__mro__
        if one.__module__.startswith("airflow.")
        for name, member in vars(one).items()
        if callable(member) and name.startswith("_") and not name.startswith("__")
    }
    assert {name for one in cls.__mro__ if own(one) for name in vars(one)} & private == set()
