"""Bad input for every call: an error that names the field and keeps the value, and nothing sent."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import cache
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pytest
from calls.arguments import MARK, is_list, parameters, required, sample_arguments, wrong
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, PermissionDenied
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.marketo.platform import Marketo, MarketoAccount
from airflow_provider_mkt.client.registry import Endpoint, build, endpoints
from airflow_provider_mkt.client.transport.drivers import body_arguments
from airflow_provider_mkt.client.transport.platform import Request
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot_seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed

PLATFORMS = {
    "hubspot": HubSpot(
        HubSpotAccount(
            base_url="https://api.example.com",
            client_id="c",
            client_secret="s" * 20,  # type: ignore[arg-type]
            refresh_token="r" * 20,  # type: ignore[arg-type]
            legacy_calls=True,
        )
    ),
    "marketo": Marketo(
        MarketoAccount(base_url="https://123-ABC-456.mktorest.com", client_id="c", client_secret="s" * 20)  # type: ignore[arg-type]
    ),
}
CALLS = [
    pytest.param(platform, name, function, id=f"{platform} {name}")
    for platform in PLATFORMS
    for name, function in endpoints(platform)
]


TOGETHER = {"bulk_extracts.create_leads": ("filter",)}
"""Fields that stand for several parameters."""


class Stranger:
    """Something that no call knows."""

    def __repr__(self) -> str:
        return MARK


HOSTILE = [
    *(Stranger(), Stranger, 3.5, True, {"a": 1}, [1], [None], [Stranger()], b"x", "", " ", None, -1),
    *(float("nan"), float("inf"), 2**70, "\ud800", "a\x00b", "..", {"a": Stranger()}, {1: 2}, ()),
]


def request(platform: str, call: Call[Any]) -> Request:
    """The request that a call makes, with its body written out."""
    made = PLATFORMS[platform].build(call, "t")
    body_arguments(made.body)
    return made


def _arguments_that_are_missing_unknown_or_of_a_wrong_type_are_named(
    platform: str, name: str, function: Endpoint
) -> None:
    good = sample_arguments(platform, name)

    def refused(arguments: dict[str, Any], *fields: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            build(platform, name, arguments)
        field = refusal.value.field.removeprefix("arguments.")
        assert field.split(".")[0].split("[")[0] in (*fields, *TOGETHER.get(name, ())), field
        assert refusal.value.call == name
        assert MARK not in str(refusal.value)

    refused({**good, "nonsense": 1}, "nonsense")
    for missing in required(function):
        refused({key: value for key, value in good.items() if key != missing}, missing)
    for parameter, hint in parameters(function).items():
        for value in wrong(hint):
            if type(value) is not int or not is_id(parameter):
                refused({**good, parameter: value}, parameter)
        if is_list(hint) and "int" in str(hint) and "bool" not in str(hint):
            refused({**good, parameter: [True]}, parameter)


def is_id(parameter: str) -> bool:
    return parameter.endswith(("id", "ids", "guid", "guids"))


def _an_id_of_digits_can_be_a_number_which_templates_make_of_it(
    platform: str, name: str, function: Endpoint
) -> None:
    good = sample_arguments(platform, name)

    def made_of(parameter: str, value: object) -> Request | tuple[str, str]:
        try:
            return request(platform, build(platform, name, {**good, parameter: value}))
        except InvalidInput as refusal:
            # As an id that does not go with the other arguments.
            return refusal.field, refusal.problem

    for parameter, hint in parameters(function).items():
        if is_id(parameter) and is_list(hint):
            assert made_of(parameter, [101]) == made_of(parameter, ["101"]), parameter
        elif is_id(parameter):
            assert made_of(parameter, 101) == made_of(parameter, "101"), parameter


def _no_value_of_any_kind_gets_out_of_a_call_as_another_error(
    platform: str, name: str, function: Endpoint
) -> None:
    good = sample_arguments(platform, name)
    for parameter in parameters(function):
        for value in HOSTILE:
            try:
                made = request(platform, function(**{**good, parameter: value}))
            except InvalidInput as refusal:
                shown = str(refusal)
            else:
                shown = repr(made)
                assert all(type(text) is str for pair in made.query for text in pair)
            assert MARK not in shown, parameter


def _text_is_not_taken_for_a_switch(platform: str, name: str, function: Endpoint) -> None:
    good = sample_arguments(platform, name)
    for parameter, hint in parameters(function).items():
        if hint in (bool, bool | None):
            for value in ("false", "", 0, []):
                with pytest.raises(InvalidInput) as refusal:
                    function(**{**good, parameter: value})
                assert refusal.value.field == parameter


def _batches_are_neither_empty_nor_over_the_limit(platform: str, name: str, function: Endpoint) -> None:
    good = sample_arguments(platform, name)
    for parameter in required(function):
        # Of the fields to be shown there may be as many as there are.
        if is_list(parameters(function)[parameter]) and name != "activities.lead_changes":
            for rows in ([], good[parameter] * 100_001):
                with pytest.raises(InvalidInput) as refusal:
                    function(**{**good, parameter: rows})
                assert refusal.value.field.split("[")[0] == parameter


@pytest.mark.parametrize(("platform", "name", "function"), CALLS)
def test_a_call_refuses_bad_input_with_an_error_that_names_it(
    platform: str, name: str, function: Endpoint
) -> None:
    """All of it in one test for each call: hundreds of calls have five times as many tests otherwise."""
    _arguments_that_are_missing_unknown_or_of_a_wrong_type_are_named(platform, name, function)
    _an_id_of_digits_can_be_a_number_which_templates_make_of_it(platform, name, function)
    _no_value_of_any_kind_gets_out_of_a_call_as_another_error(platform, name, function)
    _text_is_not_taken_for_a_switch(platform, name, function)
    _batches_are_neither_empty_nor_over_the_limit(platform, name, function)


@cache
def texts_in_paths() -> list[tuple[str, Endpoint, dict[str, Any], str]]:
    found = []
    for one in CALLS:
        platform, name, function = cast("tuple[str, str, Endpoint]", one.values)
        good = sample_arguments(platform, name)
        for parameter in required(function):
            try:
                call = function(**{**good, parameter: MARK})
            except InvalidInput:
                continue
            if MARK in dict(call.route.params).values():
                found.append((platform, function, good, parameter))
    return found


@given(
    which=st.deferred(lambda: st.sampled_from(texts_in_paths())),
    text=st.text(min_size=1) | st.sampled_from(["..", "a/../b", "%2e%2e"]),
)
def test_no_text_leaves_its_segment_of_the_path(
    which: tuple[str, Endpoint, dict[str, Any], str], text: str
) -> None:
    platform, function, good, parameter = which
    usual = urlsplit(request(platform, function(**good)).url).path.split("/")
    try:
        made = request(platform, function(**{**good, parameter: text}))
    except InvalidInput as error:
        refusal = error
    else:
        url = urlsplit(made.url)
        path = url.path.split("/")
        assert (url.query, url.fragment, len(path)) == ("", "", len(usual))
        changed = [
            now.removesuffix(".json") if before.endswith(".json") else now
            for now, before in zip(path, usual, strict=True)
            if now != before
        ]
        assert [unquote(one) for one in changed] in ([text], [])
        return
    assert refusal.field == parameter


CONNECTIONS = {
    "hubspot": {"password": hubspot_seed.TOKEN, "extra": {"legacy_calls": True}},
    "marketo": {
        "login": marketo_seed.CLIENT_ID,
        "password": marketo_seed.CLIENT_SECRET,
        "extra": {"calls_per_20_seconds": 100_000},
    },
}
ODD = ("a/b", "../contacts", "a?b=c#d", "a b+c", "%2F", "ä;:@")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_odd_ids_reach_the_endpoint_of_their_call_and_no_other(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox() as box:
        emulated = box.platforms[platform]
        emulated.limits.rate.limit, emulated.limits.secondly.limit = 100_000, None
        connection = {**CONNECTIONS[platform], "conn_type": platform, "host": emulated.url}
        monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps(connection))
        with hook_for("odd") as hook:
            for owner, function, good, parameter in texts_in_paths():
                usual = urlsplit(request(owner, function(**good)).url).path
                for text in ODD if owner == platform else ():
                    sent = emulated.calls.total
                    with suppress(InvalidInput):
                        call = function(**{**good, parameter: text})
                        with suppress(InvalidRequest, PermissionDenied):
                            hook.run(call)
                        recorded = emulated.calls.recent[-1]
                        assert _takes(recorded.route, usual), (call.name, text)
                        # A read with a body is a POST that Marketo takes for a GET.
                        method = dict(call.query).get("_method", call.route.method)
                        assert (recorded.method, recorded.status < 500) == (method, True)
                        assert emulated.calls.total > sent


def _takes(template: str, path: str) -> bool:
    """Whether a route is the one of a path."""
    parts = (re.escape(part) for part in re.split(r"\{[^}]*\}", template))
    return re.fullmatch("[^/]+".join(parts), path) is not None
