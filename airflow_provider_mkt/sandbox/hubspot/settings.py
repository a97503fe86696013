"""Settings of the HubSpot sandbox."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

PROFESSIONAL = "Marketing Hub Professional"


class HubSpotSettings(BaseModel):
    """Settings of the account. Times are seconds on the sandbox's clock. A reset does not change them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    search_lag: float = Field(default=1.0, ge=0)
    """How far contact search is behind writes. HubSpot documents the lag, but not its length."""
    event_index_lag: float = Field(default=120.0, ge=0)
    """How far the search of events by external id is behind writes. HubSpot says some minutes."""
    email_preprocessing: float = Field(default=2.0, ge=0)
    email_processing: float = Field(default=3.0, ge=0)
    send_queue: float = Field(default=1.0, ge=0)
    """How long a single send is PENDING."""
    send_processing: float = Field(default=2.0, ge=0)
    list_processing: float = Field(default=2.0, ge=0)
    """How long the filters of a new list are PROCESSING."""
    gdpr: bool = False
    """Whether changes of subscriptions need a legal basis."""
    transactional_email: bool = True
    """Whether the account has the add-on for transactional email."""
    marketing_enterprise: bool = True
    """Whether the account has Marketing Hub Enterprise, which single sends and batches of subscriptions need.

    Publishing an email needs this or the add-on.
    """
    marketing_professional: bool = True
    """Whether the account has Marketing Hub Professional, which campaigns and transactional email need."""
    smtp_tokens_need_oauth: bool = True
    """Whether creating an SMTP token needs an OAuth token, as documented."""
    import_startup: float = Field(default=2.0, ge=0)
    import_per_row: float = Field(default=0.001, ge=0)
    import_error_lag: float = Field(default=1.0, ge=0)
    """How far an import's errors are behind its state. HubSpot does not document the length of the lag."""
    import_rows_per_file: int = Field(default=1_048_576, ge=0)
    import_rows_per_day: int = Field(default=80_000_000, ge=0)
