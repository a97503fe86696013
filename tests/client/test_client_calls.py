"""Calls as values: paths, checks of input, and how the next page is requested."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from urllib.parse import unquote

import pendulum
import pytest
from client_tools import a_call
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client import paging
from airflow_provider_mkt.client.call import (
    JsonBody,
    Route,
    comma_joined,
    numeric_id,
    path_params,
    query_pairs,
    utc,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.platform import instance_url
from airflow_provider_mkt.client.parameters import errors_name, item_list, name_list, to_id, to_utc
from airflow_provider_mkt.client.transport.platform import base_url


class TestPaths:
    @given(value=st.text(max_size=40) | st.integers())
    def test_an_id_that_is_accepted_stays_one_segment(self, value: str | int) -> None:
        try:
            params = path_params(thingId=value)
        except InvalidInput:
            return
        path = Route("GET", "things", "/{thingId}/end", params).path()
        _, segment, end = path.split("/")
        assert end == "end"
        assert unquote(segment) == str(value)
        assert not set(segment) & set("/?#\\ ")
        assert segment.isascii()
        assert segment not in {"", ".", ".."}

    @pytest.mark.parametrize(
        "value", ["", " ", ".", "..", "a\nb", "\x00", "a\x7f", "\ud800", None, True, 1.5, ["a"], b"a"]
    )
    def test_what_cannot_be_a_segment_is_refused_without_being_repeated(self, value: object) -> None:
        with pytest.raises(InvalidInput) as refusal, errors_name("things.get"):
            path_params(thingId=value)
        assert refusal.value.field == "thing_id"
        assert refusal.value.call == "things.get"
        if isinstance(value, str) and value.strip(" ."):
            assert value not in str(refusal.value)

    def test_values_with_braces_are_not_taken_for_templates(self) -> None:
        route = Route("GET", "things", "/{a}/{b}", (("a", "{b}"), ("b", "x")))
        assert route.path() == "/%7Bb%7D/x"


class TestChecks:
    @pytest.mark.parametrize(("value", "number"), [(5, 5), ("5", 5), (" 5 ", 5), (2**63 - 1, 2**63 - 1)])
    def test_numeric_ids(self, value: int | str, number: int) -> None:
        assert to_id("f", value) == numeric_id("c", "f", value) == number

    @pytest.mark.parametrize(
        "value",
        [0, -1, "0", "-1", "", "x", "1.0", "²", "1_000", True, None, 1.0, [1], 2**63, "9" * 5000, 10**5000],
        ids=lambda value: str(type(value).__name__),
    )
    def test_other_ids_are_refused(self, value: object) -> None:
        with pytest.raises(InvalidInput) as refusal:
            numeric_id("c", "lead_id", value)  # type: ignore[arg-type]
        assert (refusal.value.field, refusal.value.call) == ("lead_id", "c")

    def test_the_length_of_a_list_is_limited(self) -> None:
        assert item_list("f", [1] * 300, at_most=300) == [1] * 300
        for bad in ([], [1] * 301, "text", b"bytes", {"a": 1}, (one for one in [1]), None, 5):
            with pytest.raises(InvalidInput) as refusal:
                item_list("f", bad, at_most=300)  # type: ignore[arg-type]
            assert refusal.value.field == "f"

    def test_query_parameters(self) -> None:
        pairs = query_pairs(a=None, b=True, c=False, d=[1, 2], e="x", f=0, g=())
        assert pairs == (("b", "true"), ("c", "false"), ("d", "1"), ("d", "2"), ("e", "x"), ("f", "0"))

    def test_a_query_that_cannot_be_encoded_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="name: "):
            query_pairs(name="\ud800")

    def test_names_are_joined_by_commas(self) -> None:
        assert comma_joined(name_list("fields", ["a", "b"])) == "a,b"
        assert comma_joined(name_list("fields", ())) is None

    @pytest.mark.parametrize(
        ("names", "field"),
        [
            ("email", "fields"),
            (b"x", "fields"),
            (None, "fields"),
            (5, "fields"),
            ({"a": 1}, "fields"),
            ([""], "fields[0]"),
            (["a", 5], "fields[1]"),
            (["a,b"], "fields[0]"),
        ],
    )
    def test_text_is_not_taken_for_a_list_of_names(self, names: object, field: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            name_list("fields", names)
        assert refusal.value.field == field

    def test_a_time_needs_a_zone(self) -> None:
        aware = dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
        assert to_utc("f", aware) == utc("c", "f", aware) == dt.datetime(2026, 7, 1, 10, tzinfo=dt.UTC)
        # A time of pendulum that was moved to Python's UTC has no time zone after a sum.
        later = to_utc("f", pendulum.instance(aware)) + dt.timedelta(days=1)
        assert later == dt.datetime(2026, 7, 2, 10, tzinfo=dt.UTC)
        for bad in (dt.datetime(2026, 7, 1), dt.date(2026, 7, 1), "2026-07-01", None):
            with pytest.raises(InvalidInput) as refusal:
                utc("c", "start_at", bad)  # type: ignore[arg-type]
            assert refusal.value.field == "start_at"


class TestJson:
    def test_everything_json_knows_is_taken(self) -> None:
        value = {"a": [1, 2.5, None, True, "ü"], "b": ({"c": ""},)}
        assert JsonBody(value).value == value

    @pytest.mark.parametrize(
        ("value", "field"),
        [
            ({"a": [1, {"born": dt.date(2000, 1, 1)}]}, "body.a[1].born"),
            ({"a": Decimal(1)}, "body.a"),
            ({"a": float("nan")}, "body.a"),
            ({"a": float("inf")}, "body.a"),
            ({"a": "\ud800"}, "body.a"),
            ({"a": b"x"}, "body.a"),
            ({"a": {1, 2}}, "body.a"),
            ({1: "x"}, "body"),
            (object(), "body"),
        ],
    )
    def test_what_json_does_not_know_is_refused_by_its_place(self, value: object, field: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            JsonBody(value)  # type: ignore[arg-type]
        assert refusal.value.field == field
        assert "2000" not in str(refusal.value)

    def test_a_body_is_not_shown(self) -> None:
        assert "jane" not in repr(JsonBody({"email": "jane@example.com"}))


class TestPaging:
    def test_a_call_without_a_style_has_one_page(self) -> None:
        assert a_call().next_page({"nextPageToken": "T", "result": [1]}) is None

    def test_the_next_page_is_the_same_call_with_another_query(self) -> None:
        call = a_call(query=(("limit", "10"), ("after", "1")), follow=paging.after_cursor)
        page = call.next_page({"paging": {"next": {"after": "2"}}})
        assert page is not None
        assert page.query == (("limit", "10"), ("after", "2"))
        assert (page.name, page.route, page.body, page.replay) == (
            call.name,
            call.route,
            call.body,
            call.replay,
        )

    @pytest.mark.parametrize(
        ("envelope", "after"),
        [
            ({}, None),
            ({"paging": None}, None),
            ({"paging": {}}, None),
            ({"paging": {"next": None}}, None),
            ({"paging": {"next": {}}}, None),
            ({"paging": {"prev": {"before": "1"}}}, None),
            ({"results": [], "paging": {"next": {"after": "5"}}}, "5"),
            ({"paging": {"next": {"after": 5}}}, "5"),
            ({"paging": {"next": {"after": "NTI1Cg=="}}}, "NTI1Cg=="),
            ({"paging": {"next": {"after": "NTI1Cg%3D%3D"}}}, "NTI1Cg=="),
            ({"paging": {"next": {"after": "a+b/c="}}}, "a+b/c="),
        ],
    )
    def test_hubspot_cursor(self, envelope: dict, after: str | None) -> None:
        expected = None if after is None else (("after", after),)
        assert paging.after_cursor(a_call(), envelope) == expected

    @pytest.mark.parametrize(
        ("envelope", "goes_on"),
        [
            ({"result": [1], "nextPageToken": "T==", "moreResult": True}, True),
            ({"result": [1], "nextPageToken": "T=="}, True),
            ({"result": [1], "nextPageToken": "T==", "moreResult": False}, False),
            ({"result": [], "nextPageToken": "T==", "moreResult": True}, False),
            ({"nextPageToken": "T=="}, False),
            ({"result": [1]}, False),
            ({"result": [1], "moreResult": True}, False),
            ({"result": [1], "nextPageToken": ""}, False),
        ],
    )
    def test_marketo_position_token(self, envelope: dict, goes_on: bool) -> None:
        query = paging.position_token(a_call(query=(("fields", "id"),)), envelope)
        assert query == ((("fields", "id"), ("nextPageToken", "T==")) if goes_on else None)

    @pytest.mark.parametrize(
        ("envelope", "goes_on"),
        [
            ({"result": [], "nextPageToken": "T==", "moreResult": True}, True),
            ({"nextPageToken": "T==", "moreResult": True}, True),
            ({"result": [1], "nextPageToken": "T==", "moreResult": False}, False),
            ({"result": [1], "nextPageToken": "T=="}, False),
            ({"result": [1], "moreResult": True}, False),
        ],
    )
    def test_marketo_date_token_goes_on_over_empty_pages(self, envelope: dict, goes_on: bool) -> None:
        query = paging.date_token(a_call(query=(("nextPageToken", "S"),)), envelope)
        assert query == ((("nextPageToken", "T=="),) if goes_on else None)

    @pytest.mark.parametrize(
        ("query", "rows", "offset"),
        [
            ((("maxReturn", "200"), ("offset", "0")), 200, "200"),
            ((("maxReturn", "200"), ("offset", "200")), 200, "400"),
            ((("maxReturn", "200"), ("offset", "200")), 199, None),
            ((), 20, "20"),
            ((), 19, None),
            ((), 0, None),
            ((), None, None),
        ],
    )
    def test_marketo_offset(self, query, rows: int | None, offset: str | None) -> None:
        envelope = {} if rows is None else {"result": [{}] * rows}
        following = paging.next_offset(a_call(query=query), envelope)
        assert (following and dict(following)["offset"]) == offset


class TestAddresses:
    @pytest.mark.parametrize(
        ("host", "options", "url"),
        [
            ("api.hubapi.com", {}, "https://api.hubapi.com"),
            ("https://api.hubapi.com/", {}, "https://api.hubapi.com"),
            ("api.hubapi.com", {"port": 8443}, "https://api.hubapi.com:8443"),
            ("api.hubapi.com", {"port": 443}, "https://api.hubapi.com"),
            ("localhost", {"scheme": "http", "port": 443}, "http://localhost:443"),
            ("https://api.hubapi.com:1", {"port": 8443}, "https://api.hubapi.com:1"),
            ("localhost", {"scheme": "http", "port": 8000}, "http://localhost:8000"),
            ("http://127.0.0.1:8000/hubspot/", {}, "http://127.0.0.1:8000/hubspot"),
            ("http://[::1]:8000", {}, "http://[::1]:8000"),
        ],
    )
    def test_hosts(self, host: str, options: dict, url: str) -> None:
        assert base_url(host, **options) == url

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "https://",
            "ftp://x",
            "http://api.hubapi.com",
            "http://10.0.0.1",
            "https://x:port",
            "https://[::1",
            "https://u@x",
            "https://:secret@x",
            "https://u:secret@x",
            "https://x?a=1",
            "https://x#a",
            "my host",
            "https://x:99999",
            "http://localhost.example.com",
        ],
    )
    def test_what_is_no_host_is_refused_without_being_repeated(self, host: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            base_url(host)
        assert refusal.value.field == "host"
        assert "secret" not in str(refusal.value)

    @pytest.mark.parametrize(
        "host",
        [
            "123-ABC-456",
            " 123-ABC-456 ",
            "123-ABC-456.mktorest.com",
            "https://123-ABC-456.mktorest.com/rest",
            "https://123-ABC-456.mktorest.com/rest/",
            "https://123-ABC-456.mktorest.com/identity",
        ],
    )
    def test_every_spelling_of_an_instance(self, host: str) -> None:
        assert instance_url(host) == "https://123-ABC-456.mktorest.com"
