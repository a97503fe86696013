"""What a sync is, and how its rows are identified and compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from airflow_provider_mkt.sync.changes.canonical import Hashing, KeyKind
from airflow_provider_mkt.sync.changes.diff import Duplicates, EngineName

Baseline = Literal["send", "assume_synced"]
"""What a first run does: send every row, or take every row for synced and send none."""


@dataclass(frozen=True)
class SyncIdentity:
    """What a state belongs to.

    :param account: the account on the platform, e.g. ``hubspot:1234567``.
    :param object_type: the kind of record, e.g. ``contacts``.
    :param sync_id: names the sync. Two syncs of one object have two states.
    """

    account: str
    object_type: str
    sync_id: str

    @property
    def lock_name(self) -> str:
        """The name of a lock that a run may hold, so that others on its machine wait for it in the kernel."""
        return f"sync {self.object_type} {self.sync_id}"


@dataclass(frozen=True)
class SyncSettings:
    """How the rows of a sync are identified and compared.

    :param row_key: the name of the column that identifies a row in the source.
    :param match_key: the name of the field that the platform's record is found by.
    :param row_kind: how row keys are compared.
    :param match_kind: how match keys are compared.
    :param hashing: how payloads are compared. The match key gets its type from *match_kind*.
    :param field_hashes: keep 4 bytes of each field, so that the changed fields can be named.
    :param mapping_version: identifies the mapping, and what else decides whether a row is written; noted in
        the rows. Those that were rejected with another one are tried again at once.
    :param baseline: what a first run does.
    :param duplicates: ``reject`` rejects all rows of one key, unless their payloads are equal; ``last`` takes
        the last one.
    :param engine: what compares.
    :param key_changes: whether a row that has another match key than before keeps its record.
    """

    row_key: str
    match_key: str
    row_kind: KeyKind = "id"
    match_kind: KeyKind = "email"
    hashing: Hashing = field(default_factory=Hashing)
    field_hashes: bool = True
    mapping_version: str | None = None
    baseline: Baseline = "send"
    duplicates: Duplicates = "reject"
    engine: EngineName = "auto"
    key_changes: bool = True
