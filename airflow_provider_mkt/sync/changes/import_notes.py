"""What a run says of its imports in the state, so that a later one can wait for those that it left."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from airflow_provider_mkt.actions.jobs import Job, JobDict
from airflow_provider_mkt.sync.changes.object_files import StateFiles


class SendingNote(TypedDict):
    """A file is being sent.

    :param name: the name of its import, where the platform has names.
    :param kind: the kind of job that imports it.
    :param at: when it is, in epoch seconds.
    :param quiet_after: seconds for which it may be imported if no answer comes.
    """

    name: str
    kind: str
    at: float
    quiet_after: float


class ImportNote(TypedDict):
    """One note. An empty one says that the platform refused the file that was sent last.

    :param job: the job of the file that was sent last.
    :param found: a job of an earlier try, or of another run.
    """

    sending: NotRequired[SendingNote]
    job: NotRequired[JobDict]
    found: NotRequired[JobDict]


class ImportNotes:
    """Writes the notes of a run.

    :param files: where the state is.
    :param run: the name of the run in the names of its files.
    :param still_mine: raises when the lock was lost.
    """

    def __init__(self, files: StateFiles, run: str, still_mine: Callable[[], None]) -> None:
        self._files, self._run, self._still_mine = files, run, still_mine
        self._count = 0

    def sending(self, name: str, kind: str, quiet_after: float) -> None:
        """Note that a file is about to be sent.

        :param name: the name of its import, where the platform has names.
        :param kind: the kind of job that imports it.
        :param quiet_after: seconds for which it may be imported if no answer comes.
        """
        self._still_mine()
        self._write({"sending": {"name": name, "kind": kind, "at": time.time(), "quiet_after": quiet_after}})

    def started(self, job: Job) -> None:
        """Note the job of the file that was sent last."""
        self._write({"job": job.to_json()})

    def found(self, job: Job) -> None:
        """Note a job that an earlier try, or another run, has started."""
        self._write({"found": job.to_json()})

    def refused(self) -> None:
        """Note that the platform refused the file that was sent last."""
        self._write({})

    def _write(self, note: ImportNote) -> None:
        self._count += 1
        self._files.create(f"import/{self._run}-{self._count:06}.json", json.dumps(note).encode())


@dataclass(frozen=True)
class LeftImports:
    """Imports of runs that ended early.

    :param jobs: those that the platform has named. They may have ended.
    :param unanswered: files without an answer.
    """

    jobs: tuple[Job, ...] = ()
    unanswered: tuple[SendingNote, ...] = ()

    def seconds_to_wait(self, now: float) -> float:
        """Return how long a file without an answer may still be imported.

        :param now: epoch seconds.
        """
        # A time in the future is of a machine whose clock is ahead.
        waits = (min(one["at"], now) + one["quiet_after"] - now for one in self.unanswered)
        return max(waits, default=0.0)


def left_imports(files: StateFiles, runs: Sequence[str]) -> LeftImports:
    """Return the imports that runs have noted.

    :param runs: the names of the runs in the names of their files.
    """
    jobs: dict[str, Job] = {}
    unanswered: list[SendingNote] = []
    names = files.names("import") if runs else []
    for run in runs:
        sending: SendingNote | None = None
        for name in names:
            if not name.startswith(f"import/{run}-"):
                continue
            note: ImportNote = json.loads(files.read(name))
            if (given := note.get("job") or note.get("found")) is not None:
                job = Job.from_json(given)
                jobs[str(job)] = job
            if "found" in note:
                continue
            if sending is not None and "sending" in note:
                unanswered.append(sending)
            sending = note.get("sending")
        if sending is not None:
            unanswered.append(sending)
    return LeftImports(tuple(jobs.values()), tuple(unanswered))
