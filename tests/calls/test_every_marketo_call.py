"""Every Marketo call through the hook: blocking and on a loop, read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calls import marketo_activities, marketo_assets, marketo_bulk, marketo_leads, marketo_members
from calls.marketo_answers import ANSWERS
from calls.marketo_ways import Way, both_ways
from calls.scenes import Scene

from airflow_provider_mkt.client.registry import endpoints
from airflow_provider_mkt.sandbox import Sandbox

SCENES = [
    *marketo_assets.SCENES,
    *marketo_leads.SCENES,
    *marketo_members.SCENES,
    *marketo_activities.SCENES,
    *marketo_bulk.SCENES,
]
NAMES = {name for name, _ in endpoints("marketo")}


@pytest.fixture(scope="module")
def ways() -> Iterator[tuple[Way, Way]]:
    with Sandbox(only="marketo") as sandbox:
        # The limits have tests of their own, and so has the life of tokens.
        sandbox.marketo.limits.rate.limit = None
        sandbox.marketo.settings.token_seconds = 1e9
        with both_ways(sandbox) as pair:
            yield pair


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_calls_do_what_they_say_blocking_and_on_a_loop(ways: tuple[Way, Way], scene: Scene) -> None:
    for way in ways:
        way.box.marketo.reset()
        way.ran.clear()
        scene.play(way)
        assert set(scene.names) <= way.ran


def test_no_call_is_without_a_scene_or_a_documented_answer() -> None:
    assert {name for scene in SCENES for name in scene.names} == NAMES
    assert set(ANSWERS) == NAMES
