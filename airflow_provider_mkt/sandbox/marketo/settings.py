"""What can be changed about the emulated instance while it runs."""

from pydantic import BaseModel, ConfigDict, Field


class MarketoSettings(BaseModel):
    """Knobs of Marketo alone."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    token_seconds: float = Field(default=3600, gt=0)
    """How long a new token lives."""
    query_tokens: bool = False
    """Whether a token may still come as the `access_token` parameter."""
    raw_control_characters: bool = False
    """Whether control characters in values come unescaped, as live instances are known to send them."""
    activity_block: int = Field(default=300, ge=1)
    """How many rows of the log one read of activities looks through, matches or not."""
    import_pickup: float = Field(default=0.5, ge=0)
    """Seconds that an import is queued at least, so that a client gets to see it there."""
    import_startup: float = Field(default=2.0, ge=0)
    """Seconds from a place for an import until its first row."""
    import_per_row: float = Field(default=0.001, ge=0)
    """Seconds that an import takes for a row."""
    export_minutes: float = Field(default=1.0, ge=0)
    """Minutes that each status of an extract lasts at least. Marketo shows none for less than one."""
    export_quota_bytes: int = Field(default=500_000_000, ge=0)
    """How many bytes of extract files a day may have; midnight is in US Central."""
    limited_extract_filters: bool = False
    """Whether the instance lacks the extract filters that not every subscription has (code 1035)."""
