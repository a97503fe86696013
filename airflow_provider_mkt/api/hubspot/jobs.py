"""HubSpot's background work."""

from __future__ import annotations

from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import campaigns, emails
from airflow_provider_mkt.api.jobs import BatchStatus, Job, JobSpec, Observation, asked

PUBLISHED = frozenset(
    {
        "PUBLISHED",
        "PUBLISHED_AB",
        "PUBLISHED_AB_VARIANT",
        "AUTOMATED",
        "AUTOMATED_AB",
        "AUTOMATED_AB_VARIANT",
        "AUTOMATED_FOR_FORM",
        "BLOG_EMAIL_PUBLISHED",
        "RSS_TO_EMAIL_PUBLISHED",
    }
)
SCHEDULED = frozenset({"SCHEDULED", "SCHEDULED_AB"})
SENDING = frozenset({"PRE_PROCESSING", "PROCESSING", "AUTOMATED_SENDING"})
DRAFTS = frozenset(
    {
        "DRAFT",
        "DRAFT_AB",
        "DRAFT_AB_VARIANT",
        "AUTOMATED_DRAFT",
        "AUTOMATED_DRAFT_AB",
        "AUTOMATED_DRAFT_ABVARIANT",
        "AUTOMATED_FOR_FORM_DRAFT",
        "BLOG_EMAIL_DRAFT",
        "RSS_TO_EMAIL_DRAFT",
        "AGENT_GENERATED",
    }
)
# The two mixed words say which they are only together with isPublished.
MIXED = frozenset({"PUBLISHED_OR_SCHEDULED", "SCHEDULED_OR_PUBLISHED"})


def email_word(email: emails.Email) -> str:
    """The state of an email, its mixed words settled by ``isPublished``."""
    state = email.state.upper()
    if state in MIXED:
        return "PUBLISHED" if email.isPublished else "SCHEDULED"
    return state


def _observe_campaigns(job: Job) -> Flow[Observation]:
    guids = job.members or (job.id,)
    seen = 0
    for start in range(0, len(guids), campaigns.BATCH_MAX):
        result = yield campaigns.read_many(guids[start : start + campaigns.BATCH_MAX])
        seen += len(result.results)
    word = "COMPLETE" if seen >= len(set(guids)) else "PROCESSING"
    return Observation(word, {"campaigns": len(guids), "visible": seen})


SPECS = (
    JobSpec(
        "hubspot",
        "campaign_batch",
        _observe_campaigns,
        {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE},
        poke_interval=10,
    ),
    JobSpec(
        "hubspot",
        "email_publish",
        asked(
            lambda job: emails.get(job.id),
            email_word,
            lambda email: {"state": email.state, "published_at": email.publishedAt},
        ),
        {
            **{word.lower(): BatchStatus.COMPLETE for word in PUBLISHED},
            **{word.lower(): BatchStatus.PENDING for word in SCHEDULED | DRAFTS},
            **{word.lower(): BatchStatus.PROCESSING for word in SENDING},
            "error": BatchStatus.FAILED,
            "canceled": BatchStatus.CANCELED,
        },
        poke_interval=30,
    ),
)
