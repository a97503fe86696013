"""What calls of a hook read and write, for Airflow's hook lineage: for tasks that are functions.

The operators tell more about themselves, so their hooks report nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from airflow_provider_mkt.version_compat import hook_lineage_collector

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.hooks.base import MarketingHook

_WITH_ID = frozenset({"campaigns", "emails", "lists", "programs", "smart_campaigns"})
"""Data sets that each thing has of its own."""
_OBJECTS = "objects"
_DATASETS: Mapping[str, Mapping[str, str]] = {
    "hubspot": {
        "campaigns": "campaigns",
        "contact_merging": "contacts",
        "contact_search": "contacts",
        "contacts": "contacts",
        "emails": "emails",
        "list_memberships": "lists",
        "lists": "lists",
        "marketing_event_attendance": "marketing_events/attendance",
        "marketing_event_objects": "marketing_events",
        "marketing_events": "marketing_events",
        "objects": _OBJECTS,
        "subscription_batches": "subscriptions",
        "subscriptions": "subscriptions",
    },
    "marketo": {
        "activities": "activities",
        "bulk_leads": "leads",
        "campaigns": "smart_campaigns",
        "emails": "emails",
        "lead_intake": "leads",
        "lead_memberships": "leads",
        "leads": "leads",
        "lists": "lists",
        "program_members": "programs",
        "programs": "programs",
        "static_lists": "lists",
    },
}
"""The data set of each group of calls."""
_READING_POSTS = frozenset({"batch_get", "batch_read", "find", "read", "search", "search_all"})
_NO_RECORDS = frozenset(
    {"definitions", "describe", "describe2", "describe_fields", "import_status", "paging_token", "types"}
)
"""Calls that read no records."""


class Access(NamedTuple):
    """What a call reads or writes.

    :param use: ``input`` or ``output``.
    :param dataset: e.g. ``contacts``.
    """

    use: Literal["input", "output"]
    dataset: str


def access_of(platform: str, call: Call[Any]) -> Access | None:
    """Return what a call reads or writes; None when it is no data set that lineage names."""
    group, _, verb = call.name.partition(".")
    dataset = _DATASETS.get(platform, {}).get(group)
    if dataset is None or verb in _NO_RECORDS:
        return None
    ids = [value for _, value in call.route.params if value and "@" not in value]
    if dataset == _OBJECTS:
        if not ids:
            return None
        dataset = ids[0]
    elif dataset in _WITH_ID and ids:
        dataset = f"{dataset}/{ids[0]}"
    reads = call.route.method == "GET" or verb in _READING_POSTS
    return Access("input" if reads else "output", dataset)


class HookLineage:
    """Reports what the calls of one hook read and write, each data set once."""

    def __init__(self) -> None:
        self._reported: set[Access] = set()
        self._account: str | None = None

    def report(self, hook: MarketingHook, call: Call[Any], *, may_ask: bool) -> None:
        """Report a call that succeeded. Does not raise.

        :param may_ask: whether the account may be read with a blocking call where it is not known.
        """
        access = access_of(hook.conn_type, call)
        if access is None or access in self._reported:
            return
        # Before the account is read, which is a call too.
        self._reported.add(access)
        try:
            self._add(hook, access, may_ask)
        except Exception as error:
            hook.log.debug("No lineage of %s: %s", call.name, type(error).__name__)

    def _add(self, hook: MarketingHook, access: Access, may_ask: bool) -> None:
        collector = hook_lineage_collector()
        if collector is None:
            return
        if self._account is None:
            if may_ask and not hook.known_account_name():
                hook.ui_host()
            self._account = hook.known_account_name().lower()
        if self._account:
            add = collector.add_input_asset if access.use == "input" else collector.add_output_asset
            add(context=hook, uri=f"{hook.conn_type}://{self._account}/{access.dataset}")
