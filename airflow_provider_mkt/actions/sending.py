"""What both platforms say about a send: its email, sender, recipients and schedule, and how many get it.

A *send* is what mails people: an email of HubSpot, an email program or a smart campaign of Marketo. Reading
one costs few calls, so that it can be repeated just before the send. Its fingerprint tells whether
anything that decides the mail has changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.redaction import describe_type

SendKind = Literal["email", "email_program", "smart_campaign"]
CountMethod = Literal["auto", "sizes", "lists", "members", "extract", "none"]
COUNT_METHODS: tuple[str, ...] = get_args(CountMethod)
"""``sizes``: the sizes of the lists, an upper bound. ``lists``: HubSpot counts temporary lists. ``members``:
the members are read. ``extract``: Marketo writes a file of them. ``auto``: the cheapest that is exact."""

UNREADABLE, AMBIGUOUS = "UNREADABLE", "AMBIGUOUS"
"""The status of a list that may not be read, and of a name that several lists have."""
_DIGITS = 12


@dataclass(frozen=True)
class SendTarget:
    """What is to be sent.

    :param platform: ``hubspot`` or ``marketo``.
    :param kind: ``email``, ``email_program`` or ``smart_campaign``.
    :param id: its id.
    :param email_id: of a smart campaign, the email that it sends, which no call returns; empty when not
        known.
    """

    platform: str
    kind: SendKind
    id: str
    email_id: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the target as plain JSON."""
        plain = {"platform": self.platform, "kind": self.kind, "id": self.id}
        return {**plain, "email_id": self.email_id} if self.email_id else plain

    @classmethod
    def from_json(cls, value: object, *, where: str = "target") -> SendTarget:
        """Read a target from JSON.

        :param where: the argument it came from, for the error.
        :raises InvalidInput: when it is not a target.
        """
        if not isinstance(value, Mapping):
            raise InvalidInput(where, f"must be a target (platform, kind, id), not {describe_type(value)}")
        for key in ("platform", "kind", "id"):
            if not isinstance(value.get(key), str) or not value[key]:
                raise InvalidInput(f"{where}.{key}", f"must be text, not {describe_type(value.get(key))}")
        kind = value["kind"]
        if kind not in get_args(SendKind):
            raise InvalidInput(f"{where}.kind", f"must be one of {', '.join(get_args(SendKind))}")
        return cls(str(value["platform"]), kind, str(value["id"]), str(value.get("email_id") or ""))

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.id}"


@dataclass(frozen=True)
class ListSize:
    """A list that a send includes or excludes.

    :param id: its id; empty where the platform names lists by name only and there is no list of that name.
    :param name: its name; empty for a list that does not exist.
    :param size: its members; None where no call tells.
    :param status: the platform's status of its processing; ``COMPLETE`` when it has all its members.
    :param found: whether it exists.
    :param of_people: whether it is a list of contacts or leads.
    :param updated_at: when its rules were changed, as the platform writes it.
    :param version: a number or a digest that changes with its rules.
    :param legacy_id: the id in HubSpot's discontinued lists API, where the email names the list by that.
    """

    id: str
    name: str = ""
    size: int | None = None
    status: str = "COMPLETE"
    found: bool = True
    of_people: bool = True
    updated_at: str = ""
    version: str = ""
    legacy_id: str = ""

    @property
    def complete(self) -> bool:
        """Whether the list has all its members."""
        return self.status.upper() == "COMPLETE"

    def to_json(self) -> JsonDict:
        """Return the list as small JSON."""
        return {"id": self.id, "name": self.name, "size": self.size, "status": self.status}

    def __str__(self) -> str:
        return f"{self.name!r} ({self.id})" if self.name and self.id else self.name or self.id


@dataclass(frozen=True)
class SendDetails:
    """What one reading of the platform says about a send.

    Of HubSpot, the version that a publish would send: the draft of an email that is not published.

    :param state: the platform's own status.
    :param sendable: whether the state allows it to be sent or scheduled now.
    :param kind: the platform's own kind, e.g. ``BATCH_EMAIL`` or ``batch``.
    :param regular: whether it is of a kind that goes to lists, once.
    :param preview_text: HubSpot's preview text, Marketo's preheader.
    :param subscription_type: HubSpot: id of the subscription type; empty when the email names none.
    :param operational: whether it also goes to people who opted out: Marketo's operational flag, HubSpot's
        transactional emails. None where it is not known.
    :param lists: the lists whose members get it.
    :param excluded_lists: the lists whose members do not.
    :param contact_ids: HubSpot: single contacts that get it.
    :param excluded_contact_ids: HubSpot: single contacts that do not.
    :param lists_decide: whether lists and contacts are all that decides who gets it; False where a smart list
        has other rules, and where the recipients are not known.
    :param audience_known: whether the platform says at all who gets it. A Marketo email alone has no
        recipients, nor has a campaign that is requested for people.
    :param scheduled_for: when it goes out as it is set up; None when at once or not set.
    :param sends_at_once: whether it goes out as soon as it is published.
    :param link: its page in the platform.
    :param account_id: HubSpot's portal id, Marketo's munchkin id.
    :param account_kind: ``production``, ``test``, or ``unknown`` where no call tells.
    :param time_zone: of the account; empty where no call tells.
    :param fingerprint: changes when anything changes that decides the mail; see :func:`changed_parts`.
    :param html: the content that it sends, where it can be read.
    :param email_known: whether the email that it sends is known.
    :param draft_differs: whether there is a newer draft that would not be sent.
    :param ab_test: HubSpot: the settings of the A/B test; empty without one.
    :param head_start: Marketo: whether the program prepares the send 12 hours before.
    :param qualification_rule: Marketo: how often a person can go through the campaign.
    :param max_members: Marketo: above this number the campaign does not run; None without a limit.
    :param communication_limits: Marketo: whether people who got many mails are left out.
    :param requestable: Marketo: whether the campaign is run for people by request.
    :param smart_list_id: Marketo: the smart list of the program or campaign.
    :param rules: Marketo: the rules of the smart list, as the platform returns them.
    :param tokens: Marketo: My Tokens that the program and its folders define, by name, with their values.
    :param email_ids: the emails that it sends: more than one, or none, are a mistake in an email program.
    """

    target: SendTarget
    name: str
    state: str
    sendable: bool
    kind: str
    regular: bool
    subject: str = ""
    from_name: str = ""
    from_email: str = ""
    reply_to: str = ""
    preview_text: str = ""
    subscription_type: str = ""
    operational: bool | None = False
    lists: tuple[ListSize, ...] = ()
    excluded_lists: tuple[ListSize, ...] = ()
    contact_ids: tuple[str, ...] = field(default=(), repr=False)
    excluded_contact_ids: tuple[str, ...] = field(default=(), repr=False)
    lists_decide: bool = True
    audience_known: bool = True
    scheduled_for: datetime | None = None
    sends_at_once: bool = False
    link: str = ""
    account_id: str = ""
    account_kind: str = "unknown"
    time_zone: str = ""
    fingerprint: str = ""
    html: str = field(default="", repr=False)
    email_known: bool = True
    draft_differs: bool = False
    ab_test: Mapping[str, object] = field(default_factory=dict)
    head_start: bool | None = None
    qualification_rule: str = ""
    max_members: int | None = None
    communication_limits: bool | None = None
    requestable: bool | None = None
    smart_list_id: str = ""
    rules: Mapping[str, object] = field(default_factory=dict, repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    email_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class AudienceCount:
    """How many people a send would reach.

    :param total: the people whom lists and contacts select, without the excluded ones; None where it could
        not be counted.
    :param at_most: the most that can get the mail: *total* without those in *excluded*, or an upper bound
        where it could not be counted; None where not even that is known.
    :param exact: whether *total* and *excluded* were counted.
    :param excluded: how many of *total* get no mail, by the platform's own reason; each is counted once.
    :param how: ``sizes``, ``lists``, ``members``, ``extract`` or ``none``.
    :param why: why it is not exact; empty when it is.
    :param blanks: how many of those who can get it have no value for a property or field, by its name.
    :param not_counted: reasons that this account has no figure for.
    :param sample: masked addresses of some recipients.
    """

    total: int | None
    at_most: int | None
    exact: bool
    lists: tuple[ListSize, ...] = ()
    excluded_lists: tuple[ListSize, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    how: str = "none"
    why: str = ""
    blanks: Mapping[str, int] = field(default_factory=dict)
    not_counted: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()

    def to_json(self) -> JsonDict:
        """Return the count as small JSON."""
        return {
            "total": self.total,
            "at_most": self.at_most,
            "exact": self.exact,
            "lists": [one.to_json() for one in self.lists],
            "excluded_lists": [one.to_json() for one in self.excluded_lists],
            "excluded": dict(self.excluded),
            "how": self.how,
            "why": self.why,
            "blanks": dict(self.blanks),
            "not_counted": list(self.not_counted),
        }

    def __str__(self) -> str:
        if self.at_most is None:
            return "unknown"
        return f"{self.at_most:,}" if self.exact else f"at most {self.at_most:,}"

    @property
    def recipients(self) -> str:
        """The count with its noun."""
        return f"{self} recipient{'' if self.at_most == 1 else 's'}"


@dataclass(frozen=True)
class OtherSend:
    """Another send to one of the lists of a send.

    :param at: when it went out, or will.
    :param lists: names or ids of the lists that both include.
    :param sent: to how many it went; None where that is not known, or not yet.
    """

    id: str
    name: str
    at: datetime
    lists: tuple[str, ...]
    sent: int | None = None


@dataclass(frozen=True)
class Subscription:
    """A subscription type of HubSpot, as far as a send depends on it."""

    id: str
    name: str
    active: bool
    internal: bool
    business_unit: str = ""


@dataclass(frozen=True)
class SendEvidence:
    """What is read beside a send, to judge it. What could not be read is None, and *unreadable* says why.

    :param subscriptions: HubSpot: the account's subscription types.
    :param business_unit: HubSpot: that of the email; empty where it has none.
    :param office_location: HubSpot: whether the email names an office address.
    :param fields: the contact properties or lead fields, by the names that tokens have, in lower case.
    :param other_sends: other sends to the same lists, the newest first.
    :param other_sends_complete: whether all kinds of sends could be read.
    :param variation_found: HubSpot: whether an A/B test has its variation.
    :param unreadable: why something is None, by its name.
    """

    subscriptions: tuple[Subscription, ...] | None = None
    business_unit: str = ""
    office_location: bool | None = None
    fields: Mapping[str, str] | None = None
    other_sends: tuple[OtherSend, ...] | None = None
    other_sends_complete: bool = True
    variation_found: bool | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counting:
    """A count that waits for the platform.

    :param jobs: what it waits for; afterwards :meth:`~.ports.SendingVerbs.advance_count` goes on.
    :param seconds: when it is worth going on.
    """

    jobs: tuple[Job, ...] = ()
    seconds: float = 10.0


def count_by_sizes(details: SendDetails, why: str = "the lists were not counted") -> AudienceCount:
    """Return the upper bound that the sizes of the lists give: nobody is in two of them, nobody is excluded.

    :param why: why it is not counted better.
    """
    sizes = [one.size if one.complete else None for one in details.lists]
    known = details.audience_known and details.lists_decide and None not in sizes
    at_most = sum(size or 0 for size in sizes) + len(details.contact_ids) if known else None
    nobody = at_most == 0
    return AudienceCount(
        total=0 if nobody else None,
        at_most=at_most,
        exact=nobody,
        lists=details.lists,
        excluded_lists=details.excluded_lists,
        how="sizes",
        why="" if nobody else why,
    )


def at_most_now(audience: Mapping[str, object], details: SendDetails) -> int | None:
    """Return how many can get a send at most now, from an earlier count and the sizes of the lists.

    Each list that grew adds its growth, and each excluded list that shrank what it lost.

    :param audience: the earlier count, as :meth:`AudienceCount.to_json` returns it.
    :param details: the send as it is now.
    :returns: the bound; None where not lists alone decide, or no call tells the size of one.
    """
    before = audience.get("at_most")
    if not isinstance(before, int):
        return count_by_sizes(details).at_most
    lists = (*details.lists, *details.excluded_lists)
    if not details.lists_decide or any(one.found and one.size is None for one in lists):
        return None
    included = _growth(audience.get("lists"), details.lists)
    shrunk = -_growth(audience.get("excluded_lists"), details.excluded_lists, growth=False)
    bound = before + included + shrunk
    by_sizes = count_by_sizes(details).at_most
    return bound if by_sizes is None else min(bound, by_sizes)


def _growth(before: object, now: Sequence[ListSize], *, growth: bool = True) -> int:
    """Return by how many members lists grew together, or with *growth* false, shrank (negative)."""
    rows = before if isinstance(before, Sequence) and not isinstance(before, str) else ()
    sizes = {str(row.get("id")): row.get("size") for row in rows if isinstance(row, Mapping)}
    changes = [(one.size or 0) - int(sizes.get(one.id) or 0) for one in now]
    return sum(max(0, change) if growth else min(0, change) for change in changes)


def check_limits(
    count: AudienceCount, min_recipients: int | None = None, max_recipients: int | None = None
) -> tuple[str, ...]:
    """Return why a count is outside its limits, one sentence each; empty when it is inside.

    A number that is not known is never inside a limit.
    """
    problems = []
    if max_recipients is not None:
        if count.at_most is None:
            problems.append(f"the number of recipients is unknown, and max_recipients is {max_recipients:,}")
        elif count.at_most > max_recipients:
            problems.append(f"{count.recipients}, more than max_recipients, {max_recipients:,}")
    if min_recipients is not None:
        if count.at_most is None:
            problems.append(f"the number of recipients is unknown, and min_recipients is {min_recipients:,}")
        elif count.at_most < min_recipients:
            problems.append(f"{count.recipients}, fewer than min_recipients, {min_recipients:,}")
        elif not count.exact:
            problems.append(
                f"it is only known that it has {count.recipients}, and min_recipients is {min_recipients:,}"
            )
    return tuple(problems)


def fingerprint_of(*, email: object, audience: object, schedule: object) -> str:
    """Return a fingerprint of a send: one digest for each of its parts, joined by ``-``.

    :param email: what decides the mail itself, as JSON.
    :param audience: what decides who gets it, as JSON: not the members of a list, but its rules.
    :param schedule: what decides when it goes out, as JSON.
    """
    return "-".join(_digest(part) for part in (email, audience, schedule))


def changed_parts(before: str, now: str) -> tuple[str, ...]:
    """Return which parts differ between two fingerprints: ``email``, ``audience``, ``schedule``."""
    parts = ("email", "audience", "schedule")
    old, new = before.split("-"), now.split("-")
    if len(old) != len(parts) or len(new) != len(parts):
        return parts if before != now else ()
    return tuple(part for part, one, other in zip(parts, old, new, strict=True) if one != other)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def masked(address: str) -> str:
    """Return an email address with most of it hidden, such as ``a***@e***.com``."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or not domain:
        return "***"
    host, dot, ending = domain.rpartition(".")
    return f"{local[0]}***@{(host or ending)[0]}***{dot}{ending if dot else ''}"
