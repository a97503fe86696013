"""Settings of the Marketo sandbox."""

from datetime import date
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

DropReason: TypeAlias = Literal[
    "notApproved",
    "noEmail",
    "blackListed",
    "emailInvalid",
    "emailSuspended",
    "unsubscribed",
    "marketingSuspended",
    "duplicate",
    "communicationLimit",
]
"""Why a lead gets no email. Fields of leads have their REST names; the other words are the sandbox's."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


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
    result_files: Literal["full", "short", "ragged"] = "full"
    """Columns of the files of failed rows and warnings. `short` leaves out the last columns where they are
    empty in all rows, `ragged` also ends each row at its own last value."""
    empty_result_files: bool = False
    """Whether a file without rows is empty. Else it does not exist (HTTP 404)."""
    duplicate_rule: tuple[str, ...] = ()
    """Fields of the instance's own duplicate rule, which applies where a request leaves out `lookupField`;
    the email address when empty."""
    crm_sync: bool = False
    """Whether the instance is synchronized with Salesforce. Then companies, opportunities, roles and
    sales persons are read-only, and leads can be merged in the CRM too, one at a time."""
    custom_object_types: bool = True
    """Whether the subscription has the calls that change the types of custom objects; else error 616."""
    blocked_fields: tuple[str, ...] = ()
    """Lead fields that an administrator or the CRM keeps: a write is reported as done and changes nothing."""
    activity_lag: float = Field(default=0, ge=0)
    """Seconds after its date at which a row of the activity log shows, of every kind; for mail at least
    `commit_lag`."""
    activity_type_lags: dict[int, Annotated[float, Field(ge=0)]] = {}
    """Seconds after its date at which a row of the activity log shows, by activity type, instead of the other
    two settings."""
    commit_lag: float = Field(default=5.0, ge=0)
    """Seconds after its date at which a row of the activity log on sent, delivered or bounced mail shows."""
    extracts_by_log_time: bool = False
    """Whether an extract of activities takes the range for the time at which rows show, and not for their
    dates. The documents describe it as the time of creation, and do not say which that is."""
    paging_token_seconds: float | None = Field(default=None, gt=0)
    """Seconds for which a paging token is taken; None for no limit. No lifetime is documented."""
    mails_per_second: float | None = Field(default=None, gt=0)
    """How many emails of one run leave per second; None for all at once."""
    figures_lag: float = Field(default=0, ge=0)
    """Seconds after an email is sent, delivered, opened ... at which the status of a member shows it."""
    bounce_share: Share = 0
    """Share of the sent emails that bounce hard. It makes the address invalid."""
    soft_bounce_share: Share = 0
    """Share of the sent emails that bounce softly."""
    soft_bounce_delay: float = Field(default=0, ge=0)
    """Seconds from the send to a soft bounce."""
    open_share: Share = 0
    """Share of the delivered emails that are opened."""
    click_share: Share = 0
    """Share of the opened emails in which a link is clicked."""
    unsubscribe_share: Share = 0
    """Share of the delivered emails whose readers unsubscribe."""
    reaction_delay: float = Field(default=0, ge=0)
    """Seconds from delivery until an email is opened, clicked or unsubscribed from."""
    skipped_rows: bool = False
    """Whether people who are dropped have a row of Send Email in bulk extracts, with `skipped` as its
    `actionResult`. Which causes have one is not documented."""
    drop_reasons: dict[DropReason, Share] = {}
    """Shares of the people who are not mailed, by reason, beside those whose fields say so."""
    communication_limit_per_day: int | None = Field(default=None, ge=0)
    """Communication limit of the instance: emails per person and day, in US Central time."""
    communication_limit_per_week: int | None = Field(default=None, ge=0)
    """Communication limit of the instance: emails per person in 7 days."""
    smart_campaign_limit: int | None = Field(default=None, ge=0)
    """How many people a run of a batch campaign or email program may have. A campaign can have its own."""
    approval_notice: float = Field(default=0, ge=0)
    """How many seconds ahead the start of an email program must be when it is approved. The user interface
    wants 15 minutes; whether the API does is not documented."""
    time_zone: str = "America/Chicago"
    """Time zone of the subscription, for recipients whose own is not known."""
    extracts_by_local_smart_list: bool = True
    """Whether an extract takes the smart list of a program or campaign, which is not documented."""
    large_lists_from: date = date(2026, 9, 30)
    """First day on which activities and lead changes of a list of 10,000 leads or more are refused (1003).
    Adobe's documents give 2026-09-30 and 2026-12-30."""
    quoted_run_ids: bool = False
    """Whether the campaign run id of an activity is a doubly quoted string, as before August 2026."""
    canceled_status: Literal["Cancelled", "Canceled"] = "Cancelled"
    """How the status of a canceled extract is spelled; the documents have both."""
    export_minutes: float = Field(default=1.0, ge=0)
    """Minimum duration of each status of an extract, in minutes. Marketo updates it every minute."""
    export_quota_bytes: int = Field(default=500_000_000, ge=0)
    """Daily quota of extract files in bytes, per day in US Central time."""
    limited_extract_filters: bool = False
    """Whether the extract filters that some subscriptions lack are rejected (code 1035)."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            msg = f"'{name}' is not a time zone"
            raise ValueError(msg) from None
        return name
