"""Scenes: what is done with a call in a fresh account, and how its effect shows in other calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Play: TypeAlias = Callable[[Any], None]


@dataclass(frozen=True)
class Scene:
    """A story about some calls.

    :param names: the calls it shows to work; others may occur to prepare and to look.
    :param play: runs the calls with a runner and checks their effect.
    """

    names: tuple[str, ...]
    play: Play

    def __str__(self) -> str:
        return self.play.__name__


class Scenes(list[Scene]):
    """The scenes of one platform."""

    def show(self, **calls: str) -> Callable[[Play], Play]:
        """Take a function for the scene of these calls: by resource, separated by spaces."""
        names = tuple(f"{resource}.{call}" for resource, some in calls.items() for call in some.split())

        def take(play: Play) -> Play:
            self.append(Scene(names, play))
            return play

        return take

    @property
    def names(self) -> set[str]:
        return {name for scene in self for name in scene.names}
