"""HubSpot's feeds of what is gone: contacts that were deleted or merged, and members that left a list.

HubSpot logs neither, so each read compares the whole with what the read before found. The ids that it
compares with are kept in the position of the feed.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate, pairwise

from airflow_provider_mkt.actions.feeds import Entry, Feed, Span
from airflow_provider_mkt.actions.hubspot.object_reads import MERGED_IDS, changed_since, merged_into
from airflow_provider_mkt.actions.polling import Log
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, Json, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.lists._types import MEMBERS_PAGE_MAX
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.hubspot.objects._records import Record
from airflow_provider_mkt.client.hubspot.values import moment
from airflow_provider_mkt.client.paging import with_next

MEMBERS_MAX = 100_000
"""Members of a list that is compared: 400 calls, and 300 kB that are kept."""
_CONTACTS = "contacts"


class DeletedFeed(Feed):
    """Contacts that were deleted, or merged into others.

    :param include_merged: also those that were merged.
    """

    # The list of deleted contacts is read whole, so that late ones cost nothing.
    late = 7200.0
    page = objects.PAGE_MAX

    def __init__(self, *, include_merged: bool = True) -> None:
        self._include_merged = include_merged
        self.group = (DeletedFeed, include_merged)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        call: Call[list[Record]] | None = objects.list(_CONTACTS, archived=True)
        while call is not None:
            rows: list[Record]
            rows, call = yield with_next(call)
            for row in rows:
                at = str(row.get("archivedAt") or row["updatedAt"])
                note(Entry(str(row["id"]), f"{row['id']} archived {at}", moment(at)))
        if self._include_merged:
            yield from self._read_merged(span, note)

    def counts(self, entry: Entry, position: Mapping[str, Json]) -> bool:
        # A winner that changes again is found again.
        return "merged" not in entry.about or entry.id not in _ids_of(position.get("merged"))

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return all that were merged. Where one of the polls does not know them, all are read."""
        if not all("merged" in one for one in positions):
            return {}
        return {"merged": _packed({id for one in positions for id in _ids_of(one["merged"])})}

    def _read_merged(self, span: Span, note: Callable[[Entry], None]) -> Procedure[None]:
        known = set(_ids_of(span.position.get("merged")))
        first, before = "merged" not in span.position, len(known)
        has_losers: objects.Filter = {"property_name": MERGED_IDS, "operator": "HAS_PROPERTY"}
        changed = [] if first else changed_since(_CONTACTS, span.since)
        call: Call[list[Record]] | None = objects.search_all(
            _CONTACTS, [[has_losers, *changed]], properties=[MERGED_IDS]
        )
        while call is not None:
            rows: list[Record]
            rows, call = yield with_next(call)
            for row in rows:
                for loser in merged_into(row):
                    key = f"{loser} merged into {row['id']}"
                    note(Entry(loser, key, moment(str(row["updatedAt"])), ("merged",)))
                    known.add(loser)
        span.keep = first or len(known) > before
        if span.keep:
            span.position["merged"] = _packed(known)


class RemovalFeed(Feed):
    """Members that left a list.

    Its position has the members that some read found, and when. Watchers that are read together have their
    own: then each pair of reads that follow each other says who left between them.

    :param list_id: the list.
    """

    late = 0.0
    page = MEMBERS_PAGE_MAX

    def __init__(self, *, list_id: str) -> None:
        self._list_id = str(numeric_id("", "list_id", list_id))
        self.group = (RemovalFeed, self._list_id)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        before = _reads(span.position)
        latest = max(before, default=0.0)
        # A clock that was set back makes no read older than those before it.
        now = round(max(span.now, latest + 0.001), 3)
        members = yield from self._members()
        missing = before.get(latest, frozenset()) - members
        if missing:
            # A member that left meanwhile may have moved another one to a page that was read already.
            again = yield from self._members()
            members |= missing & again
        for (_, earlier), (at, later) in pairwise([*sorted(before.items()), (now, members)]):
            left_at = datetime.fromtimestamp(at, UTC)
            for one in sorted(earlier - later, key=int):
                note(Entry(one, f"{one} left by {at}", left_at))
        span.keep = not before or before[latest] != members
        span.position.clear()
        span.position["reads"] = {str(now): _packed(members)}

    def counts(self, entry: Entry, position: Mapping[str, Json]) -> bool:
        # Who left before this watcher's last read was found by it.
        reads = position.get("reads")
        return isinstance(reads, dict) and round(entry.at.timestamp(), 3) > max(
            map(float, reads), default=0.0
        )

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return the reads of all polls."""
        joined: dict[str, Json] = {}
        for one in positions:
            reads = one.get("reads")
            joined.update(reads if isinstance(reads, dict) else {})
        return {"reads": joined}

    def _members(self) -> Procedure[frozenset[str]]:
        """Read all members."""
        found: set[str] = set()
        call: Call[list[list_memberships.Member]] | None = list_memberships.members(self._list_id)
        while call is not None:
            rows: list[list_memberships.Member]
            rows, call = yield with_next(call)
            found.update(row["recordId"] for row in rows)
            if len(found) > MEMBERS_MAX:
                problem = f"is {self._list_id}, which has more than {MEMBERS_MAX:,} members to compare"
                raise InvalidInput("list_id", problem)
        return frozenset(found)


def _reads(position: Mapping[str, Json]) -> dict[float, frozenset[str]]:
    """Return the members that reads found, by the time of the read."""
    reads = position.get("reads")
    if not isinstance(reads, dict):
        return {}
    return {float(at): _ids_of(packed) for at, packed in reads.items()}


def _packed(ids: Collection[str]) -> str:
    """Write ids as short text: compressed differences, about three characters for each."""
    ordered = sorted(map(int, ids))
    steps = (later - earlier for earlier, later in pairwise([0, *ordered]))
    return b64encode(zlib.compress(",".join(map(str, steps)).encode())).decode()


def _ids_of(packed: Json) -> frozenset[str]:
    """Read ids from what :func:`_packed` wrote; none from anything else."""
    return _unpacked(packed) if isinstance(packed, str) else frozenset()


@lru_cache(maxsize=8)
def _unpacked(packed: str) -> frozenset[str]:
    text = zlib.decompress(b64decode(packed)).decode()
    return frozenset(map(str, accumulate(map(int, text.split(","))))) if text else frozenset()
