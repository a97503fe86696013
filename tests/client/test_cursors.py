"""Every call with pages can begin at a cursor, and names the one of its next page."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from calls.samples import sample, script

from airflow_provider_mkt.client.call import Call, JsonBody
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.emails import email_revisions, emails
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.registry import build, endpoints, next_arguments

PAGED = [
    pytest.param(platform, name, id=f"{platform} {name}")
    for platform in ("hubspot", "marketo")
    for name, _ in endpoints(platform)
    if sample(platform, name).follow is not None and not name.endswith(".search_all")
]


def a_page(platform: str, call: Call[Any]) -> dict[str, Any]:
    """An answer after which there is a further page."""
    rows = [{"id": str(number)} for number in range(1, 201)]
    if platform == "hubspot":
        paging = {"next": {"after": "NTI1Cg%3D%3D"}, "prev": {"before": "MTA%3D"}}
        if call.name in ("contact_search.search", "objects.search"):
            paging["next"]["after"] = "200"
        return {"results": rows, "lists": rows, "hasMore": True, "offset": 500, "paging": paging}
    return {"success": True, "result": rows, "nextPageToken": "GIYDAOBNGEYS2MBW", "moreResult": True}


@pytest.mark.parametrize(("platform", "name"), PAGED)
def test_a_call_begins_where_the_page_before_ended(platform: str, name: str) -> None:
    call = sample(platform, name)
    following = call.next_page(a_page(platform, call))
    assert following is not None
    cursor = next_arguments(platform, call, following)
    assert cursor
    function = dict(endpoints(platform))[name]
    assert cursor.keys() <= inspect.signature(function).parameters.keys()

    @functools.wraps(function)
    def from_cursor(*args: Any, **kwargs: Any) -> Call[Any]:
        return function(*args, **{**kwargs, **cursor})

    again = script.sample(platform, name, from_cursor)
    assert parts(again) == parts(following)


def parts(call: Call[Any]) -> tuple[Any, Any]:
    body = call.body.value if isinstance(call.body, JsonBody) else None
    return sorted(call.query), body


def test_revisions_and_members_page_backwards_too() -> None:
    for call in (email_revisions.list("1", before="NTI="), list_memberships.members(1, before="NTI=")):
        assert ("before", "NTI=") in call.query
        page = {"results": [{}], "paging": {"next": {"after": "NTI="}, "prev": {"before": "MTA%3D"}}}
        following = call.next_page(page)
        assert following is not None
        assert ("before", "MTA=") in following.query
        assert next_arguments("hubspot", call, following) == {"before": "MTA="}
        # No further page, whatever the cursors say: it would be read for ever.
        assert following.next_page(page) is None
        assert call.next_page({"results": [], "paging": page["paging"]}) is None
        assert call.next_page({"results": [{}]}) is None
    with pytest.raises(InvalidInput, match="cannot be combined"):
        email_revisions.list("1", before="a", after="b")


def test_a_cursor_is_text_or_a_number_that_the_platform_returned() -> None:
    assert ("after", "100") in emails.list(after=100).query
    assert ("nextPageToken", "X==") in leads.list("id", [1], next_page_token="X==").query
    assert ("after", "100") in build("hubspot", "campaigns.list", {"after": "100"}).query
    for bad in ("", True, ["x"]):
        with pytest.raises(InvalidInput, match="after"):
            emails.list(after=bad)  # type: ignore[arg-type]


def test_deleting_an_email_takes_the_parameter_that_hubspot_lists() -> None:
    assert emails.archive("1").query == ()
    assert emails.archive("1", archived=True).query == (("archived", "true"),)
