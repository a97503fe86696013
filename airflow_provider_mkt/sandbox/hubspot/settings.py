"""What may be set on the HubSpot sandbox beside limits and latency."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

PROFESSIONAL = "Marketing Hub Professional"


class HubSpotSettings(BaseModel):
    """Times are seconds on the sandbox clock. A reset leaves the settings as they are."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    search_lag: float = Field(default=1.0, ge=0)
    """How far contact search is behind writes. HubSpot says that it is, and not by how much."""
    event_index_lag: float = Field(default=120.0, ge=0)
    """How far the look-up of events by external id is behind. HubSpot says some minutes."""
    email_preprocessing: float = Field(default=2.0, ge=0)
    email_processing: float = Field(default=3.0, ge=0)
    send_queue: float = Field(default=1.0, ge=0)
    """How long a mail to one person is PENDING."""
    send_processing: float = Field(default=2.0, ge=0)
    list_processing: float = Field(default=2.0, ge=0)
    """How long the filters of a new list are at work."""
    gdpr: bool = False
    """Whether subscriptions need a legal basis."""
    transactional_email: bool = True
    """Whether the account has the add-on for transactional email."""
    marketing_enterprise: bool = True
    """Whether the account has Marketing Hub Enterprise, which single sends and batches of people need.

    To publish an email, one of the two will do.
    """
    marketing_professional: bool = True
    """Whether the account has Marketing Hub Professional, which campaigns and transactional email need."""
    smtp_tokens_need_oauth: bool = True
    """Whether SMTP tokens are created with OAuth tokens alone, as the documents say."""
    import_startup: float = Field(default=2.0, ge=0)
    import_per_row: float = Field(default=0.001, ge=0)
    import_error_lag: float = Field(default=1.0, ge=0)
    """How far the rows that failed are behind an import's state. HubSpot does not say by how much."""
    import_rows_per_file: int = Field(default=1_048_576, ge=0)
    import_rows_per_day: int = Field(default=80_000_000, ge=0)
