"""How a file of leads is imported in bulk, as the bulk import sees a platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.jobs import Job, JobSpec
from airflow_provider_mkt.api.watching import Look


@dataclass(frozen=True)
class Upload:
    """One file that is to be imported.

    :param name: tells it from other files of the same time, on the platform too.
    :param columns: names of the fields, in the order of the file's header.
    :param content: the file: CSV in UTF-8 with a header.
    """

    name: str
    columns: Sequence[str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class RowNote:
    """What the platform said of one row of a file.

    :param cells: the row as the platform repeats it, in the file's columns; None where it does not.
    :param line: the line of the file it stands on, the header being line 1; None where it does not say.
    :param code: the platform's code, or this package's own in capitals.
    """

    code: str
    reason: str
    cells: Sequence[str] | None = field(default=None, repr=False)
    line: int | None = None


@dataclass(frozen=True)
class Findings:
    """What became of a file's rows, apart from those that were imported without a word.

    :param failed: rows that were not imported.
    :param warned: rows that were imported, with a warning.
    :param unlisted: rows that failed and that the platform counts, but does not list.
    :param created: how many new leads the rows made; None where the platform does not tell.
    """

    failed: Sequence[RowNote] = ()
    warned: Sequence[RowNote] = ()
    unlisted: int = 0
    created: int | None = None


class LeadImporter(Protocol):
    """Imports files of leads into one platform."""

    platform: str
    spec: JobSpec
    """How to follow an import."""
    key_column: str
    """The field that tells leads from each other."""
    bytes_max: int
    """Bytes of one file at most."""
    rows_max: int
    """Rows of one file at most."""
    at_once: int
    """Files at work at once at most."""
    empty_clears: bool
    """Whether an empty value clears the field, and does not leave it alone."""
    quiet_after: float
    """Seconds for which a file whose upload was not answered may be at work, unseen; 0 where one can look."""

    def settings(self) -> Sequence[object]:
        """What makes an import of the same rows another one, as plain JSON."""

    def known_fields(self) -> Flow[frozenset[str] | None]:
        """The fields that can be imported, or None where the platform does not tell.

        :raises InvalidInput: when the key is none that leads can be found by.
        """

    def key(self, value: str) -> str:
        """A value of the key, spelt so that equal keys are equal."""

    def start(self, upload: Upload, memory: Memory) -> Flow[Job]:
        """Start to import a file.

        :param memory: of this file alone.
        :raises RateLimited: when the queue is full.
        :raises OutcomeUnknown: when nobody knows whether it was started.
        """

    def findings(self, look: Look, columns: Sequence[str]) -> Flow[Findings]:
        """What became of the rows of an import that is complete.

        :param columns: of its file, in order.
        """
