"""What is done with emails on either platform, beside publishing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_mkt.api.flow import Flow, Memory


@dataclass(frozen=True)
class MadeEmail:
    """An email that is there now.

    :param new: whether this task made it, in this try or an earlier one.
    """

    id: str
    name: str
    state: str
    new: bool


@dataclass(frozen=True)
class EmailChange:
    """What became of changes to an email.

    :param version: ``live`` or ``draft``: where they are now.
    :param state: the platform's word for the email's state.
    """

    id: str
    version: str
    state: str


@dataclass(frozen=True)
class Withdrawal:
    """What became of an email that was to be taken back.

    :param done: whether this task took it back; False when it was a draft already.
    :param state: the platform's word for its state now.
    """

    done: bool
    state: str


class EmailWork(Protocol):
    """The verbs. Each checks what it is given before it yields its first call."""

    def create(
        self,
        memory: Memory,
        name: str,
        fields: Mapping[str, Any],
        *,
        folder_id: str | None,
        folder_type: str | None,
        template_id: str | None,
    ) -> Flow[MadeEmail]:
        """Create an email, unless one of that name is there."""

    def clone(
        self,
        memory: Memory,
        email_id: str,
        name: str,
        *,
        folder_id: str | None,
        folder_type: str | None,
        language: str | None,
    ) -> Flow[MadeEmail]:
        """Copy an email, unless the copy of that name is there."""

    def update(self, email_id: str, changes: Mapping[str, Any], *, version: str | None) -> Flow[EmailChange]:
        """Change an email; doing it again changes nothing more."""

    def unpublish(self, memory: Memory, email_id: str) -> Flow[Withdrawal]:
        """Take an email back, unless it is a draft."""
