"""What the operators return: small JSON, which goes into XCom.

``outcome`` names the kind of outcome, ``platform`` is ``hubspot`` or ``marketo``. In the outcomes of batches,
``rejected`` maps the label of an item to the platform's reason.
"""

from __future__ import annotations

from typing import Literal, TypedDict

# -- one action for many leads or contacts ------------------------------------------------------------


class MemberOutcome(TypedDict):
    """What all outcomes of such an action have. Each adds the leads it changed, and those it had no need to.

    ``total`` counts distinct leads, ``duplicates`` those that were given again. For ``unknown`` leads it is
    not known whether the action was applied. ``reasons`` maps the most frequent codes of rejected and unknown
    leads to their counts; ``rejects`` is the file with these leads, None when there are none. ``seconds`` is
    the duration of the last try.
    """

    platform: str
    total: int
    duplicates: int
    rejected: int
    unknown: int
    reasons: dict[str, int]
    rejects: str | None
    seconds: float


class ListAdditionOutcome(MemberOutcome):
    """Leads that were added to a list, and those that were in it. Marketo reports both as added."""

    outcome: Literal["list_addition"]
    added: int
    already_in: int


class ListRemovalOutcome(MemberOutcome):
    """Leads that were removed from a list, and those that were not in it."""

    outcome: Literal["list_removal"]
    removed: int
    not_in: int


class NurtureEnrollmentOutcome(MemberOutcome):
    """Leads that were enrolled in a nurture program, and those that were in it."""

    outcome: Literal["nurture_enrollment"]
    enrolled: int
    already_enrolled: int


class WorkflowEnrollmentOutcome(MemberOutcome):
    """Contacts that were enrolled in a workflow, and those that were in it."""

    outcome: Literal["workflow_enrollment"]
    enrolled: int
    already_enrolled: int


class SequenceEnrollmentOutcome(MemberOutcome):
    """Contacts that were enrolled in a sequence, and those that were in it."""

    outcome: Literal["sequence_enrollment"]
    enrolled: int
    already_enrolled: int


class ProgramStatusOutcome(MemberOutcome):
    """Leads whose program status was set, and members that had it or a later one."""

    outcome: Literal["program_status"]
    changed: int
    already_there: int


class CampaignRequestOutcome(MemberOutcome):
    """Leads that were requested for a campaign, and those that were left out as members of a program."""

    outcome: Literal["campaign_request"]
    requested: int
    already_member: int


class SubscriptionOutcome(MemberOutcome):
    """Addresses that were subscribed to a type of email, and those that were subscribed to it."""

    outcome: Literal["subscription"]
    subscribed: int
    already_subscribed: int


class UnsubscriptionOutcome(MemberOutcome):
    """Addresses that were unsubscribed from email, and those that were not subscribed to it."""

    outcome: Literal["unsubscription"]
    unsubscribed: int
    already_unsubscribed: int


class LeadDeletionOutcome(MemberOutcome):
    """Leads that were deleted, and those that did not exist."""

    outcome: Literal["lead_deletion"]
    deleted: int
    already_gone: int


class EmailMailingOutcome(MemberOutcome):
    """Addresses that an email was sent to, and those that it was sent to by an earlier try."""

    outcome: Literal["email_mailing"]
    mailed: int
    mailed_before: int


# -- leads --------------------------------------------------------------------------------------------


class FormSubmissionOutcome(TypedDict):
    """A form that was filled out. ``status`` is ``created`` or ``updated``."""

    outcome: Literal["form_submission"]
    platform: str
    form_id: str
    lead_id: str
    status: str
