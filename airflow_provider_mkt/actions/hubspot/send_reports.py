"""The figures of HubSpot's emails, from its email analytics (v1) while they last, else from its statistics.

Only the analytics say when the audience was processed, and who was dropped and why. HubSpot ends their
support in September 2027.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from airflow_provider_mkt.actions.jobs import Job, PollCache, PollResult
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.send_reports import NOT_REPORTED, DroppedPerson, SendFigures, unchanged_for
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.emails import email_campaigns, email_events, emails
from airflow_provider_mkt.client.hubspot.emails.email_campaigns import EmailCampaign
from airflow_provider_mkt.client.hubspot.emails.email_events import EmailEvent
from airflow_provider_mkt.client.paging import with_next
from airflow_provider_mkt.client.wording import counted

STABLE_FOR = 600.0
"""Seconds for which figures do not change when they are final, where they do not add up."""


@dataclass(frozen=True)
class _Analytics:
    """The analytics of an email: one campaign for each of its sends. Empty where they cannot be read."""

    campaigns: Sequence[EmailCampaign]

    @property
    def processed(self) -> bool:
        """Whether the platform has processed the audience. Its words for the state are not documented."""
        return all(one.lastProcessingFinishedAt is not None for one in self.campaigns)

    @property
    def selected(self) -> int | None:
        numbers = [one.numIncluded for one in self.campaigns]
        return None if None in numbers else sum(number or 0 for number in numbers)

    def counter(self, name: str) -> int:
        return sum(one.counters.get(name, 0) for one in self.campaigns)


def campaigns_of(email: emails.Email) -> Procedure[list[EmailCampaign]]:
    """Read the email campaigns of an email: one for each of its sends, at the cost of one call each."""
    fields = email.model_dump()
    ids = fields.get("allEmailCampaignIds") or [fields.get("primaryEmailCampaignId")]
    found: list[EmailCampaign] = []
    for campaign_id in dict.fromkeys(one for one in ids if one is not None):
        try:
            campaign: EmailCampaign = yield email_campaigns.get(campaign_id)
        except NotFound:
            # It has no send.
            continue
        found.append(campaign)
    return found


def _read(email: emails.Email) -> Procedure[_Analytics]:
    try:
        return _Analytics((yield from campaigns_of(email)))
    except (PermissionDenied, InvalidRequest):
        return _Analytics(())


def poll_sent(email: emails.Email, job: Job, cache: PollCache) -> Procedure[PollResult]:
    """Poll whether a published email was sent to its audience. One call for each send, else one.

    :param email: a regular email that is published.
    :returns: its state when its figures are final, ``counting`` until then, and ``nobody``.
    """
    seconds = STABLE_FOR if job.stable_for is None else job.stable_for
    analytics = yield from _read(email)
    counters = _counters(email)
    if not analytics.campaigns:
        email = yield emails.get(email.id, include_stats=True)
        counters = _counters(email)
    figures = _figures(email, analytics, counters)
    details = {
        "state": email.state,
        "published_at": email.publishedAt,
        "selected": figures.selected,
        "sent": figures.sent,
        "delivered": figures.delivered,
        "bounced": figures.bounced,
        "dropped": figures.dropped,
    }
    if analytics.campaigns and not analytics.processed:
        return PollResult("counting", details)
    # Without the analytics, figures of 0 may be late ones.
    none_selected = bool(analytics.campaigns) and figures.selected == 0
    outcomes = figures.sent + (figures.dropped or 0)
    complete = figures.selected is not None and 0 < figures.selected <= outcomes
    pending = not analytics.campaigns and counters.get("pending", 0)
    counts = [figures.sent, figures.dropped or 0, figures.delivered, figures.bounced]
    if not none_selected and (pending or not (unchanged_for(cache, counts, seconds) or complete)):
        return PollResult("counting", details)
    if figures.sent == 0:
        return PollResult("nobody", details, _reason(email.id, figures))
    return PollResult(email.state, details)


def _reason(email_id: str, figures: SendFigures) -> str:
    if figures.selected:
        return f"email {email_id} was sent to nobody: dropped: {counted(figures.selected, 'recipient')}"
    return (
        f"email {email_id} was sent to nobody: it has no recipients, because its lists are empty, unknown or "
        "not processed"
    )


def _counters(email: emails.Email) -> Mapping[str, int]:
    stats = email.model_dump().get("stats")
    counters = stats.get("counters") if isinstance(stats, Mapping) else None
    return counters if isinstance(counters, Mapping) else {}


def _figures(email: emails.Email, analytics: _Analytics, counters: Mapping[str, int]) -> SendFigures:
    if analytics.campaigns:
        read = analytics.counter
        selected, dropped = analytics.selected, read("dropped")
    else:
        read = lambda name: counters.get(name, 0)  # noqa: E731
        selected = counters.get("selected")
        dropped = max(counters.get("notsent", 0), counters.get("dropped", 0))
    return SendFigures(
        name=email.name,
        selected=selected,
        sent=read("sent"),
        delivered=read("delivered"),
        bounced=read("bounce"),
        dropped=dropped,
        opened=read("open"),
        clicked=read("click"),
        unsubscribed=read("unsubscribed"),
        spam=read("spamreport"),
    )


class HubSpotSendReports:
    """The verbs of :class:`~airflow_provider_mkt.actions.send_reports.SendReports`."""

    def figures(self, job: Job) -> Procedure[SendFigures]:
        return _all_figures(job)

    def dropped(self, job: Job, add: Callable[[Sequence[DroppedPerson]], object]) -> Procedure[None]:
        return _dropped(job, add)


def _all_figures(job: Job) -> Procedure[SendFigures]:
    email: emails.Email = yield emails.get(job.id, include_stats=True)
    analytics = yield from _read(email)
    counters = _counters(email)
    figures = _figures(email, analytics, counters)
    # People without an address have no event; they are in the statistics alone.
    dropped = max(figures.dropped or 0, counters.get("notsent", 0))
    reasons: Counter[str] = Counter()
    yield from _each_drop(analytics, lambda rows: reasons.update(row.reason for row in rows))
    if (rest := dropped - reasons.total()) > 0:
        reasons[NOT_REPORTED] += rest
    return replace(figures, dropped=max(dropped, reasons.total()), reasons=dict(reasons))


def _dropped(job: Job, add: Callable[[Sequence[DroppedPerson]], object]) -> Procedure[None]:
    email: emails.Email = yield emails.get(job.id)
    analytics = yield from _read(email)
    if not analytics.campaigns:
        raise PermissionDenied(
            f"who was dropped from email {job.id} cannot be read: HubSpot's email analytics do not have "
            "it, or the scope content is missing",
            platform="hubspot",
        )
    yield from _each_drop(analytics, add)


def _each_drop(analytics: _Analytics, add: Callable[[Sequence[DroppedPerson]], object]) -> Procedure[None]:
    for campaign in analytics.campaigns:
        page: Call[list[EmailEvent]] | None = email_events.list(
            app_id=campaign.appId, campaign_id=campaign.id, event_type="DROPPED"
        )
        while page is not None:
            rows: list[EmailEvent]
            rows, page = yield with_next(page)
            add(
                [
                    DroppedPerson(row.get("recipient", ""), row.get("dropReason", NOT_REPORTED))
                    for row in rows
                    if "obsoletedBy" not in row
                ]
            )
