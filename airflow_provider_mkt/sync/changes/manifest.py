"""The manifests of a state: which files count, and which are kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NotRequired, TypedDict

from airflow_provider_mkt.client.errors import InvalidInput, ServerUnavailable
from airflow_provider_mkt.sync.changes.canonical import HashingDict
from airflow_provider_mkt.sync.changes.object_files import FIELD, StateFiles
from airflow_provider_mkt.sync.changes.settings import SyncIdentity

FORMAT = 2
"""The version of the manifest, and of the files that it names.

2 has the column ``possible_keys``. Files of 1 are read as if nothing were in it
(:func:`~airflow_provider_mkt.sync.changes.snapshot.with_columns`), and stay as they are until a new base is
written.
"""
_READABLE = (1, FORMAT)

KEPT_MANIFESTS = 3
KEPT_MANIFESTS_MAX = 200
KEPT_FOR = timedelta(days=7)
"""At least 3 manifests are kept with their files, and those of a week, if they are not more than 200."""

HISTORY_KEPT_FOR = timedelta(days=90)
"""How long the history is kept."""


class StateConflict(ServerUnavailable):
    """Another run has committed since this one began. Nothing was overwritten, and a retry sees its state."""


class FileDict(TypedDict):
    """A file that a manifest names."""

    name: str
    rows: int
    size: int
    digest: str


class EarlierDict(TypedDict):
    """A manifest that is kept, and its files."""

    number: int
    committed_at: str
    files: list[str]


class ManifestDict(TypedDict):
    """What is in a manifest."""

    format: int
    number: int
    account: str
    object_type: str
    sync_id: str
    row_key: str
    match_key: str
    hashing: HashingDict
    fields: list[str]
    mapping_version: str | None
    run_id: str
    data_interval: str | None
    began_at: str
    committed_at: str
    source_rows: int
    source_fields: NotRequired[list[str]]
    base: FileDict | None
    changes: FileDict | None
    absorbed: list[str]
    earlier: list[EarlierDict]
    counts: dict[str, int]
    statuses: dict[str, int]


def newest_manifest(files: StateFiles) -> ManifestDict | None:
    """Return the newest manifest; None when there is none.

    :raises InvalidInput: when it cannot be read.
    """
    names = files.names("manifest")
    if not names:
        return None
    try:
        manifest: ManifestDict = json.loads(files.read(names[-1]))
        known = manifest["format"] in _READABLE and manifest["number"] == int(names[-1][-13:-5])
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise InvalidInput(FIELD, f"{names[-1]} is cut short, or of another version of this package")
    return manifest


def check_manifest(
    manifest: ManifestDict, identity: SyncIdentity, data_interval: datetime | None, *, allow_older: bool
) -> None:
    """Check that a run may continue from a manifest.

    :raises InvalidInput: when it is of something else, or of newer data than the run's.
    """
    for name, found, mine in (
        ("account", manifest["account"], identity.account),
        ("object", manifest["object_type"], identity.object_type),
        ("sync", manifest["sync_id"], identity.sync_id),
    ):
        if found != mine:
            raise InvalidInput(FIELD, f"holds the state of {name} {found!r}, not of {mine!r}")
    if data_interval is None or manifest["data_interval"] is None or allow_older:
        return
    last = datetime.fromisoformat(manifest["data_interval"])
    if data_interval < last:
        raise InvalidInput(
            "data_interval",
            f"starts at {data_interval.isoformat()}, before that of the last run, {last.isoformat()}: "
            "older data would replace newer data. allow_older permits it",
        )


def earlier_manifests(last: ManifestDict | None) -> list[EarlierDict]:
    """Return the manifests that are kept beside a new one."""
    if last is None:
        return []
    files = [file["name"] for file in (last["base"], last["changes"]) if file is not None]
    newest: EarlierDict = {"number": last["number"], "committed_at": last["committed_at"], "files": files}
    limit = (datetime.now(UTC) - KEPT_FOR).isoformat()
    found = [newest, *last["earlier"]][:KEPT_MANIFESTS_MAX]
    return [
        one for place, one in enumerate(found) if place < KEPT_MANIFESTS - 1 or one["committed_at"] > limit
    ]


def clean_up(files: StateFiles, newest: ManifestDict) -> None:
    """Delete files that no kept manifest needs, and that are older than a week.

    :param newest: the manifest that was created last.
    """
    limit, history_limit = (
        f"{datetime.now(UTC) - age:%Y%m%dT%H%M%S%f}" for age in (KEPT_FOR, HISTORY_KEPT_FOR)
    )
    kept = {newest["number"], *(one["number"] for one in newest["earlier"])}
    for name in files.names("manifest"):
        if int(name[-13:-5]) < newest["number"] and int(name[-13:-5]) not in kept:
            files.delete(name)
    needed = {file["name"] for file in (newest["base"], newest["changes"]) if file is not None}
    needed.update(name for one in newest["earlier"] for name in one["files"])
    # A file that no manifest names may belong to a run that has not committed yet.
    old = [name for name in files.names("snapshot") if name not in needed and _stamp_in(name) < limit]
    old += [name for name in newest["absorbed"] if _stamp_in(name) < limit]
    # An import that began a week ago is over, whether its run has committed or not.
    old += [name for name in files.names("import") if _stamp_in(name) < limit]
    for kind in ("rows", "runs"):
        old += [name for name in files.names(f"history/{kind}") if _stamp_in(name) < history_limit]
    for name in old:
        files.delete(name)


def _stamp_in(name: str) -> str:
    """Return the time in the name of a file."""
    return name.rpartition("/")[2][9:30]
