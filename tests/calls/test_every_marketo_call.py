"""Every Marketo call through the hook: blocking and on a loop, read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calls import (
    marketo_activities,
    marketo_assets,
    marketo_bulk,
    marketo_leads,
    marketo_members,
    marketo_objects,
)
from calls.marketo_answers import ANSWERS
from calls.marketo_runners import CallRunner, both_runners
from calls.scenes import Scene

from airflow_provider_mkt.client.registry import endpoints
from airflow_provider_mkt.sandbox import Sandbox

SCENES = [
    *marketo_assets.SCENES,
    *marketo_leads.SCENES,
    *marketo_members.SCENES,
    *marketo_activities.SCENES,
    *marketo_bulk.SCENES,
    *marketo_objects.SCENES,
]
NAMES = {name for name, _ in endpoints("marketo")}


@pytest.fixture(scope="module")
def runners() -> Iterator[tuple[CallRunner, CallRunner]]:
    with Sandbox(only="marketo") as sandbox:
        # The limits have tests of their own, and so has the life of tokens.
        sandbox.marketo.limits.rate.limit = None
        sandbox.marketo.settings.token_seconds = 1e9
        with both_runners(sandbox) as pair:
            yield pair


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_calls_have_their_documented_effect_blocking_and_async(
    runners: tuple[CallRunner, CallRunner], scene: Scene
) -> None:
    for runner in runners:
        runner.box.marketo.reset(limits=False)
        runner.ran.clear()
        scene.play(runner)
        assert set(scene.names) <= runner.ran


def test_every_call_has_a_scene_and_a_documented_response() -> None:
    assert {name for scene in SCENES for name in scene.names} == NAMES
    assert set(ANSWERS) == NAMES
