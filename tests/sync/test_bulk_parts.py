"""A source is cut by its records, none is lost on the way, and no two parts hold one key."""

from __future__ import annotations

import io

import pytest
from bulk_tools import Cut, as_csv, read_back, reader
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.bulk_parts import RowKeys, Splitter
from airflow_provider_mkt.sync.bulk_rows import RowMaker
from airflow_provider_mkt.sync.rows import csv_columns

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
KEYS = st.sampled_from([f"{letter}@x.org" for letter in "abcdefgh"] + ["A@x.org", " b@x.org "])


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(KEYS, VALUES, VALUES), max_size=30),
    bytes_max=st.integers(80, 400),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_record_is_sent_once_or_reported(
    rows: list[tuple[str, str, str]], bytes_max: int, line_end: str
) -> None:
    content = as_csv(["email", "a", "b"], [list(row) for row in rows], line_end)
    cut = Cut(content, bytes_max=bytes_max)
    reported = [row.number for row in cut.unfit] + [number for number, _ in cut.superseded]
    assert cut.total == len(rows)
    assert len(set(cut.sent + reported)) == len(cut.sent) + len(reported) == len(rows)
    keys = [row.key for part in cut.parts for row in part.rows()]
    assert len(set(keys)) == len(keys)
    for part in cut.parts:
        assert len(part.content) == part.size <= bytes_max
        assert read_back(part.content) == [list(row.cells) for row in part.rows()]
    by_line = {row.number: row for part in cut.parts for row in part.rows()}
    for number, by_row in cut.superseded:
        assert number < by_row
        assert by_row in by_line
    assert {row.code for row in cut.unfit} <= {"TOO_LARGE"}


def test_of_rows_with_one_key_the_last_fit_one_is_sent_however_far_apart() -> None:
    rows = [["a@x.org", "1"], ["b@x.org", "2"], ["A@X.org ", "3"], ["c@x.org", "4"], ["a@x.org", "1", "odd"]]
    cut = Cut(as_csv(["email", "n"], rows), rows_max=1)
    assert cut.superseded == [(2, 4)]
    assert [read_back(part.content) for part in cut.parts] == [
        [["b@x.org", "2"]],
        [["A@X.org", "3"]],
        [["c@x.org", "4"]],
    ]
    assert [(row.number, row.code) for row in cut.unfit] == [(6, "UNREADABLE")]


@pytest.mark.parametrize(
    ("content", "sent", "unfit"),
    [
        (b"\xef\xbb\xbfemail,n\na@x.org,1\n", [2], []),
        (b"email,n\ra@x.org,1\rb@x.org,2\r", [2, 3], []),
        (b'email,n\na@x.org,"two\nlines"\nb@x.org,2\n', [2, 4], []),
        (b'email,n\na@x.org,"a ""quote"", and more"\n', [2], []),
        (b"email,n\na@x.org,\xe9\nb@x.org,2\n", [3], [(2, "UNREADABLE")]),
        (b"email,n\na@x.org\nb@x.org,2,3\nc@x.org,4\n", [4], [(2, "UNREADABLE"), (3, "UNREADABLE")]),
        (b"email,n\na@x.org,\0\nb@x.org,2\n", [3], [(2, "CONTROL_CHARACTER")]),
        (b"email,n\n  ,1\nb@x.org,2\n", [3], [(2, "KEY_MISSING")]),
        (b'email,n\na@x.org,1\nb@x.org,"never closed\n', [2], [(3, "UNREADABLE")]),
        (b"email,n\na@x.org," + b"x" * 20_000_000 + b"\nb@x.org,2\n", [3], [(2, "UNREADABLE")]),
        (b"email,n\n", [], []),
    ],
    ids=["bom", "cr", "newline", "quotes", "latin-1", "width", "nul", "key", "open-quote", "20MB", "no-rows"],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_are_sent(
    content: bytes, sent: list[int], unfit: list[tuple[int, str]]
) -> None:
    cut = Cut(content, bytes_max=9_500_000)
    assert cut.sent == sent
    assert [(row.number, row.code) for row in cut.unfit] == unfit


def test_a_row_that_fits_no_part_is_reported_and_does_not_supersede_one_that_does() -> None:
    rows = [["a@x.org", "1"], ["a@x.org", "x" * 500]]
    cut = Cut(as_csv(["email", "n"], rows), bytes_max=400)
    assert cut.sent == [2]
    assert [(row.number, row.code) for row in cut.unfit] == [(3, "TOO_LARGE")]


def test_the_digest_differs_between_sources_and_is_the_same_for_the_same() -> None:
    first, same = Cut(b"email,n\na@x.org,1\n"), Cut(b"email,n\r\na@x.org,1\r\n")
    assert first.digest == same.digest
    assert first.digest != Cut(b"email,n\na@x.org,2\n").digest
    assert first.digest != Cut(b"email,m\na@x.org,1\n").digest


def test_a_source_that_changes_between_its_two_readings_is_an_error() -> None:
    content = [b"email,n\na@x.org,1\n"]
    importer = BulkLeadImporter()
    maker = RowMaker(importer, csv_columns(io.BytesIO(content[0])), KnownFields())
    with RowKeys() as keys:
        splitter = Splitter(lambda stack: reader(content[0])(stack), maker, importer, keys, lambda rows: None)
        splitter.scan()
        content[0] = b"email,n\na@x.org,2\n"
        with pytest.raises(InvalidInput, match="changed while it was imported"):
            list(splitter.parts(lambda row: None, lambda row, by: None))
