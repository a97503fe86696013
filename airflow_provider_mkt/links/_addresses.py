"""The addresses behind the buttons of a task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol
from urllib.parse import quote, urlsplit

from airflow_provider_mkt.actions.targets import NAMES, AccountPages, Target, found, hubspot_page

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook


class LinkedTask(Protocol):
    """What operators and sensors have for their links, in each leg of a task.

    ``outcome`` is what the leg returned or failed with, and ``carried_pages`` are the addresses that
    an earlier leg has found.
    """

    targets: ClassVar[Sequence[Target]]
    outcome: Mapping[str, object] | None
    carried_pages: Mapping[str, str]

    @property
    def linked_hook(self) -> MarketingHook: ...


def page_of(task: LinkedTask, platform: str, label: str) -> str:
    """Return the address of what a task worked on; empty when it is not known, or is several things."""
    hook = task.linked_hook
    if hook.conn_type != platform:
        return ""
    for target, ids in _of_label(task, hook, label):
        if platform == "marketo":
            page = _pages(task, hook).get(f"{label} {ids[0]}", "") if len(ids) == 1 else ""
        else:
            pages = AccountPages(hook.ui_host(), hook.known_account_name())
            page = hubspot_page(target.kind, pages, *ids)
        if page:
            return page
    return ""


def pages_to_carry(task: LinkedTask) -> dict[str, str]:
    """Return the addresses that a deferred task needs again when it is resumed.

    Those of HubSpot follow from the parameters; those of Marketo are in answers that are not read again.
    """
    hook = task.linked_hook
    if hook.conn_type != "marketo":
        return {}
    labels = {one.label for one in NAMES["marketo"].values() if one.label}
    wanted = (
        f"{label} {id}" for label in labels for _, ids in _of_label(task, hook, label) for id in ids[:1]
    )
    known = _pages(task, hook)
    return {name: known[name] for name in wanted if name in known}


def _pages(task: LinkedTask, hook: MarketingHook) -> Mapping[str, str]:
    return {**task.carried_pages, **hook.pages}


def _of_label(task: LinkedTask, hook: MarketingHook, label: str) -> Iterator[tuple[Target, list[str]]]:
    names = NAMES[hook.conn_type]
    for target, ids in found(task.targets, lambda target: value_of(task, target), hook.job_specs):
        here = target.platform in ("", hook.conn_type) and target.kind in names
        if here and names[target.kind].label == label:
            yield target, ids


def value_of(task: LinkedTask, target: Target) -> object:
    """Return the id or path of a target, or what has it, from a task's outcome or else its parameter."""
    if task.outcome is not None and task.outcome.get(target.id_from) is not None:
        return task.outcome[target.id_from]
    return None if target.outcome_only else getattr(task, target.id_from, None)


def file_page(path: object) -> str:
    """Return an address at which a browser shows a file; empty when none is known.

    An ``http`` or ``https`` address is one itself. For other schemes ``[mkt] file_pages`` has templates.
    """
    if not isinstance(path, str) or "{" in path:
        return ""
    parts = urlsplit(path)
    if parts.scheme in ("http", "https"):
        # User and password do not belong on a page.
        return path if "@" not in parts.netloc else ""
    template = _templates().get(parts.scheme or "file")
    if not isinstance(template, str) or not template.startswith(("https://", "http://")):
        return ""
    # An Airflow connection may stand before the bucket.
    bucket, key = parts.netloc.rpartition("@")[2], parts.path.lstrip("/")
    return template.replace("{bucket}", quote(bucket, safe="")).replace("{key}", quote(key, safe="/"))


def _templates() -> Mapping[str, object]:
    from airflow_provider_mkt.version_compat import conf

    text = conf.get("mkt", "file_pages", fallback="") or "{}"
    templates = json.loads(text)
    return templates if isinstance(templates, Mapping) else {}


def first_file(task: LinkedTask, kind: str) -> str:
    """Return the address of the first file of a kind that the task has written and a browser can show."""
    if task.outcome is None:
        return ""
    pages: Iterable[str] = (
        file_page(value_of(task, target)) for target in task.targets if target.kind == kind
    )
    return next((page for page in pages if page), "")
