"""Requests that no endpoint describes: what they send, and the paths that they refuse."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import answer, failure, hubspot, marketo, success
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client import hubspot as hubspot_client
from airflow_provider_mkt.client import marketo as marketo_client
from airflow_provider_mkt.client.call import FormBody, JsonBody, Quota, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.raw import checked_path
from airflow_provider_mkt.client.registry import build, endpoint, endpoints
from airflow_provider_mkt.client.transport.platform import Failure, Success

BOTH = pytest.mark.parametrize(
    ("raw", "platform"),
    [(hubspot_client.raw, hubspot), (marketo_client.raw, marketo)],
    ids=["hubspot", "marketo"],
)

WAYS_OUT = [
    "https://evil.example/x",
    "//evil.example/x",
    "/\\evil.example/x",
    "\\\\evil.example",
    "evil.example/x",
    "@evil.example/x",
    "/a//b",
    "/a/%2f/b",
    "/%2Fevil.example",
    "/%252fevil.example",
    "/a/../b",
    "/..",
    "/.",
    "/a/./b",
    "/a/%2e%2e/b",
    "/a/%2E./b",
    "/a/.%2e",
    "/a/%252e%252e/b",
    "/a/%25252e%25252e/b",
    "/a/..%2fb",
    "/a/..%5cb",
    "/a%5c..%5cb",
    "/a/..;/b",
    "/a/..%3b/b",
    "/a?b=c",
    "/a#b",
    "/a\r\nHost: evil.example",
    "/a%0d%0aHost:%20evil",
    "/a\x00",
    "/a%00",
    "/a\tb",
    "/a b",
    "/a%7f",
    "/ä",
    "/%",
    "/%zz",
    "/%e4",
    "",
    " ",
    "/a\u2028b",
]


@BOTH
@pytest.mark.parametrize("path", WAYS_OUT)
def test_no_path_leaves_the_host_or_climbs(raw: Any, platform: Any, path: str) -> None:
    with pytest.raises(InvalidInput, match=r"raw: path: "):
        raw("GET", path)


@BOTH
@pytest.mark.parametrize(
    "path",
    ["/crm/v3/objects/deals", "/rest/v1/opportunities.json", "/a/b%20c/d%3Fe", "/a/", "/a/..b/c..", "/a:b"],
)
def test_a_path_is_sent_as_it_is(raw: Any, platform: Any, path: str) -> None:
    account = platform()
    request = account.build(raw("get", path, query={"a": [1, "x"], "b": None, "c": True}), "token-one")
    assert request.url == account.account.base_url + path
    assert (request.method, request.query) == ("GET", (("a", "1"), ("a", "x"), ("c", "true")))
    assert request.headers == {"Authorization": "Bearer token-one"}


@given(st.text(st.sampled_from("/.%25eEfFcC\\;a?# \n"), max_size=12))
def test_whatever_the_path_it_stays_below_its_host(path: str) -> None:
    try:
        tail = checked_path(path)
    except InvalidInput:
        return
    parts = urlsplit("https://api.hubapi.com/base" + tail)
    assert (parts.netloc, parts.query, parts.fragment) == ("api.hubapi.com", "", "")
    assert parts.path == "/base" + tail


@BOTH
def test_a_request_is_never_repeated_unless_it_says_so(raw: Any, platform: Any) -> None:
    assert raw("GET", "/x").replay is Replay.NEVER
    assert raw("POST", "/x", replay="safe").replay is Replay.SAFE
    assert raw("POST", "/x", replay=Replay.WAIT).replay is Replay.WAIT


@BOTH
def test_bodies(raw: Any, platform: Any) -> None:
    assert raw("POST", "/x", body={"a": [1]}).body == JsonBody({"a": [1]})
    assert raw("POST", "/x", form={"a": 1, "b": ["x", "y"]}).body == FormBody(
        (("a", "1"), ("b", "x"), ("b", "y"))
    )
    assert raw("POST", "/x").body is None


@BOTH
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"method": "TRACE"}, "method"),
        ({"method": 5}, "method"),
        ({"replay": "always"}, "replay"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 3601}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"text_response": "yes"}, "text_response"),
        ({"body": {"a": {1, 2}}}, "body.a"),
        ({"body": 1, "form": {"a": "b"}}, "form"),
        ({"method": "GET", "body": {}}, "body"),
        ({"query": ["a"]}, "query"),
        ({"query": {"a": {}}}, "query.a"),
        ({"query": {"Access_Token": "x"}}, "query.Access_Token"),
        ({"form": {"client_secret": "x"}}, "form.client_secret"),
    ],
)
def test_a_wrong_argument_is_named(raw: Any, platform: Any, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        raw(**{"method": "POST", "path": "/x", **arguments})
    assert refused.value.field == field
    assert refused.value.call == "raw"


def test_a_crm_search_uses_the_search_limit() -> None:
    for path in ("/crm/v3/objects/deals/search", "/crm/objects/2026-03/deals/search"):
        assert hubspot_client.raw("POST", path).quota is Quota.SEARCH
    assert hubspot_client.raw("POST", "/crm/v3/lists/search").quota is Quota.CALLS


@BOTH
@pytest.mark.parametrize(
    ("content", "value"), [({"a": 1}, {"a": 1}), ([1, 2], [1, 2]), (b"", None), (b"5", 5), (b'"x"', "x")]
)
def test_any_json_is_an_answer(raw: Any, platform: Any, content: Any, value: Any) -> None:
    call = raw("GET", "/x")
    classification = platform().classify(call, answer(200, content))
    assert isinstance(classification, Success)
    assert call.read(classification.envelope) == value


def test_marketos_errors_inside_a_200_are_errors() -> None:
    call = marketo_client.raw("GET", "/rest/v1/x.json")
    assert isinstance(marketo().classify(call, failure("1003")), Failure)
    done = marketo().classify(call, success({"id": 1}))
    assert isinstance(done, Success)
    assert call.read(done.envelope) == {"requestId": "17f5a#188aa", "success": True, "result": [{"id": 1}]}


@BOTH
def test_a_text_is_an_answer_on_request(raw: Any, platform: Any) -> None:
    csv = answer(200, b"id,email\n1,a\n")
    classification = platform().classify(raw("GET", "/x"), csv)
    assert isinstance(classification, Failure)
    call = raw("GET", "/x", text_response=True)
    classification = platform().classify(call, csv)
    assert isinstance(classification, Success)
    assert call.read(classification.envelope) == "id,email\n1,a\n"


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_dags_reach_it_by_name(platform: str) -> None:
    call = build(platform, "raw", {"method": "POST", "path": "/x", "body": {"a": None}, "replay": "safe"})
    assert (call.name, call.replay, call.body) == ("raw", Replay.SAFE, JsonBody({"a": None}))
    assert "raw" not in dict(endpoints(platform))
    assert endpoint(platform, "raw") is {"hubspot": hubspot_client, "marketo": marketo_client}[platform].raw
    with pytest.raises(InvalidInput, match="raw runs a request"):
        endpoint(platform, "deals.list")
