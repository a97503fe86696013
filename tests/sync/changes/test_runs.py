"""Runs of a sync: what is sent, and what the state knows afterwards."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow.parquet as pq
import pytest
from change_tools import IDENTITY, Memory, Sync, counts, decisions, people
from upath import UPath

from airflow_provider_mkt.actions.jobs import Job
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.changes import (
    ChangeState,
    EngineName,
    Hashing,
    ImportNotes,
    Operation,
    StateConflict,
    Status,
    SyncIdentity,
    SyncSettings,
    engines,
    files_of,
)
from airflow_provider_mkt.sync.changes import manifest as manifest_module
from airflow_provider_mkt.sync.changes.object_files import ObjectFiles, check_exclusive
from airflow_provider_mkt.sync.rows import Row


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def test_only_what_changed_is_sent(sync: Sync) -> None:
    assert counts(sync.run(people(1, 2, 3))) == {"new": 3}
    assert counts(sync.run(people(1, 2, 3))) == {"unchanged": 3}
    assert sync.table.writes == []
    changed = [*people(1, 2), *people(3, 4, city="Rome")]
    comparison = sync.run(changed)
    assert counts(comparison) == {"unchanged": 2, "changed": 1, "new": 1}
    assert comparison.fields == {"city": 1}
    assert sync.table.writes == ["3", "4"]
    assert sync.table.by_email()["p3@example.com"]["city"] == "Rome"


def test_a_changed_email_is_an_update_of_the_same_record(sync: Sync) -> None:
    sync.run(people(1))
    sync.run([{"id": 1, "email": "new@example.com"}])
    assert list(sync.table.records.values()) == [{"id": 1, "email": "new@example.com"}]


def test_a_rejected_row_is_tried_after_1_2_and_4_runs_and_at_once_when_it_changes(sync: Sync) -> None:
    bad = people(1, bad=True)
    tried = []
    for _ in range(9):
        tried.append(counts(sync.run(bad)))
    assert [next(iter(one)) for one in tried] == [
        "new", "retry", "waiting", "retry", "waiting", "waiting", "waiting", "retry", "waiting",
    ]  # fmt: skip
    assert sync.state()["1"]["attempts"] == 4
    assert counts(sync.run(bad, refresh="failed")) == {"retry": 1}
    assert counts(sync.run(people(1))) == {"new": 1}
    assert sync.state()["1"]["status"] == "synced"
    assert sync.state()["1"]["attempts"] == 0


def test_rows_of_one_key_are_rejected_unless_they_are_equal(sync: Sync) -> None:
    sync.run(people(1, 2))
    twice = [*people(1, city="Rome"), *people(1, city="Oslo"), *people(2), *people(2)]
    comparison = sync.run(twice)
    assert counts(comparison) == {"rejected": 2, "duplicate": 1, "unchanged": 1}
    assert comparison.reasons == {"DUPLICATE_KEY": 2}
    # They are in the source, so they did not leave it.
    assert counts(sync.run(people(1, 2), remove=True)) == {"unchanged": 2}


def test_rows_of_one_match_key_are_rejected_unless_they_are_equal(sync: Sync) -> None:
    one = {"id": 1, "email": "A@example.com", "city": "Rome"}
    assert counts(sync.run([one, {**one, "id": 2, "email": "a@Example.com ", "city": "Oslo"}])) == {
        "rejected": 2
    }
    assert counts(sync.run([{"id": 7, "email": "b@example.com"}, {"id": 8, "email": "c@example.com"}])) == {
        "new": 2
    }


def test_the_last_one_of_a_key_wins_if_wanted(tmp_path: Path) -> None:
    sync = Sync(tmp_path, duplicates="last")
    assert counts(sync.run([*people(1, city="Rome"), *people(1, city="Oslo")])) == {"new": 1, "duplicate": 1}
    assert sync.table.by_email()["p1@example.com"]["city"] == "Oslo"


def test_rows_without_a_key_are_rejected_without_a_call(sync: Sync) -> None:
    comparison = sync.run([*people(1), {"id": None, "email": "x@example.com"}, {"id": 3, "email": " "}])
    assert counts(comparison) == {"new": 1, "rejected": 2}
    assert comparison.reasons == {"NO_KEY": 2}
    assert sync.table.writes == ["1"]


def test_rows_that_left_are_removed_and_sent_again_when_they_are_back(sync: Sync) -> None:
    sync.run(people(1, 2, 3))
    comparison = sync.run(people(1), remove=True)
    assert counts(comparison) == {"unchanged": 1, "gone": 2}
    assert comparison.removable == comparison.left_now == 2
    assert list(sync.table.by_email()) == ["p1@example.com"]
    assert sync.state()["2"]["status"] == "removed"
    assert counts(sync.run(people(1), remove=True)) == {"unchanged": 1}
    assert counts(sync.run(people(1, 2), remove=True)) == {"unchanged": 1, "back": 1}
    assert set(sync.table.by_email()) == {"p1@example.com", "p2@example.com"}


def test_rows_that_left_stay_when_nothing_is_removed(sync: Sync) -> None:
    sync.run(people(1, 2, 3))
    comparison = sync.run(people(1))
    assert (comparison.counts[Operation.GONE], comparison.left_now) == (2, 2)
    comparison = sync.run(people(1))
    assert (comparison.counts[Operation.GONE], comparison.left_now) == (2, 0)
    assert len(sync.table.records) == 3
    # They are removed when that is wanted later, and those that are back need no call.
    comparison = sync.run(people(1, 2), remove=True)
    assert counts(comparison) == {"unchanged": 2, "gone": 1}
    assert sync.table.writes == []
    assert set(sync.table.by_email()) == {"p1@example.com", "p2@example.com"}


def test_the_record_of_a_row_that_has_another_key_now_is_not_removed(sync: Sync) -> None:
    sync.run(people(1, 2))
    comparison = sync.run([*people(1), {"id": 9, "email": "p2@example.com"}], remove=True)
    assert counts(comparison) == {"unchanged": 1, "new": 1, "replaced": 1}
    assert set(sync.table.by_email()) == {"p1@example.com", "p2@example.com"}
    assert counts(sync.run([*people(1), {"id": 9, "email": "p2@example.com"}], remove=True)) == {
        "unchanged": 2
    }


def unreadable(run: Any) -> None:
    run.add(Row(9, None, "is not CSV", raw="x"), None, None)


@pytest.mark.parametrize(
    ("source", "extra", "compare", "why"),
    [
        ([], None, {}, "the source is empty"),
        (people(1), None, {"complete": False}, "the source was not read to its end"),
        (people(1), unreadable, {}, "keys that could not be read: those of 1 row"),
    ],
)
def test_nothing_is_removed_when_the_source_is_not_known_to_be_complete(
    sync: Sync, source: Any, extra: Any, compare: Any, why: str
) -> None:
    sync.run(people(1, 2))
    with sync.begin() as run:
        sync.read(run, source)
        if extra is not None:
            extra(run)
        comparison = run.compare(**compare)
        assert (comparison.no_removals, comparison.removable) == (why, 0)
        with pytest.raises(InvalidInput, match=why):
            run.start(remove=True)
        run.start()
        assert list(run.to_remove()) == []
        run.commit()
    assert sync.state()["2"]["left_run"] is None


def test_a_first_run_and_one_with_another_key_are_baselines(sync: Sync) -> None:
    sync.table.records["77"] = {"email": "somebody@example.com"}
    comparison = sync.run(people(1))
    assert (comparison.baseline, comparison.no_removals) == ("first run", "this is a baseline: first run")
    settings = SyncSettings("customer", "email")
    with ChangeState(sync.files, IDENTITY, sync.work).begin("run", settings) as run:
        run.add(Row(1, people(2)[0]), 2, "p2@example.com")
        comparison = run.compare()
        assert comparison.baseline == "row_key changed from id to customer"
        assert counts(comparison) == {"new": 1}
        run.start()
        sync.send(run, next(run.to_send()))
        run.commit()
    assert list(sync.state()) == ["2"]
    assert len(sync.table.records) == 3


def test_a_baseline_can_be_assumed_to_be_there(tmp_path: Path) -> None:
    sync = Sync(tmp_path, baseline="assume_synced")
    assert counts(sync.run(people(1, 2))) == {"assumed": 2}
    assert sync.table.writes == []
    assert counts(sync.run([*people(1), *people(2, city="Rome")])) == {"unchanged": 1, "changed": 1}
    # This sync did not write the first one.
    comparison = sync.run(people(3), remove=True)
    assert (counts(comparison), comparison.removable) == ({"new": 1, "gone": 2}, 1)


def test_a_full_refresh_sends_all_and_removes_nothing_more(sync: Sync) -> None:
    sync.run(people(1, 2))
    assert counts(sync.run(people(1, 2), refresh="all")) == {"refresh": 2}
    assert sync.table.writes == ["1", "2"]


def test_a_mapping_with_another_field_sends_the_rows_it_changes(sync: Sync) -> None:
    sync.run(people(1, 2))
    comparison = sync.run([*people(1), *people(2, score=5)])
    assert (counts(comparison), comparison.fields) == ({"unchanged": 1, "changed": 1}, {"score": 1})


def test_a_mapping_without_a_field_sends_nothing(sync: Sync) -> None:
    sync.run(people(1, 2, city="Rome"))
    assert counts(sync.run(people(1, 2))) == {"unchanged": 2}
    assert counts(sync.run(people(1, 2))) == {"unchanged": 2}
    assert counts(sync.run(people(1, 2, city="Oslo"))) == {"changed": 2}


def test_equal_payloads_of_another_hashing_are_not_sent(sync: Sync) -> None:
    sync.run(people(1, 2, score="5", seen="x"))
    sync.settings["hashing"] = Hashing({"score": "number"}, frozenset({"seen"}))
    assert counts(sync.run(people(1, 2, score="5", seen="x"))) == {"unchanged": 2}
    assert counts(sync.run(people(1, 2, score="5.0", seen="y"))) == {"unchanged": 2}
    assert counts(sync.run(people(1, 2, score=6, seen="y"))) == {"changed": 2}


def test_another_version_of_the_canonical_text_sends_nothing(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.sync.changes import canonical

    first = canonical._VALUES[1]
    monkeypatch.setitem(
        canonical._VALUES, 2, lambda value, kind: (first(value, kind)[0].upper(), first(value, kind)[1])
    )
    sync.run(people(1, 2))
    sync.settings["hashing"] = Hashing(version=2)
    assert counts(sync.run([*people(1), *people(2, city="Rome")])) == {"unchanged": 1, "changed": 1}
    assert counts(sync.run([*people(1), *people(2, city="Rome")])) == {"unchanged": 2}
    manifest = ChangeState(sync.files, IDENTITY, sync.work).newest()
    assert manifest["hashing"]["version"] == 2


def test_a_lost_answer_is_sent_again_although_the_source_is_what_was_acknowledged(sync: Sync) -> None:
    sync.run(people(1, city="Rome"))
    with sync.begin() as run:
        sync.read(run, people(1, city="Oslo"))
        run.compare()
        run.start()
        sync.table.write(next(run.to_send()))
        run.commit()
    assert sync.table.by_email()["p1@example.com"]["city"] == "Oslo"
    assert counts(sync.run(people(1, city="Rome"))) == {"ambiguous": 1}
    assert sync.table.by_email()["p1@example.com"]["city"] == "Rome"


def test_a_run_that_ends_early_keeps_what_is_known(sync: Sync) -> None:
    with sync.begin() as run:
        sync.read(run, people(1, 2, 3))
        run.compare()
        run.start()
        planned = run.to_send()
        sync.send(run, next(planned))
        sync.table.write(next(planned))
    comparison = sync.run(people(1, 2, 3))
    # The third was not handed out.
    assert counts(comparison) == {"unchanged": 1, "ambiguous": 1, "new": 1}
    assert comparison.baseline == "first run"


def test_the_second_of_two_runs_stops_and_overwrites_nothing(sync: Sync) -> None:
    sync.run(people(1))
    with sync.begin() as late:
        sync.read(late, people(1, city="Oslo"))
        late.compare()
        late.start()
        for planned in late.to_send():
            sync.send(late, planned)
        sync.run(people(1, 2))
        with pytest.raises(StateConflict, match="another run has committed manifest 2"):
            late.commit()
    assert json.loads(sync.files.read("manifest/00000002.json"))["source_rows"] == 2
    assert counts(sync.run(people(1, 2))) == {"ambiguous": 1, "unchanged": 1}
    assert "city" in sync.table.by_email()["p1@example.com"]


def test_a_lost_lock_stops_the_run_before_it_writes(sync: Sync) -> None:
    def lost() -> None:
        raise ConnectionError

    with sync.begin(still_mine=lost) as run:
        sync.read(run, people(1))
        run.compare()
        with pytest.raises(ConnectionError):
            run.start()
    assert sync.files.names("plan") == sync.files.names("manifest") == []


def test_calls_of_a_killed_run_are_waited_for(sync: Sync) -> None:
    with sync.begin() as run:
        assert run.seconds_to_wait(60) == 0
        sync.read(run, people(1))
        run.compare()
        run.start()
        # Its own plan is not one of a killed run.
        assert run.seconds_to_wait(60) == 0
        next(run.to_send())
    with sync.begin() as run:
        assert 0 < run.seconds_to_wait(60) <= 60
        assert run.seconds_to_wait(0) == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            SyncIdentity("hubspot:2", "contacts", "crm"),
            "holds the state of account 'hubspot:1', not of 'hubspot:2'",
        ),
        (SyncIdentity("hubspot:1", "companies", "crm"), "holds the state of object 'contacts'"),
        (SyncIdentity("hubspot:1", "contacts", "b2b"), "holds the state of sync 'crm'"),
    ],
)
def test_a_state_of_something_else_is_refused(sync: Sync, other: SyncIdentity, message: str) -> None:
    sync.run(people(1))
    with pytest.raises(InvalidInput, match=message):
        ChangeState(sync.files, other, sync.work).begin("run", SyncSettings("id", "email"))


def state_file(sync: Sync, folder: str) -> Path:
    return sync.files._root / sync.files.names(folder)[-1]


@pytest.mark.parametrize(
    ("folder", "cut"), [("snapshot", "is cut short"), ("manifest", "is cut short"), ("plan", "cut short")]
)
def test_a_state_that_is_cut_short_is_refused_by_name(sync: Sync, folder: str, cut: str) -> None:
    sync.run(people(1))
    with sync.begin() as run:
        sync.read(run, people(1, 2))
        run.compare()
        run.start()
    path = state_file(sync, folder)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match=cut) as error:
        sync.run(people(1))
    assert path.name in str(error.value)
    assert list(sync.work.iterdir()) == []


def test_a_missing_or_changed_snapshot_is_refused_by_name(sync: Sync) -> None:
    sync.run(people(1))
    path = state_file(sync, "snapshot")
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=f"{path.name} is not what was written"):
        sync.run(people(1))
    path.unlink()
    with pytest.raises(InvalidInput, match=f"{path.name} is missing"):
        sync.run(people(1))


def test_a_run_for_older_data_is_refused_unless_it_is_allowed(sync: Sync) -> None:
    today = datetime(2026, 11, 29, tzinfo=UTC)
    sync.run(people(1), begin={"data_interval": today})
    older = {"data_interval": today - timedelta(days=1)}
    with pytest.raises(InvalidInput, match="older data would replace newer data"):
        sync.run(people(1), begin=older)
    sync.run(people(1), begin={**older, "allow_older": True})
    # It is still the newest data that was seen.
    with pytest.raises(InvalidInput, match="2026-11-29"):
        sync.run(people(1), begin=older)
    sync.run(people(1), begin={"data_interval": today})


def test_equal_comparisons_have_equal_digests(sync: Sync) -> None:
    sync.run(people(1, 2, 3))
    digests = []
    for source in (people(1, 2, 4), people(4, 2, 1), people(1, 2, 5), people(1, 2, 4, city="Rome")):
        with sync.begin() as run:
            sync.read(run, source)
            digests.append(run.compare().digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


class Failing(Memory):
    """A storage that takes no more plans."""

    def upload(self, name: str, path: Path) -> None:
        if name.startswith("plan/"):
            raise OSError("no space left")
        super().upload(name, path)


def test_a_run_whose_plan_cannot_be_written_has_sent_nothing(tmp_path: Path) -> None:
    sync = Sync(tmp_path, files=Failing())
    with sync.begin() as run:
        sync.read(run, people(1))
        run.compare()
        with pytest.raises(OSError, match="no space left"):
            run.start()
    assert [name for name in sync.files.content if not name.startswith("probe")] == []


def test_an_erased_person_is_never_sent_again_and_the_address_is_not_kept(sync: Sync) -> None:
    sync.run(people(1, 2))
    with sync.begin() as run:
        sync.read(run, people(1, 2, city="Rome"))
        run.compare()
        run.start()
        for planned in run.to_send():
            run.record(planned, Status.ERASED if planned.row_key == "1" else Status.SYNCED)
        run.commit()
    assert counts(sync.run(people(1, 2, city="Oslo"))) == {"erased": 1, "changed": 1}
    row = sync.state()["1"]
    assert [row[name] for name in ("platform_id", "row_hash", "field_hashes")] == [None] * 3
    assert row["match_key"] == "sha256:" + hashlib.sha256(b"p1@example.com").hexdigest()
    assert counts(sync.run(people(2, city="Oslo"), remove=True)) == {"unchanged": 1}
    # Nor does the person come back under another row key, or as a new row.
    again = [{"id": 77, "email": " P1@example.COM", "city": "Oslo"}, *people(2, city="Oslo")]
    assert counts(sync.run(again)) == {"erased": 1, "unchanged": 1}


def test_of_a_row_key_that_is_an_address_only_its_digest_is_kept(tmp_path: Path) -> None:
    sync = Sync(tmp_path)

    def run(*numbers: int, erase: bool = False, row_key: str = "email") -> dict[str, int]:
        settings = SyncSettings(row_key, "email", row_kind="email", engine="arrow")
        with ChangeState(sync.files, IDENTITY, sync.work).begin("run", settings) as one:
            for number, lead in enumerate(people(*numbers), start=1):
                key = lead["email"] if row_key == "email" else f"c{lead['id']}"
                one.add(Row(number, lead, raw=lead), key, lead["email"])
            found = one.compare()
            one.start(remove=erase)
            for planned in one.to_send():
                one.record(planned, Status.SYNCED)
            for planned in one.to_remove():
                one.record(planned, Status.ERASED)
            one.commit()
        return counts(found)

    run(*range(10))
    assert run(*range(9), erase=True) == {"unchanged": 9, "gone": 1}
    digest = "sha256:" + hashlib.sha256(b"p9@example.com").hexdigest()
    assert sync.state().keys() == {*(f"p{number}@example.com" for number in range(9)), digest}
    for _ in range(2):
        assert run(*range(10)) == {"unchanged": 9, "erased": 1}
    assert run(*range(9), erase=True) == {"unchanged": 9}
    # A sync with another row key does not forget whom it may not write.
    assert run(*range(10), row_key="customer") == {"new": 9, "erased": 1}
    assert run(*range(10), row_key="customer") == {"unchanged": 9, "erased": 1}


def test_many_changes_make_a_new_base(sync: Sync) -> None:
    sync.run(people(*range(100)))
    sync.run([*people(*range(90)), *people(*range(90, 100), city="Rome")])
    manifest = ChangeState(sync.files, IDENTITY, sync.work).newest()
    assert (manifest["base"]["rows"], manifest["changes"]["rows"]) == (100, 10)
    sync.run([*people(*range(70)), *people(*range(70, 100), city="Rome")])
    manifest = ChangeState(sync.files, IDENTITY, sync.work).newest()
    assert (manifest["base"]["rows"], manifest["changes"]) == (100, None)
    assert counts(sync.run([*people(*range(70)), *people(*range(70, 100), city="Rome")])) == {
        "unchanged": 100
    }


def test_the_history_has_a_row_per_run_and_a_status_per_row(sync: Sync) -> None:
    sync.run(people(1, 2, 3))
    with sync.begin() as run:
        sync.read(run, [*people(1, city="Rome"), *people(2), {"id": 8, "email": ""}, *people(7, bad=True)])
        run.compare()
        run.start(remove=True)
        for planned in run.to_send():
            sync.send(run, planned)
        for planned in run.to_remove():
            run.record(planned, Status.REMOVED)
        run.commit(calls=3, quota_left=99)
    runs, rows = (pq.read_table(state_file(sync, f"history/{kind}")).to_pylist() for kind in ("runs", "rows"))
    counted = {
        name: runs[0][name] for name in runs[0] if name.startswith(("rows_", "now_")) and runs[0][name]
    }
    assert counted == {
        "rows_new": 1, "rows_changed": 1, "rows_gone": 1, "rows_rejected": 1, "rows_unchanged": 1,
        "now_synced": 1, "now_failed": 1, "now_removed": 1,
    }  # fmt: skip
    assert (runs[0]["calls"], runs[0]["source_rows"], json.loads(runs[0]["details"])) == (
        3,
        4,
        {"quota_left": 99},
    )
    assert json.loads(runs[0]["reasons"]) == {"NO_KEY": 1}
    found = {row["row_key"]: (row["operation"], row["status"], row["reason"]) for row in rows}
    assert found == {
        "1": ("changed", "synced", None),
        "3": ("gone", "removed", None),
        "7": ("new", "failed", "BAD_VALUE"),
        "8": ("rejected", "rejected", "NO_KEY"),
    }
    assert rows[0]["changed_fields"] == ["city"]


def note_an_import(sync: Sync) -> None:
    """Note the import of a run that ends early."""
    notes = ImportNotes(sync.files, f"00000000-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-0a1b2c3d", lambda: None)
    notes.started(Job("marketo", "lead_import", "1"))


def test_old_files_are_deleted_and_those_of_the_last_manifests_are_kept(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_module, "KEPT_FOR", timedelta(0))
    note_an_import(sync)
    for city in "abcdef":
        sync.run(people(1, 2, city=city))
    assert [name[-7:-5] for name in sync.files.names("manifest")] == ["04", "05", "06"]
    assert [name[9 : 9 + 8] for name in sync.files.names("snapshot")] == ["00000004", "00000005", "00000006"]
    assert sync.files.names("plan") == sync.files.names("journal") == sync.files.names("import") == []
    assert len(sync.files.names("history/runs")) == 6
    assert counts(sync.run(people(1, 2, city="f"))) == {"unchanged": 2}


def test_a_young_file_is_kept(sync: Sync) -> None:
    note_an_import(sync)
    for city in "abcdef":
        sync.run(people(1, city=city))
    assert len(sync.files.names("import")) == 1
    assert len(sync.files.names("plan")) == len(sync.files.names("snapshot")) == 6


def test_both_engines_decide_the_same(tmp_path: Path) -> None:
    sync = Sync(tmp_path)
    sync.run([*people(*range(20)), *people(20, bad=True)])
    source = [
        *people(*range(5)),
        *people(5, 6, city="Rome"),
        *people(7),
        *people(7),
        *people(8),
        *people(8, city="Oslo"),
        *people(20, bad=True),
        *people(30),
        {"id": 31, "email": None},
    ]
    found = []
    for engine in ("arrow", "duckdb"):
        with sync.begin(engine) as run:
            sync.read(run, source)
            comparison = run.compare()
            found.append((comparison, decisions(run)))
    assert found[0] == found[1]
    assert counts(found[0][0]) == {
        "unchanged": 6, "changed": 2, "duplicate": 1, "rejected": 3, "retry": 1, "new": 1, "gone": 11,
    }  # fmt: skip


@pytest.mark.parametrize("many", ["", "in the source", "in the state"])
def test_duckdb_is_opened_for_many_rows_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: str
) -> None:
    monkeypatch.setattr(engines, "DUCKDB_ROWS", 3)
    sync = Sync(tmp_path)
    sync.run(people(*range(3 if many == "in the state" else 2)))
    opened: list[Any] = []
    connect = duckdb.connect

    def noted(*args: Any, **more: Any) -> Any:
        opened.append(connect(*args, **more))
        return opened[-1]

    monkeypatch.setattr(duckdb, "connect", noted)
    source = people(*range(3 if many == "in the source" else 2))
    with sync.begin("auto") as run:
        sync.read(run, source)
        found = run.compare(), decisions(run)
    assert len(opened) == bool(many)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with sync.begin("auto") as run:
        sync.read(run, source)
        assert (run.compare(), decisions(run)) == found
    assert len(opened) == bool(many)


def test_a_state_on_object_storage(tmp_path: Path) -> None:
    fs = fsspec.filesystem("memory")
    sync = Sync(tmp_path, files=ObjectFiles(fs, f"/{tmp_path.name}/state"))
    sync.run(people(1, 2))
    sync.run(people(1, 2, city="Rome"))
    assert counts(sync.run(people(1, 2, city="Rome"))) == {"unchanged": 2}
    assert sync.files.names("probe") == []
    assert len(fs.glob(f"/{tmp_path.name}/state/manifest/*.json")) == 3


class Careless(ObjectFiles):
    """A storage that ignores exclusive creation."""

    def create(self, name: str, data: bytes) -> None:
        self._fs.pipe_file(f"{self._root}/{name}", data)


def test_a_storage_that_ignores_exclusive_creation_is_refused(tmp_path: Path) -> None:
    files = Careless(fsspec.filesystem("memory"), f"/{tmp_path.name}/careless")
    with pytest.raises(InvalidInput, match="ignores exclusive creation"):
        check_exclusive(files)


class Nowhere(ObjectFiles):
    """A bucket that does not exist."""

    def create(self, name: str, data: bytes) -> None:
        raise FileNotFoundError("The specified bucket does not exist")


def test_a_bucket_that_does_not_exist_is_named_as_the_cause() -> None:
    files = Nowhere(fsspec.filesystem("memory"), "/nowhere")
    with pytest.raises(InvalidInput, match=r"state_path: cannot be written \(.*bucket does not exist\)"):
        check_exclusive(files)


def test_paths_on_a_machine_and_on_object_storage_are_opened(tmp_path: Path) -> None:
    assert isinstance(files_of(UPath("memory:///bucket/state")), ObjectFiles)
    for path in (UPath(f"file://{tmp_path}/state"), tmp_path / "state"):
        local = files_of(path)
        local.create(f"probe/{type(path).__name__}", b"1")
        with pytest.raises(FileExistsError):
            local.create(f"probe/{type(path).__name__}", b"2")
    assert [path.read_bytes() for path in (tmp_path / "state/probe").iterdir()] == [b"1", b"1"]
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "state/probe").iterdir()} == {0}


def as_an_earlier_release_wrote_it(files: Memory) -> None:
    """Take the columns out of a state that were added since its first format."""
    added = {"possible_keys", "old_possible_keys"}
    for name, data in files.content.items():
        if name.startswith(("snapshot/", "plan/")):
            table = pq.read_table(io.BytesIO(data))
            assert added & set(table.column_names)
            sink = io.BytesIO()
            pq.write_table(table.drop_columns(list(added & set(table.column_names))), sink)
            files.content[name] = sink.getvalue()
    for name in files.names("manifest"):
        manifest = json.loads(files.content[name])
        manifest["format"] = 1
        for file in (manifest["base"], manifest["changes"]):
            if file is not None:
                data = files.content[file["name"]]
                digest = hashlib.blake2b(data, digest_size=16).hexdigest()
                file.update(size=len(data), digest=digest)
        files.content[name] = json.dumps(manifest).encode()


@pytest.mark.parametrize("engine", ["arrow", "duckdb"])
def test_a_state_of_an_earlier_release_is_read(tmp_path: Path, engine: EngineName) -> None:
    files = Memory()
    sync = Sync(tmp_path, engine=engine, files=files)
    sync.run(people(*range(1, 9), city="Rome"))
    sync.run(people(*range(1, 8), city="Rome"), remove=True)
    with sync.begin() as run:
        sync.read(run, people(*range(1, 8), city="Rome")[1:] + people(1, city="Oslo"))
        run.compare()
        run.start()
        sync.table.write(next(run.to_send()))
    as_an_earlier_release_wrote_it(files)
    rows = people(*range(1, 8), city="Rome")
    assert counts(sync.run(rows)) == {"unchanged": 6, "ambiguous": 1}
    assert sync.table.by_email().keys() == {row["email"] for row in rows}
    assert {one["city"] for one in sync.table.records.values()} == {"Rome"}
    # The base stays as it was written, and new rows are beside it.
    assert counts(sync.run(rows)) == {"unchanged": 7}
    newest = ChangeState(files, IDENTITY, sync.work).newest()
    assert newest is not None
    assert newest["format"] == manifest_module.FORMAT
    files.content[files.names("manifest")[-1]] = json.dumps({**newest, "format": 3}).encode()
    with pytest.raises(InvalidInput, match="another version of this package"):
        sync.run(rows)


@pytest.mark.parametrize("engine", ["arrow", "duckdb"])
def test_keys_of_runs_without_outcomes_are_kept_until_one_is_acknowledged(
    tmp_path: Path, engine: EngineName
) -> None:
    sync = Sync(tmp_path, engine=engine)

    def named(*emails: str) -> list[dict[str, Any]]:
        return [{"id": number, "email": f"{email}@example.com"} for number, email in enumerate(emails, 1)]

    def killed(*emails: str) -> None:
        with sync.begin() as run:
            sync.read(run, named(*emails))
            run.compare()
            run.start()
            assert list(run.to_send())

    sync.run(named("a", "x"))
    killed("b", "x")
    killed("c", "x")
    with sync.begin() as run:
        sync.read(run, named("d", "x"))
        run.compare()
        (planned,) = run.to_send()
        assert (planned.match_key, planned.old_match_key) == ("d@example.com", "a@example.com")
        assert planned.possible_keys == ("c@example.com", "b@example.com")
        taken = {"a@example.com", "x@example.com"}
        assert run.keys_of_rows([*planned.possible_keys, *taken]) == taken
        run.start()
        assert list(run.to_send())
        run.commit()
    kept = sync.state()["1"]
    assert json.loads(kept["possible_keys"]) == ["d@example.com", "c@example.com", "b@example.com"]
    sync.run(named("d", "x"))
    assert sync.state()["1"]["possible_keys"] is None
    # What was never acknowledged is not forgotten by a rejection.
    killed("d", "x", "e")
    with sync.begin() as run:
        sync.read(run, named("d", "x", "f"))
        run.compare()
        run.start()
        (planned,) = run.to_send()
        run.record(planned, Status.FAILED, reason="BAD_VALUE")
        run.commit()
    assert json.loads(sync.state()["3"]["possible_keys"]) == ["e@example.com"]
    with sync.begin() as run:
        sync.read(run, named("d", "x"))
        assert run.compare().removable == 1
        run.start(remove=True)
        (planned,) = run.to_remove()
        assert (planned.match_key, planned.possible_keys) == ("f@example.com", ("e@example.com",))
        run.record(planned, Status.REMOVED)
        run.commit()
    assert sync.state()["3"]["possible_keys"] is None
