"""Every call of both platforms: named, documented, available to DAGs, and no action without a call."""

from __future__ import annotations

import csv
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from calls.samples import DOCS, sample, script
from pydantic import validate_call

from airflow_provider_mkt.actions.hubspot.account import NEEDED_SCOPES
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.hubspot.versions import PREFIXES
from airflow_provider_mkt.client.registry import endpoints

CALLS = [
    pytest.param(platform, name, function, id=f"{platform} {name}")
    for platform in ("hubspot", "marketo")
    for name, function in endpoints(platform)
]


def _bare(path: str) -> str:
    """A path template without the names of its values."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.mark.parametrize(("platform", "name", "function"), CALLS)
def test_a_call_takes_json_and_its_docstring_names_method_and_path(
    platform: str, name: str, function: Any
) -> None:
    # Fails where pydantic cannot convert to the type of an argument.
    validate_call(function)
    call = sample(platform, name)
    assert call.name == name
    documentation = inspect.getdoc(function) or ""
    assert "Source:" in documentation
    source = _bare(re.sub(r"\s+", " ", documentation.partition("Source:")[2]))
    assert call.route.method in source
    tail = _bare(call.route.tail)
    # The calls of all kinds of extract take the kind as an argument.
    assert tail in source or tail.replace("/leads/", "/{}/") in source


@pytest.mark.parametrize("profile", PREFIXES)
def test_the_table_has_the_path_of_a_call_in_each_profile(profile: str) -> None:
    hubspot = HubSpot(
        HubSpotAccount(
            base_url="https://api.example.com",
            client_id="c",
            client_secret="s" * 20,  # type: ignore[arg-type]
            refresh_token="r" * 20,  # type: ignore[arg-type]
            api_version=profile,  # type: ignore[arg-type]
            legacy_calls=True,
        )
    )
    for name, _ in endpoints("hubspot"):
        call = sample("hubspot", name)
        documented = script.paths("hubspot", call)[list(PREFIXES).index(profile)]
        request = hubspot.build(call, "t")
        method, _, template = documented.partition(" ")
        pattern = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", template))
        assert method == request.method
        assert re.fullmatch(pattern, request.url.removeprefix("https://api.example.com")), name


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_every_action_of_the_platform_has_a_call(platform: str) -> None:
    with (Path(__file__).parent / f"{platform}_actions.csv").open() as file:
        wanted = {(row["method"], _bare(row["path"])) for row in csv.DictReader(file)}
    there = set()
    for name, _ in endpoints(platform):
        method, _, path = script.paths(platform, sample(platform, name))[0].partition(" ")
        there.add((method, _bare(path)))
    assert wanted - there == set()


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_the_table_of_calls_in_the_docs_is_that_of_the_code(platform: str) -> None:
    assert (DOCS / f"calls-{platform}.md").read_text() == script.table(platform)


def test_every_path_that_an_operator_names_as_its_source_is_that_of_a_call() -> None:
    there = {
        script.plain(path)
        for platform in ("hubspot", "marketo")
        for name, function in endpoints(platform)
        for path in script.paths(platform, sample(platform, name))
    }
    named = script.by_path()
    assert {path: by for path, by in named.items() if path not in there} == {}
    assert len(named) > 5


def test_a_connection_test_compares_the_scopes_of_the_operators_calls() -> None:
    named = script.by_path()
    wanted: dict[str, set[str]] = {}
    for name, _ in endpoints("hubspot"):
        call = sample("hubspot", name)
        for path in script.paths("hubspot", call):
            for operator in named.get(script.plain(path), ()):
                wanted.setdefault(operator, set()).update(call.scopes)
    known: dict[str, set[str]] = {}
    for operator, scopes in NEEDED_SCOPES.items():
        known.setdefault(operator.partition(" ")[0], set()).update(scopes)
    # Every token has this one.
    missing = {
        operator: scopes - known.get(operator, set()) - {"oauth"} for operator, scopes in wanted.items()
    }
    assert {operator: scopes for operator, scopes in missing.items() if scopes} == {}
    assert set(known) <= set(wanted)


def test_the_table_of_versions_in_the_docs_is_that_of_the_code() -> None:
    import make_version_table

    assert (DOCS / "hubspot-versions.md").read_text() == make_version_table.page()


def test_the_list_of_operators_in_the_docs_is_that_of_the_code() -> None:
    import make_operator_table

    assert (DOCS / "operators.md").read_text() == make_operator_table.table()
