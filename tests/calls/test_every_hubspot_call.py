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
from calls.hubspot_runners import CallRunner, both_runners
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
def runners(request: pytest.FixtureRequest, box: Sandbox) -> Iterator[tuple[CallRunner, CallRunner]]:
    with both_runners(box, request.param) as pair:
        yield pair


@pytest.mark.parametrize(
    ("runners", "scene"),
    [
        pytest.param(profile, scene, id=f"{profile} {scene}")
        for profile in PREFIXES
        for scene in SCENES
        if profile != DATED or not set(scene.names) & set(UNDATED)
    ],
    indirect=["runners"],
)
def test_calls_have_their_documented_effect_blocking_and_async(
    runners: tuple[CallRunner, CallRunner], scene: Scene
) -> None:
    for runner in runners:
        runner.box.hubspot.reset()
        runner.ran.clear()
        scene.play(runner)
        assert set(scene.names) <= runner.ran


@pytest.mark.parametrize("runners", [DATED], indirect=True)
@pytest.mark.parametrize("name", UNDATED)
def test_a_call_without_a_dated_path_is_rejected_and_sends_nothing(
    runners: tuple[CallRunner, CallRunner], name: str
) -> None:
    for runner in runners:
        before = runner.box.hubspot.calls.total
        with pytest.raises(InvalidInput, match=DATED) as refusal:
            runner(sample("hubspot", name))
        assert refusal.value.field == "api_version"
        assert runner.box.hubspot.calls.total == before


def test_every_call_has_a_scene_and_a_documented_response() -> None:
    assert {name for scene in SCENES for name in scene.names} == NAMES
    assert set(ANSWERS) == NAMES
