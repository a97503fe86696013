"""What a platform says of a row finds that row, whatever it did to the row on the way."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bulk_tools import Cut, as_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mkt.actions.imports import RowNote
from airflow_provider_mkt.actions.marketo.imports import read_notes
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part

HEADER = ["a", "email", "b"]
# Few values, so that many rows are alike but for the key.
VALUES = st.sampled_from(["", "1", "1.0", "Berlin", "berlin ", 'with "quotes"', "two\nlines", "München"])
SPELLINGS = [str, str.upper, lambda text: f" {text} ", str.title]


def part_of(rows: list[list[str]]) -> Part:
    (part,) = Cut(as_csv(HEADER, rows)).parts
    return part


def matched(part: Part, notes: list[RowNote]) -> list[int | None]:
    found = Matcher(part.rows, HEADER, ("email",), lambda key: key.strip().lower()).match(notes)
    return [None if row is None else row.number for row in found]


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
    share=st.floats(0, 1),
)
def test_a_failed_row_is_found_by_its_key_among_rows_that_are_otherwise_the_same(
    values: list[tuple[str, str]], seed: int, share: float
) -> None:
    chance = random.Random(seed)
    rows = [[first, f"lead{number}@x.org", last] for number, (first, last) in enumerate(values)]
    part = part_of(rows)
    sent = list(part.rows())
    failing = [row for row in sent if chance.random() < share]
    chance.shuffle(failing)
    # The platform's file: other spellings, another order, its own column.
    reported = [[chance.choice(SPELLINGS)(cell) for cell in row.cells] + ["Invalid"] for row in failing]
    notes = read_notes(as_csv([*HEADER, "Import Failure Reason"], reported), HEADER, "ROW_FAILED")
    assert matched(part, notes) == [row.number for row in failing]


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
)
def test_a_row_whose_key_was_changed_is_found_by_its_other_values_or_not_at_all(
    values: list[tuple[str, str]], seed: int
) -> None:
    chance = random.Random(seed)
    rows = [[first, f"lead{number}@x.org", last] for number, (first, last) in enumerate(values)]
    part = part_of(rows)
    failing = [row for row in part.rows() if chance.random() < 0.4]
    notes = [RowNote("ROW_FAILED", "Invalid", [row.cells[0], "spoilt", row.cells[2]]) for row in failing]
    for row, number in zip(failing, matched(part, notes), strict=True):
        assert number in (row.number, None)


def test_a_row_is_found_by_its_other_values_if_no_other_row_has_them() -> None:
    part = part_of([["1", "a@x.org", "x"], ["2", "b@x.org", "y"], ["2", "c@x.org", "y"]])
    by_rest = RowNote("ROW_FAILED", "Invalid", ["1.0", "", "X"])
    of_two = RowNote("ROW_FAILED", "Invalid", ["2", "", "y"])
    assert matched(part, [by_rest, of_two]) == [2, None]


def test_a_row_that_is_not_repeated_is_found_by_its_line_in_the_part() -> None:
    part = part_of([["1", "a@x.org", "two\nlines"], ["2", "b@x.org", ""], ["3", "c@x.org", ""]])
    notes = [RowNote("INVALID_EMAIL", "Invalid", None, line) for line in (2, 3, 4, 5, 9)]
    # Numbers in the source: the first row takes two lines there too.
    assert matched(part, notes) == [2, 2, 4, 5, None]


def test_a_missing_file_of_notes_has_no_notes() -> None:
    assert read_notes(b"", HEADER, "ROW_FAILED") == []
    assert read_notes(b"\xef\xbb\xbfa,email,b,Import Failure Reason\n", HEADER, "ROW_FAILED") == []


def test_columns_in_another_order_or_with_other_names_are_read() -> None:
    other_order = b"email,b,a,Reason\na@x.org,2,1,Invalid\n"
    other_names = b"A,Email Address,B,Reason\n1,a@x.org,2,Invalid\n"
    for content in (other_order, other_names):
        (note,) = read_notes(content, HEADER, "ROW_FAILED")
        assert (note.cells, note.reason) == (["1", "a@x.org", "2"], "Invalid")


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=25),
    seed=st.integers(0, 2**32),
    ragged=st.booleans(),
)
def test_a_file_that_leaves_out_empty_columns_at_the_end_is_read_by_its_own_header(
    values: list[tuple[str, str]], seed: int, ragged: bool
) -> None:
    chance = random.Random(seed)
    columns = ["email", "a", "b"]
    rows = [[f"lead{number}@x.org", first, last] for number, (first, last) in enumerate(values)]
    (part,) = Cut(as_csv(columns, rows)).parts
    failing = [row for row in part.rows() if chance.random() < 0.5]
    lengths = [len(list(row.cells)) - _empty_at_the_end(row.cells) for row in failing]
    width = max(lengths, default=0)
    reported = [
        [*row.cells[: length if ragged else width], "Invalid"]
        for row, length in zip(failing, lengths, strict=True)
    ]
    content = as_csv([*columns[:width], "Import Failure Reason"], reported)
    found = Matcher(part.rows, columns, ("email",), str).match(read_notes(content, columns, "ROW_FAILED"))
    assert [row and row.number for row in found] == [row.number for row in failing]


def _empty_at_the_end(cells: Sequence[str]) -> int:
    return next((count for count, cell in enumerate(reversed(cells)) if cell), len(cells))
