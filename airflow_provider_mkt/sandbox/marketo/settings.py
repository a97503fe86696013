"""Settings of the Marketo sandbox."""

from pydantic import BaseModel, ConfigDict, Field


class MarketoSettings(BaseModel):
    """Settings of the instance. A reset does not change them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    token_seconds: float = Field(default=3600, gt=0)
    """Lifetime of a new token in seconds."""
    query_tokens: bool = False
    """Whether a token is accepted in the `access_token` parameter."""
    raw_control_characters: bool = False
    """Whether responses have unescaped control characters, as live instances sometimes send."""
    activity_block: int = Field(default=300, ge=1)
    """How many rows of the log a request for activities scans."""
    import_pickup: float = Field(default=0.5, ge=0)
    """Minimum time of an import in the queue, in seconds."""
    import_startup: float = Field(default=2.0, ge=0)
    """Time from the start of an import to its first row, in seconds."""
    import_per_row: float = Field(default=0.001, ge=0)
    """Time that an import takes per row, in seconds."""
    export_minutes: float = Field(default=1.0, ge=0)
    """Minimum duration of each status of an extract, in minutes. Marketo updates it every minute."""
    export_quota_bytes: int = Field(default=500_000_000, ge=0)
    """Daily quota of extract files in bytes, per day in US Central time."""
    limited_extract_filters: bool = False
    """Whether the extract filters that some subscriptions lack are rejected (code 1035)."""
