"""Emails of the Email Designer."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DRAFT, APPROVED = "draft", "approved"
WORKSPACE_ID = "1"


@dataclass
class Content:
    """What is approved of an email."""

    headers: JsonObject = field(default_factory=dict)
    settings: JsonObject = field(default_factory=dict)
    data: JsonObject = field(default_factory=dict)

    def copy(self) -> "Content":
        return Content(dict(self.headers), dict(self.settings), dict(self.data))


@dataclass
class DesignerEmail:
    """An email, with an approved version, a draft, or both."""

    number: int
    name: str
    place: JsonObject
    created_at: datetime
    modified_at: datetime
    created_by: str = ""
    modified_by: str = ""
    description: str = ""
    template_id: str | None = None
    approved: Content | None = None
    draft: Content | None = None
    used_by: list[JsonObject] = field(default_factory=list)
    """Assets that use it, as `usedby` lists them. No asset of version 1 can."""

    @property
    def id(self) -> str:
        # The same after every reset, for reproducible tests.
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"designer email {self.number}"))

    @property
    def status(self) -> str:
        return APPROVED if self.approved else DRAFT

    @property
    def latest(self) -> Content:
        return self.draft or self.approved or Content()

    def edit(self) -> Content:
        """Return the draft to change. A change of an approved email makes one."""
        self.draft = self.draft or (self.approved or Content()).copy()
        return self.draft

    def transition(self, action: str) -> None:
        """Change the state.

        :raises MarketoError: 709, the state does not allow it.
        """
        match action:
            case "approve":
                self._approve()
            case "unapprove" if self.approved:
                self._check_unused("unapproved")
                self.draft, self.approved = self.draft or self.approved, None
            case "discard" if self.approved and self.draft:
                self.draft = None
            case "create_draft" if self.approved and not self.draft:
                self.draft = self.approved.copy()
            case _:
                raise MarketoError(709, f"An email that is {self.status} does not allow '{action}'")

    def check_deletable(self, *, ignore_used_by: bool = False) -> None:
        if self.approved:
            raise MarketoError(709, "An approved email cannot be deleted")
        if not ignore_used_by:
            self._check_unused("deleted")

    def _approve(self) -> None:
        if self.draft is None:
            raise MarketoError(709, "Email has no draft to approve")
        empty = [name for name in ("subject", "fromName", "fromEmail") if not self.draft.headers.get(name)]
        if empty:
            raise MarketoError(709, f"Email cannot be approved without {', '.join(empty)}")
        self.approved, self.draft = self.draft, None

    def _check_unused(self, what: str) -> None:
        if self.used_by:
            raise MarketoError(709, f"An email that is in use cannot be {what}")
