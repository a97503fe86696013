"""Settings of the HubSpot sandbox."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from airflow_provider_mkt.sandbox.hubspot.sends.results import DROP_REASONS

PROFESSIONAL = "Marketing Hub Professional"


def _known_reason(reason: str) -> str:
    if reason not in DROP_REASONS:
        msg = f"{reason!r} is not a reason of HubSpot; there are {', '.join(sorted(DROP_REASONS))}"
        raise ValueError(msg)
    return reason


Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
SendResult: TypeAlias = Annotated[str, AfterValidator(_known_reason)]
"""Why a mail is dropped, in HubSpot's word."""


class ConditionalProperty(BaseModel):
    """A property that is required while another one has a value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    property: str
    """The controlling property."""
    value: str
    required: str


class AccountRules(BaseModel):
    """The rules of an account for the records of one object type; enforced by 2026-09."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: tuple[str, ...] = ()
    """Properties that are required when a record is created."""
    conditional: tuple[ConditionalProperty, ...] = ()


class HubSpotSettings(BaseModel):
    """Settings of the account. Times are seconds on the sandbox's clock. A reset does not change them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    search_lag: float = Field(default=1.0, ge=0)
    """How far contact search is behind writes. HubSpot documents the lag, but not its length."""
    event_index_lag: float = Field(default=120.0, ge=0)
    """How far the search of events by external id is behind writes. HubSpot says some minutes."""
    email_preprocessing: float = Field(default=2.0, ge=0)
    email_processing: float = Field(default=3.0, ge=0)
    """How long mail is sent, unless `mails_per_second` is set."""
    mails_per_second: float | None = Field(default=None, gt=0)
    """How fast the mails of a send leave, so that it takes as long as its audience is large."""
    figures_lag: float = Field(default=0.0, ge=0)
    """How far figures and events of emails are behind. The state of an email is not."""
    commit_lag: float = Field(default=0.0, ge=0)
    """How late events of emails show, where that is more than `figures_lag`. They are dated earlier."""
    bounce_share: Share = 0.0
    """Which share of the mails of each send bounces for good, rounded up."""
    drop_reasons: dict[SendResult, Share] = {}
    """Which share of those who would be mailed is dropped, by the reason, rounded up."""
    unsubscribe_share: Share = 0.0
    """Which share of those who get an email unsubscribes from all, rounded up."""
    spam_share: Share = 0.0
    """Which share of those who get an email reports it as spam, rounded up."""
    defer_share: Share = 0.0
    """Which share of the mails that are delivered is deferred before, rounded up."""
    machine_open_share: Share = 0.0
    """Which share of those who get an email has a machine that opens it, rounded up.

    Such opens are events with `filteredEvent`, and no opens of the statistics.
    """
    marketing_contacts: bool = False
    """Whether only contacts with `hs_marketable_status` get marketing email."""
    opt_in_only: bool = False
    """Whether only contacts who are subscribed to the email's type get it, as with double opt-in."""
    graymail_after: int = Field(default=11, ge=1)
    """After how many mails without an opened one `suppressGraymail` leaves a contact out."""
    mails_per_week: int | None = Field(default=None, ge=0)
    """How many mails in 7 days a contact gets of emails with `limitSendFrequency`; None for no limit."""
    approval_required: bool = False
    """Whether the account requires approvals, so that the API may not publish."""
    monthly_send_limit: int | None = Field(default=None, ge=0)
    """How many mails the account may send in a calendar month; None for no limit."""
    send_queue: float = Field(default=1.0, ge=0)
    """How long a single send is PENDING."""
    send_processing: float = Field(default=2.0, ge=0)
    list_processing: float = Field(default=2.0, ge=0)
    """How long the filters of a new list are PROCESSING."""
    multi_status: bool = True
    """Whether a batch of 2026-09 with failed inputs has status 207; if not, 200 or 201. Sources differ."""
    required_on_create: tuple[str, ...] = ()
    """Properties that the account requires when a contact is created; enforced by 2026-09."""
    conditional_properties: tuple[ConditionalProperty, ...] = ()
    """Properties of contacts that the account requires by a condition; enforced by 2026-09."""
    object_rules: dict[str, AccountRules] = {}
    """The same for the other object types, by their plural name."""
    rules_per_input: bool = False
    """Whether only the inputs of a batch that break such a rule fail, or the batch: it is not documented."""
    may_edit_associations: bool = True
    """Whether the user of OAuth tokens has the permission 'Edit Associations'; enforced by 2026-09."""
    merge_keeps_primary_id: bool = False
    """Whether a merged record keeps the id of the primary one, as in accounts of HubSpot's beta for that."""
    assets: dict[str, tuple[str, ...]] = {}
    """Ids of assets that the account has beside those of a new account, by the asset type of campaigns."""
    event_search_by_prefix: bool = True
    """Whether the search of events finds external ids that begin with the text, or only those that equal it.

    The documentation said the first, and says the second now.
    """
    live_revision: bool = False
    """Whether the newest revision of an email has the id -1, as was documented once, instead of its own."""
    withheld_scopes: tuple[str, ...] = ()
    """Scopes that no token has, whatever it was granted."""
    gdpr: bool = False
    """Whether subscribing and unsubscribing need a legal basis in v3; v4 and dated paths do not."""
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

    exports_per_day: int = Field(default=30, ge=0)
    export_startup: float = Field(default=2.0, ge=0)
    """How long an export runs, beside the time for its rows."""
    export_per_row: float = Field(default=0.0, ge=0)
    export_deferral: float = Field(default=0.0, ge=0)
    """How long a new export is DEFERRED. HubSpot documents the state, but not its reason."""
    export_approval: bool = False
    """Whether exports are PENDING_APPROVAL, until this is switched off."""
    export_ending: Literal["DONE", "FAILED", "CANCELED", "CONFLICT", "DELETED"] = "DONE"
    """How exports end."""
    export_rows_per_file: int = Field(default=1_000_000, ge=1)
    """Rows of one file; an export of more has several, in a zip."""
    export_zip_bytes: int = Field(default=2_000_000, ge=0)
    """Above which size one file is zipped too."""
    export_record_id: bool = False
    """Whether files begin with a column `Record ID`, as those of HubSpot's application do."""

    def rules_of(self, object_type: str) -> AccountRules:
        """Return the rules of an object type, which is named in plural."""
        if object_type == "contacts":
            return AccountRules(required=self.required_on_create, conditional=self.conditional_properties)
        return self.object_rules.get(object_type, AccountRules())
