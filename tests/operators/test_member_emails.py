"""Operators on many leads also take email addresses, and a deletion has a limit."""

from __future__ import annotations

from typing import Any

import pytest
from member_runs import counts, create_leads, execute, no_calls, operator, rejects
from workers import RESET

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

BOTH = pytest.mark.parametrize("platform", ["hubspot", "marketo"])
LIST = {"hubspot": hubspot.LIST_ID, "marketo": marketo.STATIC_LIST}
LOOKUP = {"hubspot": ("POST", "/batch/read"), "marketo": ("GET", "/leads.json")}


def create(box: Sandbox, platform: str, number: int) -> dict[str, str]:
    """Create that many leads and return their ids by address."""
    if platform == "marketo":
        ids = create_leads(box, number)
        return {f"crowd{n}@example.com": str(one) for n, one in enumerate(ids)}
    contacts = box.hubspot.state.contacts
    return {
        f"crowd{n}@example.com": contacts.create({"email": f"crowd{n}@example.com"}).id for n in range(number)
    }


def find_calls(box: Sandbox, platform: str) -> int:
    verb, tail = LOOKUP[platform]
    routes = box.platforms[platform].calls.routes.items()
    return sum(
        counter.total for (method, route), counter in routes if method == verb and route.endswith(tail)
    )


@BOTH
def test_addresses_are_found_in_batches_and_unknown_ones_are_named(sandbox: Sandbox, platform: str) -> None:
    people = create(sandbox, platform, 250)
    given = [*list(people)[:-1], people["crowd249@example.com"], " Crowd0@Example.com ", "nobody@example.com"]
    outcome = execute("add", platform, list_id=LIST[platform], leads=given, max_rejected=1)
    assert (outcome["total"], outcome["duplicates"]) == (251, 1)
    assert counts(outcome) == (250, 0, 1, 0)
    assert rejects(outcome) == [("nobody@example.com", "NOT_FOUND")]
    assert find_calls(sandbox, platform) == (3 if platform == "hubspot" else 1)
    removed = execute("remove", platform, run="other", list_id=LIST[platform], leads=list(people))
    assert counts(removed) == (250, 0, 0, 0)


def test_an_address_of_several_leads_is_rejected_with_their_ids(sandbox: Sandbox) -> None:
    first = create_leads(sandbox, 2)
    second = create_leads(sandbox, 1)
    outcome = execute(
        "add",
        "marketo",
        list_id=marketo.STATIC_LIST,
        leads=["crowd0@example.com", "crowd1@example.com"],
        max_rejected=1,
    )
    assert counts(outcome) == (1, 0, 1, 0)
    assert rejects(outcome) == [("crowd0@example.com", "SEVERAL_FOUND")]
    with open(outcome["rejects"].removeprefix("file://")) as file:
        assert f"with the ids {first[0]}, {second[0]}, have this email address" in file.read()


def test_addresses_with_more_matches_than_marketo_returns_are_found_in_parts(sandbox: Sandbox) -> None:
    leads, now = sandbox.marketo.state.leads, sandbox.clock.now()
    for _ in range(1_001):
        leads.insert({"email": "shared@example.com"}, leads.partitions[0], now)
    people = create(sandbox, "marketo", 20)
    given = [*people, "shared@example.com"]
    outcome = execute("add", "marketo", list_id=marketo.STATIC_LIST, leads=given, max_rejected=1)
    assert counts(outcome) == (20, 0, 1, 0)
    assert rejects(outcome) == [("shared@example.com", "SEVERAL_FOUND")]


def test_a_further_address_of_a_contact_is_found(sandbox: Sandbox) -> None:
    contacts = sandbox.hubspot.state.contacts
    one = contacts.get(hubspot.CONTACT_IDS[3])
    other = contacts.get(hubspot.CONTACT_IDS[4])
    assert one is not None
    assert other is not None
    address = other.properties["email"]
    contacts.merge(one, other)
    if contacts.find("email", address) is None:
        pytest.skip("the sandbox finds contacts by their first address only")
    assert counts(execute("add", list_id=hubspot.LIST_ID, leads=[address]))[2] == 0


@BOTH
def test_a_retry_deletes_the_same_leads_though_their_addresses_are_gone(
    sandbox: Sandbox, platform: str
) -> None:
    people = create(sandbox, platform, 3)
    path = "*/archive" if platform == "hubspot" else "*/leads/delete.json"
    sandbox.platforms[platform].faults.add(path, when="after", answer=RESET, times=5)
    with pytest.raises(PlatformError):
        execute("delete", platform, leads=list(people))
    sandbox.platforms[platform].faults.clear()
    again = execute("delete", platform, leads=list(people))
    assert counts(again) == (0, 3, 0, 0)
    unknown = execute("delete", platform, run="other", leads=list(people), max_rejected=3)
    assert counts(unknown) == (0, 0, 3, 0)


@BOTH
@pytest.mark.parametrize(
    "lead", ["@example.com", "a@", "a b@example.com", "a@x.com,b@x.com", "a\n@x.com", "x", 0]
)
def test_what_is_neither_an_id_nor_an_address_is_refused_before_anything_is_sent(
    sandbox: Sandbox, platform: str, lead: Any
) -> None:
    with no_calls(sandbox), pytest.raises(AirflowFailException, match=r"leads\[0\]"):
        execute("add", platform, list_id=LIST[platform], leads=[lead])


@BOTH
def test_many_leads_are_deleted_only_with_a_limit(sandbox: Sandbox, platform: str) -> None:
    people = create(sandbox, platform, 101)
    for allowed, text in (
        (None, "is required to delete more than 100 leads, and 101 are given"),
        (100, "allows 100; given: 101 leads. Nothing was deleted"),
        ("", "is required"),
    ):
        with no_calls(sandbox), pytest.raises(AirflowFailException, match=f"max_deleted: {text}"):
            execute("delete", platform, leads=list(people.values()), max_deleted=allowed)
    assert counts(execute("delete", platform, leads=list(people.values()), max_deleted="101")) == (
        101,
        0,
        0,
        0,
    )


@pytest.mark.parametrize("allowed", ["some", True, -1, 1.5])
def test_a_limit_that_is_no_number_is_refused_at_parse(allowed: Any) -> None:
    with pytest.raises(InvalidInput, match="max_deleted: must be a whole number"):
        operator("delete", leads=[1], max_deleted=allowed)
    operator("delete", leads=[1], max_deleted="{{ params.limit }}")
