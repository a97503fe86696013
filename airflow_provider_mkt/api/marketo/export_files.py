"""The files of bulk extracts, read part by part and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from airflow_provider_mkt.api.errors import NotFound, ServerUnavailable
from airflow_provider_mkt.api.flow import Flow, Pause
from airflow_provider_mkt.api.marketo import bulk_extracts
from airflow_provider_mkt.api.marketo._bulk import FilePart
from airflow_provider_mkt.api.marketo._exporting import Kind

PART_BYTES = 4_194_304
"""Bytes asked for at once: what is held in memory, and what a cut connection costs at most."""

_LOOKS = 3
_LOOK_AFTER = 20.0


class Damaged(ServerUnavailable):
    """What was read is not the file that the job wrote."""


def fetch(
    kind: Kind, export_id: str, facts: Mapping[str, Any], take: Callable[[bytes], object]
) -> Flow[None]:
    """Read the file of a complete job in parts, and check size and checksum at the end.

    :param facts: what the job's status tells: ``fileSize`` and ``fileChecksum``.
    :param take: is given the bytes, in order.
    :raises NotFound: when there is no file, though the job is complete.
    :raises Damaged: when it is another file than the status tells of. What was taken is to be thrown away.
    """
    told, checksum = facts.get("fileSize"), str(facts.get("fileChecksum") or "")
    size = told if isinstance(told, int) else None
    digest, offset = sha256(), 0
    while size is None or offset < size:
        last = offset + PART_BYTES - 1 if size is None else min(offset + PART_BYTES, size) - 1
        part = yield from _part(kind, export_id, offset, last)
        if size is None:
            size = part.total if part.total is not None else len(part.content)
        if not part.content or part.total not in (None, size):
            raise _damaged(export_id, f"it has {part.total} bytes instead of {size}")
        take(part.content)
        digest.update(part.content)
        offset += len(part.content)
    algorithm, _, expected = checksum.rpartition(":")
    if expected and algorithm in ("", "sha256") and digest.hexdigest() != expected.lower():
        raise _damaged(export_id, f"its SHA-256 is {digest.hexdigest()} instead of {expected}")


def _part(kind: Kind, export_id: str, first: int, last: int) -> Flow[FilePart]:
    """Read a part of a file. A file may be late, or gone for a moment, so it is looked for more than once."""
    for _ in range(_LOOKS - 1):
        try:
            part: FilePart = yield bulk_extracts.file(kind, export_id, first=first, last=last)
        except NotFound as missing:
            yield Pause(_LOOK_AFTER, str(missing))
        else:
            return part
    part = yield bulk_extracts.file(kind, export_id, first=first, last=last)
    return part


def _damaged(export_id: str, why: str) -> Damaged:
    return Damaged(f"the file of job {export_id} is not the one it wrote: {why}", platform="marketo")
