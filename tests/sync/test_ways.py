"""What a sync by calls or in bulk is made of: the choice, a kept source, and the rows that are left."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
from bulk_tools import Cut
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.actions.imports import Findings, RowNote
from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_report import BulkShare, RowFile, RowNumbers
from airflow_provider_mkt.sync.bulk_rows import RowMaker
from airflow_provider_mkt.sync.choose_transport import choose_transport
from airflow_provider_mkt.sync.rows import Row, of_iterable
from airflow_provider_mkt.sync.source_snapshot import SourceSnapshot

HUBSPOT, MARKETO = Rate(190, 10.0), Rate(100, 20.0)


@pytest.mark.parametrize(
    ("leads", "left", "after", "bulk"),
    [
        (1_000_000, None, 3600, False),
        (1_000_000, 9_999, 3600, True),
        (1_000_000, 10_000, 3600, False),
        (1_000_000, None, 500, True),
        (6_840_000, None, 3600, False),
        (6_840_101, None, 3600, True),
        (100, 0, 3600, True),
        (0, 0, 3600, False),
        (1, -5, 3600, True),
    ],
)
def test_an_import_is_chosen_where_calls_exceed_the_day_or_take_too_long(
    leads: int, left: int | None, after: float, bulk: bool
) -> None:
    choice = choose_transport(leads, batch_max=100, rate=HUBSPOT, calls_left=left, bulk_after=after)
    assert choice.transport == ("bulk" if bulk else "calls")


def test_the_choice_has_a_reason_with_figures() -> None:
    choice = choose_transport(3_000_000, batch_max=300, rate=MARKETO, calls_left=4_000, bulk_after=1e9)
    assert choice.reason == (
        "3,000,000 leads are 10,000 calls, 33 min at the account's limit, and the day has 4,000 left"
    )


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.decimals(allow_nan=False),
)


@given(st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=5))
def test_a_snapshot_is_read_back_unchanged_several_times(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    snapshot = SourceSnapshot(tmp_path_factory.mktemp("kept") / "rows.source")
    assert not snapshot.exists
    snapshot.take(of_iterable([*records, "no mapping"], blank="clear"), lambda count: None)
    for _ in range(2):
        *rows, unreadable = snapshot.rows()
        assert [row.record for row in rows] == records
        assert [[type(value) for value in (row.record or {}).values()] for row in rows] == [
            [type(value) for value in record.values()] for record in records
        ]
        assert [row.number for row in rows] == list(range(1, len(records) + 1))
        assert (unreadable.record, unreadable.code) == (None, "UNREADABLE")
        assert "not a mapping" in unreadable.problem
    assert snapshot.count() == len(records) + 1
    snapshot.expire()
    assert snapshot.exists
    two_days_ago = time.time() - 2 * 86_400
    assert (tmp_path := next(snapshot._path.parent.iterdir())).stat().st_mtime < two_days_ago
    assert tmp_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", [b"bytes", [1], {"a": 1}, object(), {1, 2}])
def test_a_value_that_no_platform_accepts_is_saved_as_one_that_none_accepts(
    tmp_path: Path, value: Any
) -> None:
    snapshot = SourceSnapshot(tmp_path / "rows.source")
    snapshot.take(of_iterable([{"a": value}]), lambda count: None)
    (row,) = snapshot.rows()
    assert isinstance((row.record or {})["a"], (list, dict))


def test_a_source_that_fails_while_it_is_saved_leaves_no_snapshot(
    tmp_path: Path,
) -> None:
    def broken() -> Iterator[Row]:
        yield Row(1, {"a": 1})
        raise OSError

    snapshot = SourceSnapshot(tmp_path / "rows.source")
    with pytest.raises(OSError):  # noqa: PT011 - its own
        snapshot.take(broken(), lambda count: None)
    assert not snapshot.exists


@given(st.lists(st.integers(0, 5000)))
def test_row_numbers_are_a_set(numbers: list[int]) -> None:
    held = RowNumbers()
    for number in numbers:
        held.add(number)
    assert len(held) == len(set(numbers))
    assert [number for number in range(5001) if number in held] == sorted(set(numbers))


COLUMNS = ["email", "city", "score"]


def rows(exact: bool, importer: Any = BulkLeadImporter, **records: dict[str, Any]) -> dict[str, str]:
    """The code of each record's row; empty for one that may be sent."""
    made = RowMaker(importer(), COLUMNS, KnownFields(), exact=exact).rows(
        of_iterable(records.values(), blank="clear")
    )
    return {name: row.code for name, row in zip(records, made, strict=True)}


def test_rows_that_cannot_have_the_effect_of_a_record_are_not_sent_where_they_must_have_it() -> None:
    given_rows: dict[str, Any] = {
        "whole": {"email": "a@example.com", "city": "Bern", "score": 1},
        "gap": {"email": "b@example.com", "score": 1},
        "empty": {"email": "c@example.com", "city": "", "score": 1},
        "none": {"email": "d@example.com", "city": None, "score": 1},
        "word": {"email": "e@example.com", "city": "null", "score": 1},
    }
    assert rows(True, **given_rows) == {
        "whole": "",
        "gap": "FIELD_MISSING",
        "empty": "EMPTY_VALUE",
        "none": "EMPTY_VALUE",
        "word": "EMPTY_VALUE",
    }
    assert rows(False, **given_rows) == {
        "whole": "",
        "gap": "FIELD_MISSING",
        "empty": "",
        "none": "",
        "word": "",
    }


def test_on_hubspot_a_gap_leaves_the_field_alone_in_a_file_too() -> None:
    from airflow_provider_mkt.actions.hubspot.imports import ContactImporter

    reported = rows(
        True, ContactImporter, gap={"email": "b@example.com"}, empty={"email": "c@example.com", "city": ""}
    )
    assert reported == {"gap": "", "empty": "EMPTY_VALUE"}


@contextmanager
def no_file() -> Iterator[IO[bytes]]:
    yield io.BytesIO()


@pytest.fixture
def part() -> Part:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *([f"p{n}@example.com", f"Town {n}", n] for n in range(5))])
    (one,) = Cut(text.getvalue().encode()).parts
    return one


def share_of(part: Part, findings: Findings) -> tuple[BulkShare, int]:
    with RowFile(no_file) as warnings:
        share = BulkShare(warnings)
        matcher = Matcher(part.rows, part.columns, ("email",), str)
        return share, share.imported_with(part, findings, matcher)


def note(number: int) -> RowNote:
    return RowNote("ROW_FAILED", "no", [f"p{number}@example.com", f"Town {number}", str(number)])


def test_rows_that_an_import_refused_are_left_and_the_others_counted(part: Part) -> None:
    share, lost = share_of(part, Findings(failed=[note(1), note(3)], warned=[note(2), note(3)], created=2))
    assert (share.imported, share.created, share.warned, lost) == (3, 2, 1, 0)
    assert [row.number for row in part.rows() if row.number in share.left] == [3, 5]


@pytest.mark.parametrize("findings", [Findings(unlisted=1), Findings(failed=[RowNote("ROW_FAILED", "no")])])
def test_where_the_failed_row_is_unknown_all_rows_of_the_file_are_left(
    part: Part, findings: Findings
) -> None:
    share, lost = share_of(part, findings)
    assert (share.imported, lost, len(share.left)) == (0, 1, 5)


def test_a_failure_without_a_key_leaves_only_the_rows_that_have_its_values(part: Part) -> None:
    of_unknown_key = RowNote("ROW_FAILED", "no", ["", "Town 1", ""])
    share, lost = share_of(part, Findings(failed=[note(3), of_unknown_key, of_unknown_key]))
    assert (share.imported, lost) == (3, 2)
    assert [row.number for row in part.rows() if row.number in share.left] == [3, 5]


def test_the_number_of_new_leads_is_unknown_once_one_file_does_not_report_it(part: Part) -> None:
    share, _ = share_of(part, Findings(created=5))
    assert share.created == 5
    share.imported_with(part, Findings(), Matcher(part.rows, part.columns, ("email",), str))
    assert share.created is None
    share.imported_with(part, Findings(created=5), Matcher(part.rows, part.columns, ("email",), str))
    assert (share.created, share.imported) == (None, 15)


@pytest.mark.parametrize("value", [Decimal("1.50"), date(2026, 1, 2), datetime(2026, 1, 2, 3, 4)])
def test_saved_values_are_encoded_in_a_file_like_those_of_the_source(tmp_path: Path, value: Any) -> None:
    snapshot = SourceSnapshot(tmp_path / "rows.source")
    snapshot.take(of_iterable([{"email": "a@example.com", "city": value, "score": 1}]), lambda count: None)
    straight = RowMaker(BulkLeadImporter(), COLUMNS, KnownFields()).rows(
        of_iterable([{"email": "a@example.com", "city": value, "score": 1}])
    )
    kept = RowMaker(BulkLeadImporter(), COLUMNS, KnownFields()).rows(snapshot.rows())
    assert [row.encoded for row in kept] == [row.encoded for row in straight]
