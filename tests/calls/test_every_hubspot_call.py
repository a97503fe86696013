"""Every HubSpot call through the hook: blocking and on a loop, in both version profiles, read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calls import (
    hubspot_automation,
    hubspot_campaigns,
    hubspot_contacts,
    hubspot_emails,
    hubspot_events,
    hubspot_lists,
    hubspot_mail,
)
from calls.hubspot_answers import ANSWERS
from calls.hubspot_ways import Way, both_ways
from calls.samples import sample
from calls.scenes import Scene

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.versions import PREFIXES
from airflow_provider_mkt.client.registry import endpoints
from airflow_provider_mkt.sandbox import Sandbox

SCENES = [
    *hubspot_campaigns.SCENES,
    *hubspot_emails.SCENES,
    *hubspot_contacts.SCENES,
    *hubspot_mail.SCENES,
    *hubspot_lists.SCENES,
    *hubspot_events.SCENES,
    *hubspot_automation.SCENES,
]
NAMES = {name for name, _ in endpoints("hubspot")}
DATED = "2026-03"
UNDATED = sorted(name for name in NAMES if sample("hubspot", name).route.family not in PREFIXES[DATED])


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(only="hubspot") as sandbox:
        # The limits have tests of their own.
        sandbox.hubspot.limits.rate.limit = 1_000_000
        sandbox.hubspot.limits.secondly.limit = None
        yield sandbox


@pytest.fixture(scope="module")
def ways(request: pytest.FixtureRequest, box: Sandbox) -> Iterator[tuple[Way, Way]]:
    with both_ways(box, request.param) as pair:
        yield pair


@pytest.mark.parametrize(
    ("ways", "scene"),
    [
        pytest.param(profile, scene, id=f"{profile} {scene}")
        for profile in PREFIXES
        for scene in SCENES
        if profile != DATED or not set(scene.names) & set(UNDATED)
    ],
    indirect=["ways"],
)
def test_calls_do_what_they_say_blocking_and_on_a_loop(ways: tuple[Way, Way], scene: Scene) -> None:
    for way in ways:
        way.box.hubspot.reset()
        way.ran.clear()
        scene.play(way)
        assert set(scene.names) <= way.ran


@pytest.mark.parametrize("ways", [DATED], indirect=True)
@pytest.mark.parametrize("name", UNDATED)
def test_a_call_without_a_dated_path_says_so_and_sends_nothing(ways: tuple[Way, Way], name: str) -> None:
    for way in ways:
        before = way.box.hubspot.calls.total
        with pytest.raises(InvalidInput, match=DATED) as refusal:
            way(sample("hubspot", name))
        assert refusal.value.field == "api_version"
        assert way.box.hubspot.calls.total == before


def test_no_call_is_without_a_scene_or_a_documented_answer() -> None:
    assert {name for scene in SCENES for name in scene.names} == NAMES
    assert set(ANSWERS) == NAMES
