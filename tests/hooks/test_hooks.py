"""Hooks: the same results on threads and on loops, connections, run contexts, connection tests and forms."""

from __future__ import annotations

import asyncio
import json
import pkgutil
import re
import sys
import time
from dataclasses import FrozenInstanceError, replace
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import airflow
import pytest

from airflow_provider_mkt import operators, sensors
from airflow_provider_mkt.actions.marketo import account
from airflow_provider_mkt.actions.procedure import Pages, Pause, Procedure
from airflow_provider_mkt.client import hubspot as hubspot_client
from airflow_provider_mkt.client import marketo as marketo_client
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    PlatformError,
    ServerUnavailable,
    TaskCancelled,
)
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.versions import PROFILES, SUPPORT_ENDS, support_warning
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.get_provider_info import get_provider_info
from airflow_provider_mkt.hooks.base import MarketingHook, ahook_for, hook_for
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

pytestmark = pytest.mark.usefixtures("short_waits")

LISTED = campaigns.list(properties=("hs_name",), limit=1)


def both(action: str, argument: Any, conn: str = "hubspot_default") -> tuple[Any, Any]:
    """What a hook makes of it on this thread and on a loop: a result, or an error's type and text."""

    async def on_a_loop() -> Any:
        async with await ahook_for(conn) as hook:
            if action == "iterate":
                return [row async for row in hook.aiterate(argument())]
            return await getattr(hook, f"a{action}")(argument())

    def here() -> Any:
        with hook_for(conn) as hook:
            result = getattr(hook, action)(argument())
            return list(result) if action == "iterate" else result

    answers = []
    for work in (here, lambda: asyncio.run(on_a_loop())):
        try:
            answers.append(work())
        except PlatformError as error:
            answers.append((type(error), error.message, error.code, error.status))
    return answers[0], answers[1]


def a_procedure() -> Procedure[dict[str, Any]]:
    rows = yield Pages(LISTED)
    yield Pause(0.01, "a moment")
    try:
        yield emails.get("404404")
    except NotFound as error:
        missing = error.message
    return {"rows": rows, "missing": missing}


def a_failing_procedure() -> Procedure[None]:
    yield emails.get(hubspot.NEWSLETTER_EMAIL)
    yield emails.get("404404")


@pytest.mark.parametrize(
    ("action", "argument"),
    [
        ("run", lambda: campaigns.get(hubspot.SPRING_CAMPAIGN, properties=("hs_name",))),
        ("run", lambda: emails.get("404404")),
        ("iterate", lambda: LISTED),
        ("follow", a_procedure),
        ("follow", a_failing_procedure),
    ],
)
def test_threads_and_loops_get_the_same_results_and_the_same_errors(
    sandbox: Sandbox, action: str, argument: Any
) -> None:
    here, on_a_loop = both(action, argument)
    assert here == on_a_loop
    assert here


def test_a_lost_answer_of_a_write_is_the_same_error_on_threads_and_on_loops(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/publish", when="before", answer={"status": 502}, times=2)
    here, on_a_loop = both("run", lambda: emails.publish(hubspot.NEWSLETTER_EMAIL))
    assert here == on_a_loop
    assert here[0].__name__ == "OutcomeUnknown"


# -- run contexts -------------------------------------------------------------------------------------


def test_a_bound_hook_uses_its_context_and_leaves_the_hook_as_it_was(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*", answer={"status": 429}, times=1)
    slept: list[float] = []
    failures: list[tuple[str, str, float]] = []
    run_context = RunContext(
        sleep=slept.append,
        on_failure=lambda call, failure, wait: failures.append((call.name, failure.action.name, wait)),
    )
    with hook_for("hubspot_default") as hook, hook.bind(run_context) as bound:
        bound.run(emails.get(hubspot.NEWSLETTER_EMAIL))
        assert bound.run_context is run_context
        assert hook.run_context == RunContext()
        hook.run(emails.get(hubspot.NEWSLETTER_EMAIL))
        assert (hook.calls, bound.calls) == (2, 2)
    ((name, action, wait),) = failures
    assert (name, action) == ("emails.get", "BACK_OFF")
    assert wait in slept


def test_a_run_context_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        RunContext().sleep = time.sleep  # type: ignore[misc]


def test_a_bound_hook_that_does_not_retry_makes_one_attempt(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*", answer={"status": 502}, times=None)
    with hook_for("hubspot_default").bind(RunContext.no_retry()) as hook, pytest.raises(ServerUnavailable):
        hook.run(emails.get(hubspot.NEWSLETTER_EMAIL))
    assert sandbox.hubspot.calls.total == 1


def test_a_cancelled_task_begins_no_call_and_waits_for_no_pause(sandbox: Sandbox) -> None:
    def cancelled(_: float = 0.0) -> None:
        raise TaskCancelled

    with hook_for("hubspot_default") as plain:
        with plain.bind(RunContext(raise_if_cancelled=cancelled)) as hook, pytest.raises(TaskCancelled):
            hook.run(emails.get(hubspot.NEWSLETTER_EMAIL))
        with plain.bind(RunContext(sleep=cancelled)) as hook, pytest.raises(TaskCancelled):
            hook.follow(a_procedure())
    assert sandbox.hubspot.calls.of("GET", "/emails").total == 0


@pytest.mark.parametrize(
    ("when", "status", "ambiguous"), [("after", 502, True), ("before", 502, True), ("before", 429, False)]
)
def test_a_call_that_is_cancelled_between_two_attempts_says_whether_the_first_may_have_worked(
    sandbox: Sandbox, when: Any, status: int, ambiguous: bool
) -> None:
    sandbox.marketo.faults.add("/rest/v1/leads.json", when=when, answer={"status": status})
    waits: list[float] = []

    def cancelled(seconds: float) -> None:
        waits.append(seconds)
        raise TaskCancelled

    upsert = leads.sync([{"email": "new@example.com"}])
    with hook_for("marketo_default").bind(RunContext(sleep=cancelled)) as hook:
        with pytest.raises(TaskCancelled) as caught:
            hook.run(upsert)
        assert caught.value.ambiguous is ambiguous
    assert len(waits) == 1


def test_a_task_that_waits_for_another_one_ends_when_it_is_cancelled(sandbox: Sandbox) -> None:
    def cancelled(_: float) -> None:
        raise TaskCancelled

    with hook_for("hubspot_default") as plain, plain.exclusive("the work"):
        hook = plain.bind(RunContext(sleep=cancelled))
        with pytest.raises(TaskCancelled), hook.exclusive("the work"):
            pytest.fail("two at a time")
        with plain.bind(RunContext(sleep=cancelled)) as hook, hook.exclusive("other work"):
            pass


def test_a_cancellation_is_not_a_failure_of_the_platform() -> None:
    assert not issubclass(TaskCancelled, PlatformError)
    assert str(TaskCancelled()) == "the task was cancelled"


# -- connections --------------------------------------------------------------------------------------


def connect(monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any] | str) -> MarketingHook:
    text = connection if isinstance(connection, str) else json.dumps(connection)
    monkeypatch.setenv("AIRFLOW_CONN_IT", text)
    return hook_for("it")


def address(hook: MarketingHook) -> str:
    return str(hook.platform.account.base_url)  # type: ignore[attr-defined]


MARKETO = {"conn_type": "marketo", "login": "id", "password": "secret"}


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ({**MARKETO, "host": "123-ABC-456"}, "https://123-ABC-456.mktorest.com"),
        ({**MARKETO, "host": "https://123-ABC-456.mktorest.com/rest"}, "https://123-ABC-456.mktorest.com"),
        ({**MARKETO, "host": "https://123-ABC-456.mktorest.com/rest/"}, "https://123-ABC-456.mktorest.com"),
        (
            {**MARKETO, "host": "https://123-ABC-456.mktorest.com/identity"},
            "https://123-ABC-456.mktorest.com",
        ),
        ({**MARKETO, "host": "localhost", "port": 8080, "schema": "http"}, "http://localhost:8080"),
        ("marketo://id:secret@localhost:8080/http", "http://localhost:8080"),
        ("marketo://id:secret@123-abc-456.mktorest.com", "https://123-abc-456.mktorest.com"),
        ({"conn_type": "hubspot", "password": "x"}, "https://api.hubapi.com"),
        ({"conn_type": "hubspot", "login": "a note", "password": "x"}, "https://api.hubapi.com"),
        ("hubspot://:x@127.0.0.1:8080/http", "http://127.0.0.1:8080"),
        ("hubspot://:x@:443", "https://api.hubapi.com"),
        ({**MARKETO, "host": "123-ABC-456", "port": 443}, "https://123-ABC-456.mktorest.com"),
        ("hubspot://:x@api-eu1.hubapi.com?api_version=2026-03", "https://api-eu1.hubapi.com"),
    ],
)
def test_a_connection_gives_the_address_of_the_account(
    monkeypatch: pytest.MonkeyPatch, connection: Any, expected: str
) -> None:
    assert address(connect(monkeypatch, connection)) == expected


@pytest.mark.parametrize(
    ("connection", "field"),
    [
        ({**MARKETO, "host": "http://123-ABC-456.mktorest.com"}, "host: plain http"),
        ({"conn_type": "hubspot", "password": "x", "host": "http://api.hubapi.com"}, "host: plain http"),
        ({"conn_type": "marketo", "login": "id", "password": "s"}, "host: is missing"),
        ({"conn_type": "marketo", "host": "123-ABC-456", "password": "s"}, "login: is missing"),
        ({"conn_type": "marketo", "host": "123-ABC-456", "login": "id"}, "password: is missing"),
        ({"conn_type": "hubspot"}, "no credentials"),
        (
            {"conn_type": "hubspot", "extra": {"refresh_token": "r"}},
            "login: the OAuth connection is incomplete: .*client id.* and .*client secret.* must have",
        ),
        (
            {"conn_type": "hubspot", "login": "x", "extra": {"refresh_token": "r"}},
            "password: the OAuth connection is incomplete",
        ),
        (
            {"conn_type": "hubspot", "login": "1111aaaa-2222-4333-8444-555555555555", "password": "s"},
            "refresh_token: the OAuth connection is incomplete.*; with a service key, leave Login empty",
        ),
        ({"conn_type": "hubspot", "password": "x", "extra": {"api_version": "v9"}}, "api_version"),
        (
            {"conn_type": "hubspot", "password": "x", "extra": {"calls_per_10_seconds": 0}},
            "calls_per_10_seconds",
        ),
        ({"conn_type": "http", "host": "example.com"}, "needed is hubspot or marketo"),
    ],
)
def test_a_connection_that_is_wrong_names_the_field_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, connection: Any, field: str
) -> None:
    with pytest.raises(InvalidInput, match=field) as refused:
        connect(monkeypatch, connection)
    assert "'it'" in str(refused.value)


WHOLE = {
    "hubspot": {"conn_type": "hubspot", "password": "x"},
    "marketo": {"conn_type": "marketo", "host": "123-ABC-456", "login": "id", "password": "s"},
}


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
@pytest.mark.parametrize("on_a_loop", [False, True])
@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ('"{\\"max_concurrency\\": 5}"', "extra: is JSON that was encoded twice"),
        ('"max_concurrency"', "extra: is a JSON text"),
        ('[{"max_concurrency": 5}]', "extra: must be a JSON object, not a list of 1"),
        ("5", "extra: must be a JSON object, not a number"),
        ("max_concurrency=5", "extra: must be a JSON object, and is no JSON: text of 17 characters"),
        (
            '{"max_concurency": 5, "daily_reserve": 1, "note": ""}',
            "no settings: max_concurency, note. did you mean max_concurrency? The settings are ",
        ),
        ('{"daily_reserve": "many"}', "daily_reserve: Input should be a valid integer"),
    ],
)
def test_an_extra_that_is_no_object_of_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, platform: str, on_a_loop: bool, extra: str, problem: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_IT", json.dumps({**WHOLE[platform], "extra": extra}))
    with pytest.raises(InvalidInput) as refused:
        asyncio.run(ahook_for("it")) if on_a_loop else hook_for("it")
    assert problem in str(refused.value)
    assert "'it'" in str(refused.value)


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
@pytest.mark.parametrize("extra", ["", "{}", "null", " ", '{"max_concurrency": "7", "daily_reserve": null}'])
def test_an_extra_may_be_empty_and_have_texts_and_empty_fields(
    monkeypatch: pytest.MonkeyPatch, platform: str, extra: str
) -> None:
    hook = connect(monkeypatch, {**WHOLE[platform], "extra": extra})
    assert hook.platform.daily_reserve == 100
    assert ("7" in extra) == (hook.platform.max_concurrency == 7)


def test_a_refresh_token_is_enough(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "login": hubspot.OAUTH_CLIENT_ID,
        "password": hubspot.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": hubspot.REFRESH_TOKEN},
    }
    with connect(monkeypatch, connection) as hook:
        assert len(list(hook.iterate(LISTED))) == 2


@pytest.mark.parametrize("version", PROFILES)
def test_the_connection_chooses_the_version_of_the_paths(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": version},
    }
    with connect(monkeypatch, connection) as hook:
        hook.run(emails.get(hubspot.NEWSLETTER_EMAIL))
    assert all(version in route for _, route in sandbox.hubspot.calls.routes)


# -- requests without an endpoint ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conn", "raw", "path"),
    [
        ("hubspot_default", hubspot_client.raw, "/crm/v3/objects/contacts"),
        ("marketo_default", marketo_client.raw, "/rest/v1/leads/describe.json"),
    ],
)
def test_any_request_has_the_retries_of_other_calls(sandbox: Sandbox, conn: str, raw: Any, path: str) -> None:
    platform = sandbox.platforms[conn.partition("_")[0]]
    platform.faults.add(path, answer={"status": 503}, times=2)
    blocking, looped = both("run", lambda: raw("GET", path, replay="safe"), conn)
    rows = "results" if conn.startswith("hubspot") else "result"
    assert blocking[rows] == looped[rows] != []
    # One of each, and two that failed. A request that is not said to be safe is sent once.
    assert platform.calls.of("GET", path).total == 4
    platform.faults.add(path, answer={"status": 503}, times=2)
    assert both("run", lambda: raw("GET", path), conn)[0][0] is OutcomeUnknown
    assert platform.calls.of("GET", path).total == 6


def test_the_error_of_any_request_has_neither_token_nor_address(sandbox: Sandbox) -> None:
    call = hubspot_client.raw("GET", "/crm/v3/objects/contacts/someone%40example.com", query={"x": "y"})
    for error, text, *_ in both("run", lambda: call):
        assert error is NotFound
        assert "someone" not in text
        assert hubspot.TOKEN not in text


# -- connection tests ---------------------------------------------------------------------------------


def test_a_connection_test_names_the_account_and_the_calls_left(sandbox: Sandbox) -> None:
    ok, line = HubSpotHook().test_connection()
    assert ok, line
    assert f"HubSpot account {hubspot.PORTAL_ID}" in line
    assert "calls left today" in line or "daily calls left unknown" in line
    ok, line = MarketoHook().test_connection()
    assert ok, line
    assert line.startswith(f"Marketo instance {sandbox.marketo.url}; ")
    assert line.endswith(" left of 50,000")
    assert "\n" not in line


_IMPORTING = "ImportLeadsOperator, SyncLeadsOperator (bulk), SyncObjectsOperator (bulk)"


def test_a_connection_test_says_which_scopes_are_missing_for_what(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = {"conn_type": "hubspot", "host": sandbox.hubspot.url, "password": hubspot.READ_ONLY_TOKEN}
    ok, line = connect(monkeypatch, reader).test_connection()
    assert ok, line
    assert "Missing for" in line
    writers = "MergeLeadsOperator, SyncLeadsOperator, SyncListOperator (create)"
    assert f"{writers}: crm.objects.contacts.write;" in line
    assert f"for {_IMPORTING}: crm.import;" in line
    assert "LeadChangesSensor" not in line
    assert hubspot.READ_ONLY_TOKEN not in line
    oauth = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "login": hubspot.OAUTH_CLIENT_ID,
        "password": hubspot.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": hubspot.REFRESH_TOKEN},
    }
    assert "Missing" not in connect(monkeypatch, oauth).test_connection()[1]
    app = next(iter(sandbox.hubspot.state.credentials.apps.values()))
    less = replace(app, scopes=app.scopes - {"crm.import"})
    sandbox.hubspot.state.credentials.apps[app.client_id] = less
    sandbox.hubspot.state.credentials.refresh_tokens[hubspot.REFRESH_TOKEN] = less
    line = connect(monkeypatch, oauth).test_connection()[1]
    assert line.endswith(f". Missing for {_IMPORTING}: crm.import")


def test_a_connection_test_passes_where_hubspot_does_not_tell_the_scopes(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/access-token-info", answer={"status": 404})
    ok, line = HubSpotHook().test_connection()
    assert ok
    assert "Scopes unknown" in line


def test_the_end_of_a_versions_support_is_logged_once_and_in_the_connection_test(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(version: str, today: date) -> str:
        return support_warning(version, today) or ""  # type: ignore[arg-type]

    assert "its v4 paths on 2027-03-30, its v1, v2 and v3 paths on 2027-09-01" in ended(
        "v3", date(2026, 11, 29)
    )
    assert "Set 'api_version' to 2026-09" in ended("2026-03", date(2026, 9, 30))
    assert "2027-09-30" in ended("2026-03", date(2028, 1, 1))
    assert ended("2026-03", date(2026, 9, 29)) == ended("2026-09", date(2027, 3, 1)) == ""
    assert "Upgrade this provider" in ended("2026-09", date(2027, 3, 9))
    monkeypatch.setitem(SUPPORT_ENDS, "2026-09", {"its paths": date.today() + timedelta(days=30)})
    monkeypatch.setitem(SUPPORT_ENDS, "2026-03", {"its paths": date.today() + timedelta(days=400)})
    for version, times in (("2026-09", 1), ("2026-03", 0)):
        connection = {
            "conn_type": "hubspot",
            "host": sandbox.hubspot.url,
            "password": hubspot.TOKEN,
            "extra": {"api_version": version},
        }
        capsys.readouterr()
        with connect(monkeypatch, connection) as hook, hook.bind(RunContext()) as bound:
            for one in (hook, bound, hook):
                one.run(emails.get(hubspot.NEWSLETTER_EMAIL))
            ok, line = hook.test_connection()
        assert ok
        assert capsys.readouterr().out.count("HubSpot ends its support of API version") == times
        assert line.count("HubSpot ends its support of API version") == times


@pytest.mark.parametrize(
    ("platform", "connection", "named"),
    [
        ("hubspot", {"password": "pat-wrong"}, "HTTP 401"),
        ("marketo", {"login": marketo.CLIENT_ID, "password": "wrong-secret"}, "were refused"),
    ],
)
def test_wrong_credentials_are_reported_at_once_and_not_quoted(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, platform: str, connection: dict[str, str], named: str
) -> None:
    url = sandbox.platforms[platform].url
    hook = connect(monkeypatch, {"conn_type": platform, "host": url, **connection})
    ok, line = hook.test_connection()
    assert not ok
    assert named in line
    assert connection["password"] not in line
    assert sandbox.platforms[platform].calls.total == 1


def test_a_connection_with_a_read_only_user_says_what_is_missing_for_what(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = {"login": marketo.READER_ID, "password": marketo.READER_SECRET}
    hook = connect(monkeypatch, {"conn_type": "marketo", "host": sandbox.marketo.url, **credentials})
    ok, line = hook.test_connection()
    assert ok, line
    missing = line.partition(". Missing ")[2]
    assert re.findall(r"[\w, ]+: (Read-[\w -]+)", missing) == ["Read-Write Lead", "Read-Only Activity"]
    for name in ("SyncLeadsOperator", "ImportLeadsOperator", "ExportActivitiesOperator"):
        assert name in missing
    assert "PublishEmailOperator" not in missing


def test_the_operators_that_need_a_permission_exist() -> None:
    names = {name for needed in account.NEEDED_FOR.values() for name in needed}
    known = {
        name
        for package in (operators, sensors)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for name in vars(import_module(module.name))
    }
    assert names <= known
    assert account.NEEDED_FOR.keys() == account.PROBES.keys()


def test_a_connection_without_permission_says_what_is_missing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.marketo.faults.add("*/describe2.json", answer={"code": "603"})
    ok, line = MarketoHook().test_connection()
    assert not ok
    assert "needs" in line


@pytest.mark.parametrize("hook", [HubSpotHook, MarketoHook])
def test_a_host_that_is_down_is_reported_quickly(sandbox: Sandbox, hook: type[MarketingHook]) -> None:
    sandbox.stop()
    began = time.monotonic()
    ok, line = hook(f"{hook.conn_type}_default").test_connection()
    assert not ok
    assert "no answer from 127.0.0.1:" in line
    assert "(ConnectError)" in line
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("kind", [{"status": 502}, {"reset": True}])
def test_a_connection_test_makes_one_attempt(sandbox: Sandbox, kind: dict[str, Any]) -> None:
    sandbox.hubspot.faults.add(answer=kind, times=None)
    assert HubSpotHook().test_connection()[0] is False
    assert sandbox.hubspot.calls.total == 1


# -- forms --------------------------------------------------------------------------------------------


def test_the_provider_info_is_what_airflow_says_it_must_be() -> None:
    import jsonschema

    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


class _Field:
    def __init__(self, label: str, **more: Any) -> None:
        self.label, self.more = label, more


@pytest.fixture
def wtforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of the library of the older forms as is used; later Airflow does not install it."""
    kinds = ("BooleanField", "IntegerField", "PasswordField", "SelectField", "StringField")
    form, validators = ModuleType("wtforms"), ModuleType("wtforms.validators")
    form.__dict__.update({kind: type(kind, (_Field,), {}) for kind in kinds})
    validators.__dict__["Optional"] = object
    monkeypatch.setitem(sys.modules, "wtforms", form)
    monkeypatch.setitem(sys.modules, "wtforms.validators", validators)


@pytest.mark.parametrize("hook", [HubSpotHook, MarketoHook])
def test_the_forms_of_older_airflow_show_the_same_fields(hook: Any, wtforms: None) -> None:
    types = get_provider_info()["connection-types"]
    declared = next(one for one in types if one["connection-type"] == hook.conn_type)
    assert declared["hook-class-name"] == f"{hook.__module__}.{hook.__qualname__}"
    assert declared["hook-name"] == hook.hook_name
    fields = hook.get_connection_form_widgets()
    assert {name: field.label for name, field in fields.items()} == {
        name: field["label"] for name, field in declared["conn-fields"].items()
    }
    for name, field in fields.items():
        schema = declared["conn-fields"][name]["schema"]
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        kind = "enum" if "enum" in schema else schema.get("format") or types[0]
        assert type(field).__name__ == {
            "enum": "SelectField",
            "password": "PasswordField",
            "integer": "IntegerField",
            "boolean": "BooleanField",
        }.get(kind, "StringField")
        assert field.more["default"] == schema.get("default")
    shown = hook.get_ui_field_behaviour()
    assert shown == {name.replace("-", "_"): value for name, value in declared["ui-field-behaviour"].items()}


@pytest.mark.parametrize("hook", [HubSpotHook, MarketoHook])
def test_airflow_can_create_the_hook_of_a_connection(sandbox: Sandbox, hook: Any) -> None:
    made = hook(**{hook.conn_name_attr: f"{hook.conn_type}_default"})
    assert made.get_conn() is made
    call = (
        programs.get(marketo.EMAIL_PROGRAM) if hook is MarketoHook else emails.get(hubspot.NEWSLETTER_EMAIL)
    )
    with made:
        assert made.run(call)
    # Closed, it opens again when it is used again.
    assert made.run(call)
    made.close()
