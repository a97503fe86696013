"""What a state says of imports, for a run that finds that their run ended early."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.sync.changes.import_notes import ImportNotes, left_imports
from airflow_provider_mkt.sync.changes.object_files import LocalFiles

RUN = "00000001-20261201T000000000000-0a1b2c3d"


@pytest.mark.parametrize(
    ("notes", "jobs", "unanswered"),
    [
        ("", "", ""),
        ("a", "", "a"),
        ("a1", "1", ""),
        ("a!", "", ""),
        ("a1b", "1", "b"),
        ("a1b2", "12", ""),
        # The second upload of one file is not the first one, which may have arrived.
        ("aa1", "1", "a"),
        ("ab1", "1", "a"),
        ("a!a1", "1", ""),
        # A job that was found, of a file that this run did not send.
        ("1b!", "1", ""),
        ("1b1", "1", ""),
    ],
)
def test_jobs_and_files_without_an_answer_are_left(
    tmp_path: Path, notes: str, jobs: str, unanswered: str
) -> None:
    files = LocalFiles(tmp_path)
    writer, other = ImportNotes(files, RUN, lambda: None), ImportNotes(files, f"{RUN}e", lambda: None)
    for note in notes:
        if note.isalpha():
            writer.sending(note, "lead_import", 60.0)
        elif note.isdigit():
            writer.started(Job("marketo", "lead_import", note))
        else:
            writer.refused()
    other.sending("other", "lead_import", 60.0)
    left = left_imports(files, [RUN])
    assert [job.id for job in left.jobs] == list(jobs)
    assert [one["name"] for one in left.unanswered] == list(unanswered)


def test_nothing_is_noted_without_the_lease(tmp_path: Path) -> None:
    def lost() -> None:
        raise PermissionError("another run has the lease")

    notes = ImportNotes(LocalFiles(tmp_path), RUN, lost)
    with pytest.raises(PermissionError):
        notes.sending("a", "lead_import", 60.0)
    assert notes.names == []
