"""The emails of a new instance."""

from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Version
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.seed import (
    APPROVED_EMAIL,
    DRAFT_EMAIL,
    EMAIL_FOLDER,
    EMAIL_PROGRAM,
    NEWSLETTER_EMAIL,
    SEEDED_AT,
    TEMPLATE,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def fill(state: MarketoState) -> None:
    """Add a template and three emails: two approved, one a draft."""
    state.templates = frozenset({TEMPLATE})
    folder = FolderRef(EMAIL_FOLDER, "Folder")
    for number, name, parent, subject, approved in (
        (APPROVED_EMAIL, "Welcome", folder, "Welcome aboard", True),
        (DRAFT_EMAIL, "Spring Offer", folder, "Spring is here", False),
        (NEWSLETTER_EMAIL, "Newsletter", FolderRef(EMAIL_PROGRAM, "Program"), "{{my.Headline}}", True),
    ):
        version = Version(subject, "Example Ltd", "news@example.com", "reply@example.com")
        email = Email(number, name, parent, SEEDED_AT, SEEDED_AT, TEMPLATE)
        email.approved, email.draft = (version, None) if approved else (None, version)
        state.emails[number] = email
