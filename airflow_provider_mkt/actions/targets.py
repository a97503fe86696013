"""What actions work on: the page of a thing in the platform's own application, and its name as a data set.

An operator, a sensor and a kind of job name their targets as data; links and lineage are made of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import JobSpec

Use = Literal["input", "output", "none"]


class Target(NamedTuple):
    """A thing on the platform that an operator works on.

    :param kind: a kind of :data:`NAMES`, or :data:`JOBS`, :data:`SOURCE`, :data:`RESULTS` or :data:`REJECTS`.
    :param id_from: where its id or path is: a key of the outcome, or else a parameter of the operator; empty
        for a kind that has none.
    :param use: whether it is read or written, for lineage; ``none`` when no data moves.
    :param platform: the only platform on which the parameter has this meaning; empty for both.
    :param outcome_only: whether the parameter of that name is something else, such as the original of a copy.
    """

    kind: str
    id_from: str = ""
    use: Use = "none"
    platform: str = ""
    outcome_only: bool = False


class AccountPages(NamedTuple):
    """Where an account's pages are in HubSpot's own web application.

    :param host: HubSpot's ``uiDomain``, e.g. ``app.hubspot.com``.
    :param account_id: the portal id.
    """

    host: str
    account_id: str


class Names(NamedTuple):
    """What a kind of thing is called on one platform.

    :param label: for people; it follows the platform's name on a button. Empty when it has no page.
    :param dataset: its name as a data set; empty when it has no data.
    :param parent: the data set that it is a part of; empty for no part.
    """

    label: str = ""
    dataset: str = ""
    parent: str = ""


JOBS = "job"
"""The kind of a target that is a background job: the spec of the job's kind decides."""
SOURCE = "source"
"""The kind of a target that is the source of records: a file, or a query."""
RESULTS = "results"
"""The kind of a target that is a file with results."""
REJECTS = "rejects"
"""The kind of a target that is a file with rejected records."""
RESULT_FILES = (Target(RESULTS, "outcomes", "output"), Target(REJECTS, "rejects", "output"))
"""The files of the operators that write records."""
MANY = 20
"""Things of one kind above which lineage names their collection only."""

NAMES: Mapping[str, Mapping[str, Names]] = {
    "hubspot": {
        "lead": Names("contact", "contacts"),
        "leads": Names("", "contacts"),
        "list": Names("list", "lists/{id}", "contacts"),
        "import": Names("import"),
        "email": Names("email", "emails/{id}"),
        "email_draft": Names("email", "emails/{id}"),
        "campaign": Names("campaign", "campaigns/{id}"),
        "campaigns": Names("", "campaigns"),
        "marketing_event": Names("marketing event", "marketing_events"),
        "marketing_events": Names("", "marketing_events"),
        "attendance": Names("", "marketing_events/attendance"),
        "workflow": Names("workflow", "workflows/{id}", "contacts"),
        "sequence": Names("sequence", "sequences/{id}", "contacts"),
        "subscriptions": Names("", "subscriptions"),
        "email_events": Names("", "email_events"),
        "email_statistics": Names("", "email_statistics"),
        "form_submissions": Names("", "form_submissions"),
        "object": Names("", "{id}"),
    },
    "marketo": {
        "lead": Names("", "leads"),
        "leads": Names("", "leads"),
        "list": Names("list", "lists/{id}", "leads"),
        "email": Names("email", "emails/{id}"),
        "email_draft": Names("email", "emails/{id}"),
        "campaign": Names("program", "programs/{id}"),
        "campaigns": Names("", "programs"),
        "program": Names("program", "programs/{id}"),
        "program_members": Names("program", "programs/{id}/members", "leads"),
        "smart_campaign": Names("smart campaign", "smart_campaigns/{id}", "leads"),
        "activities": Names("", "activities"),
        "form": Names("", "forms/{id}"),
        "object": Names("", "{id}"),
    },
}
"""By platform and kind."""

# None of these addresses is documented by HubSpot, and none was checked in an account: they are what public
# code and forum answers use. The page of a campaign was found in one place only.
_HUBSPOT_PAGES: Mapping[str, str] = {
    "lead": "/contacts/{account}/record/0-1/{id}",
    "list": "/contacts/{account}/objectLists/{id}/filters",
    # The page of all imports: no address of one import was found.
    "import": "/import/{account}",
    "email": "/email/{account}/details/{id}",
    "email_draft": "/email/{account}/edit/{id}/content",
    "campaign": "/campaigns/{account}/{id}",
    "marketing_event": "/contacts/{account}/record/0-54/{id}",
    "workflow": "/workflows/{account}/platform/flow/{id}/edit",
    "sequence": "/sequences/{account}/sequence/{id}/edit",
}

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""What ids are made of; no mail address is one, so that none leaves Airflow in a link or in lineage."""
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

_MARKETO_LABELS = {
    **dict.fromkeys(("PG", "ME", "NP", "EBP"), "program"),
    "SC": "smart campaign",
    "ST": "list",
    "EM": "email",
}
"""What the codes in the addresses of Marketo's pages stand for, in Adobe's own samples."""
_MARKETO_PAGE = re.compile(rf"https://[^/#\s]+/?[^#\s]*#({'|'.join(_MARKETO_LABELS)})([0-9]+)[A-Z]\S*")


def found(
    targets: Iterable[Target], values: Callable[[Target], object], specs: Sequence[JobSpec]
) -> Iterator[tuple[Target, list[str]]]:
    """Yield the targets that are known, with their ids. A target that is a job becomes what it is about.

    :param values: returns what the outcome or the parameter holds that the target names.
    :param specs: of the kinds of jobs.
    """
    for target in targets:
        if target.kind == JOBS:
            yield from _of_jobs(target, values(target), specs)
        elif not target.id_from:
            yield target, []
        elif ids := list(_ids(target.id_from, values(target))):
            yield target, ids


def _ids(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        # The output of another task, or names to ids.
        for one in (value[name],) if name in value else value.values():
            yield from _ids(name, one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            # A mapping in a list is a job, or a thing that is to be made, whose values are no ids.
            is_job = isinstance(one, Mapping) and "kind" in one
            yield from _ids(name, one.get("id") if is_job else None if isinstance(one, Mapping) else one)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        text = str(value).strip()
        if text != "None" and _ID.fullmatch(text):
            yield text


def _of_jobs(target: Target, value: object, specs: Sequence[JobSpec]) -> Iterator[tuple[Target, list[str]]]:
    # DAG files import this module for the targets alone.
    from airflow_provider_mkt.actions.jobs import Job

    if isinstance(value, Mapping) and not isinstance(value.get("kind"), str):
        value = value.get("jobs") or value.get("job")
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(one, (Mapping, Job)):
            job = Job.from_json(one)
            kind = next((spec.target for spec in specs if spec.kind == job.kind), "")
            if kind and any(spec.platform == job.platform for spec in specs):
                yield target._replace(kind=kind, platform=job.platform), list(job.members or (job.id,))


def hubspot_page(kind: str, pages: AccountPages, *ids: str) -> str:
    """Return the address of a thing's page in HubSpot; empty when none is known.

    :param kind: a kind of :data:`NAMES`.
    :param ids: the thing's id. Several things share a page only where it has no id in its address.
    """
    path = _HUBSPOT_PAGES.get(kind)
    if path is None or not _HOST.fullmatch(pages.host) or not pages.account_id.isdecimal():
        return ""
    if "{id}" in path:
        if len(ids) != 1 or not ids[0]:
            return ""
        path = path.replace("{id}", quote(ids[0], safe=""))
    return f"https://{pages.host}{path.replace('{account}', pages.account_id)}"


def marketo_pages(answer: object) -> Iterator[tuple[str, str]]:
    """Yield what an answer of Marketo's asset API tells of pages: ``label id`` and the address.

    Addresses are taken from answers and never built: an instance's host does not follow from its id.
    """
    for row in answer if isinstance(answer, list) else [answer]:
        if isinstance(row, Mapping):
            for field in ("url", "computedUrl"):
                page = row.get(field)
                if isinstance(page, str) and (found := _MARKETO_PAGE.fullmatch(page)):
                    yield f"{_MARKETO_LABELS[found[1]]} {found[2]}", page
                    break
