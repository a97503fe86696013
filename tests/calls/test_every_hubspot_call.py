"""Every HubSpot call through the hook: blocking and on a loop, in each version profile, read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calls import (
    hubspot_automation,
    hubspot_campaigns,
    hubspot_contacts,
    hubspot_emails,
    hubspot_events,
    hubspot_forms,
    hubspot_lists,
    hubspot_mail,
    hubspot_objects,
)
from calls.hubspot_answers import ANSWERS
from calls.hubspot_runners import CallRunner, both_runners
from calls.scenes import Scene

from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.registry import endpoints
from airflow_provider_mkt.sandbox import Sandbox

SCENES = [
    *hubspot_campaigns.SCENES,
    *hubspot_emails.SCENES,
    *hubspot_contacts.SCENES,
    *hubspot_objects.SCENES,
    *hubspot_mail.SCENES,
    *hubspot_lists.SCENES,
    *hubspot_events.SCENES,
    *hubspot_forms.SCENES,
    *hubspot_automation.SCENES,
]
NAMES = {name for name, _ in endpoints("hubspot")}


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
    [pytest.param(profile, scene, id=f"{profile} {scene}") for profile in PROFILES for scene in SCENES],
    indirect=["runners"],
)
def test_calls_have_their_documented_effect_blocking_and_async(
    runners: tuple[CallRunner, CallRunner], scene: Scene
) -> None:
    for runner in runners:
        runner.box.hubspot.reset(limits=False)
        runner.ran.clear()
        scene.play(runner)
        assert set(scene.names) <= runner.ran


@pytest.mark.parametrize("runners", ["2026-09"], indirect=True)
@pytest.mark.parametrize(
    "scene", [one for one in SCENES if any("batch" in name for name in one.names)], ids=str
)
def test_batches_are_read_alike_where_failures_have_status_200_or_201(
    runners: tuple[CallRunner, CallRunner], box: Sandbox, scene: Scene
) -> None:
    box.hubspot.settings.multi_status = False
    try:
        for runner in runners:
            runner.box.hubspot.reset()
            scene.play(runner)
    finally:
        box.hubspot.settings.multi_status = True


def test_every_call_has_a_scene_and_a_documented_response() -> None:
    assert {name for scene in SCENES for name in scene.names} == NAMES
    assert set(ANSWERS) == NAMES
