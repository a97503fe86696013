"""What a state says of imports, for a run that finds that their run ended early."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.sync.changes.import_notes import ImportNotes, LeftImports, left_imports
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
        # A job that was found is no answer.
        ("+1b!", "1", ""),
        ("a+1", "1", "a"),
        ("a+1b2", "12", "a"),
        ("a+12", "12", ""),
    ],
)
def test_jobs_and_files_without_an_answer_are_left(
    tmp_path: Path, notes: str, jobs: str, unanswered: str
) -> None:
    files = LocalFiles(tmp_path)
    writer, other = ImportNotes(files, RUN, lambda: None), ImportNotes(files, f"{RUN}e", lambda: None)
    found = False
    for note in notes:
        if found:
            writer.found(Job("marketo", "lead_import", note))
            found = False
        elif note == "+":
            found = True
        elif note.isalpha():
            writer.sending(note, "lead_import", 60.0)
        elif note.isdigit():
            writer.started(Job("marketo", "lead_import", note))
        else:
            writer.refused()
    other.sending("other", "lead_import", 60.0)
    left = left_imports(files, [RUN])
    assert [job.id for job in left.jobs] == list(jobs)
    assert [one["name"] for one in left.unanswered] == list(unanswered)


def test_a_file_without_an_answer_is_waited_for_by_its_own_time(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    writer = ImportNotes(files, RUN, lambda: None)
    writer.sending("a", "lead_import", 60.0)
    writer.sending("b", "lead_import", 600.0)
    left = left_imports(files, [RUN])
    at = left.unanswered[1]["at"]
    assert left.seconds_to_wait(at + 400) == pytest.approx(200)
    assert left.seconds_to_wait(at + 700) < 0
    # The clock of the machine that sent it is ahead.
    assert left.seconds_to_wait(at - 86_400) == pytest.approx(600)
    assert LeftImports().seconds_to_wait(at) == 0


def test_nothing_is_noted_without_the_lease(tmp_path: Path) -> None:
    def lost() -> None:
        raise PermissionError("another run has the lease")

    notes = ImportNotes(LocalFiles(tmp_path), RUN, lost)
    with pytest.raises(PermissionError):
        notes.sending("a", "lead_import", 60.0)
    assert LocalFiles(tmp_path).names("import") == []
