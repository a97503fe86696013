"""All forms and their submissions."""

from __future__ import annotations

import random
import uuid
from bisect import insort
from collections import deque
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import Window

_REFUSALS, _REFUSED_WITHIN, _BLOCKED_FOR = 10, 1.0, 60.0


@dataclass(frozen=True, slots=True, order=True)
class Submission:
    """One submission. They are ordered by time, and by number within a millisecond."""

    at: int
    """When, in milliseconds since the epoch."""
    number: int
    conversion: str = field(compare=False)
    values: tuple[JsonObject, ...] = field(compare=False)
    page_url: str | None = field(compare=False)

    def view(self) -> JsonObject:
        view: JsonObject = {
            "conversionId": self.conversion,
            "submittedAt": self.at,
            "values": [dict(value) for value in self.values],
        }
        return view if self.page_url is None else view | {"pageUrl": self.page_url}


@dataclass(slots=True)
class Form:
    """One form; `parts` are its definition in HubSpot's format, `submissions` the oldest first."""

    id: str
    parts: JsonObject
    created: float
    updated: float
    archived_at: float | None = None
    submissions: list[Submission] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.parts["name"])

    @property
    def kind(self) -> str:
        return str(self.parts["formType"])

    def fields(self) -> dict[str, JsonObject]:
        """Return its fields by name."""
        groups: list[JsonObject] = self.parts["fieldGroups"]
        return {one["name"]: one for group in groups for one in group.get("fields") or []}

    def view(self) -> JsonObject:
        view = {
            "id": self.id,
            **self.parts,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "archived": self.archived_at is not None,
        }
        return view if self.archived_at is None else view | {"archivedAt": iso(self.archived_at)}


class FormStore:
    """All forms. Names are not unique. Archived ones keep their submissions."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        self._clock = clock
        self._random = source
        self._by_id: dict[str, Form] = {}
        self._numbers = 0
        self.public = PublicLimit(clock)

    def all(self, *, archived: bool = False) -> list[Form]:
        return [one for one in self._by_id.values() if (one.archived_at is not None) is archived]

    def get(self, form_id: str) -> Form | None:
        """Return a form, which may be archived."""
        return self._by_id.get(form_id.lower())

    def create(self, parts: JsonObject, form_id: str | None = None) -> Form:
        now = self._clock.time()
        form = Form(form_id or self._uuid(), parts, now, now)
        self._by_id[form.id] = form
        return form

    def change(self, form: Form, parts: JsonObject) -> None:
        """Replace parts of a form as a whole."""
        form.parts = {**form.parts, **parts}
        form.updated = self._clock.time()

    def archive(self, form: Form) -> None:
        if form.archived_at is None:
            form.archived_at = form.updated = self._clock.time()

    def restore(self, form: Form) -> None:
        if form.archived_at is not None:
            form.archived_at, form.updated = None, self._clock.time()

    def submit(
        self, form: Form, values: list[JsonObject], at: int | None = None, page_url: str | None = None
    ) -> Submission:
        """Add a submission.

        :param at: when, in milliseconds since the epoch, if not now.
        """
        self._numbers += 1
        moment = int(self._clock.time() * 1000) if at is None else at
        made = Submission(moment, self._numbers, self._uuid(), tuple(values), page_url)
        insort(form.submissions, made)
        return made

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                "id": one.id,
                "name": one.name,
                "archived": one.archived_at is not None,
                "submissions": len(one.submissions),
            }
            for one in self._by_id.values()
        ]


class PublicLimit:
    """The limit of submissions without a token: 50 in 10 s, and a block of a minute for who ignores it.

    It holds for one address, and all clients of a sandbox have the same.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = Window(50, 10.0)
        self._refused: deque[float] = deque(maxlen=_REFUSALS)
        self._blocked_until = 0.0

    def enter(self) -> bool:
        """Count a request, and return whether it is accepted."""
        now = self._clock.time()
        if now >= self._blocked_until and not self._window.full("", now):
            self._window.record("", now)
            return True
        self._refused.append(now)
        if len(self._refused) == _REFUSALS and now - self._refused[0] <= _REFUSED_WITHIN:
            self._blocked_until = now + _BLOCKED_FOR
        return False
