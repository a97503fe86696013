"""Resource modules hold only endpoints, with unique names, and areas re-export their main resource."""

from __future__ import annotations

import inspect
import pkgutil
from collections import Counter
from importlib import import_module
from types import ModuleType

import pytest

from airflow_provider_mkt.client.registry import PLATFORMS, endpoints


def _resources(platform: str) -> list[ModuleType]:
    """The resource modules of all areas, in the order of their areas."""
    package = import_module(f"airflow_provider_mkt.client.{platform}")
    return [
        import_module(f"{package.__name__}.{area.name}.{module.name}")
        for area in pkgutil.iter_modules(package.__path__)
        if area.ispkg
        for module in pkgutil.iter_modules([f"{path}/{area.name}" for path in package.__path__])
        if not module.name.startswith("_")
    ]


RESOURCES = [
    pytest.param(module, id=module.__name__.partition(".client.")[2])
    for platform in PLATFORMS
    for module in _resources(platform)
]


def _public_functions(module: ModuleType) -> dict[str, object]:
    return {
        name: member
        for name, member in vars(module).items()
        if inspect.isfunction(member) and member.__module__ == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize("module", RESOURCES)
def test_every_public_function_of_a_resource_module_is_an_endpoint(module: ModuleType) -> None:
    functions = _public_functions(module)
    assert functions
    for name, function in functions.items():
        assert hasattr(function, "__wrapped__"), f"{name} has no @endpoint"
        assert str(inspect.get_annotations(function)["return"]).startswith("Call["), name  # type: ignore[arg-type]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_endpoint_has_a_name_in_the_registry(platform: str) -> None:
    names = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in _resources(platform)
        for name in _public_functions(module)
    }
    assert names == {name for name, _ in endpoints(platform)}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_resource_names_are_unique_in_a_platform(platform: str) -> None:
    count = Counter(module.__name__.rpartition(".")[2] for module in _resources(platform))
    assert [name for name, times in count.items() if times > 1] == []


MAIN_RESOURCES = [
    one
    for one in RESOURCES
    if len(set(str(one.id).split(".")[1:])) == 1  # e.g. hubspot.campaigns.campaigns
]


@pytest.mark.parametrize("module", MAIN_RESOURCES)
def test_an_area_reexports_every_endpoint_of_its_main_resource(module: ModuleType) -> None:
    area = import_module(module.__name__.rpartition(".")[0])
    functions = _public_functions(module)
    assert {name: vars(area).get(name) for name in functions} == functions
    assert set(functions) <= set(area.__all__)


def test_there_are_main_resources_on_both_platforms() -> None:
    platforms = {str(one.id).split(".")[0] for one in MAIN_RESOURCES}
    assert platforms == set(PLATFORMS)
