from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync import rows
from airflow_provider_mkt.sync.rows import Row


def read_csv(content: bytes, blank: rows.Blank = "omit") -> list[Row]:
    return list(rows.of_file(io.BytesIO(content), "csv", blank=blank))


def read_jsonl(content: bytes) -> list[Row]:
    return list(rows.of_file(io.BytesIO(content), "jsonl", blank="clear"))


class TestCsv:
    def test_plain_rows_carry_the_line_they_start_on(self) -> None:
        found = read_csv(b"email,firstname\na@x.io,A\nb@x.io,B\n")
        assert [(row.number, row.record) for row in found] == [
            (2, {"email": "a@x.io", "firstname": "A"}),
            (3, {"email": "b@x.io", "firstname": "B"}),
        ]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    @pytest.mark.parametrize("last", [True, False])
    def test_any_line_ending_and_none_at_the_end(self, end: bytes, last: bool) -> None:
        content = end.join([b"email,firstname", b"a@x.io,A", b"b@x.io,B"]) + (end if last else b"")
        assert [row.record for row in read_csv(content)] == [
            {"email": "a@x.io", "firstname": "A"},
            {"email": "b@x.io", "firstname": "B"},
        ]

    def test_a_byte_order_mark_is_not_part_of_the_first_column(self) -> None:
        (row,) = read_csv(b"\xef\xbb\xbfemail\na@x.io\n")
        assert row.record == {"email": "a@x.io"}
        assert rows.csv_columns(io.BytesIO(b"\xef\xbb\xbfemail\n")) == ["email"]

    def test_a_quoted_value_may_hold_line_ends_commas_and_quotes(self) -> None:
        first, second = read_csv(b'email,note\na@x.io,"one\r\ntwo, ""three"""\nb@x.io,B\n')
        assert first.record == {"email": "a@x.io", "note": 'one\r\ntwo, "three"'}
        assert (first.number, second.number) == (2, 4)

    @pytest.mark.parametrize("line", [b"a@x.io", b"a@x.io,A,extra"])
    def test_a_row_with_another_number_of_values_rejects_only_itself(self, line: bytes) -> None:
        bad, good = read_csv(b"email,firstname\n" + line + b"\nb@x.io,B\n")
        assert bad.record is None
        assert "the header has 2 columns" in bad.problem
        assert bad.raw == line.decode().split(",")
        assert good.record == {"email": "b@x.io", "firstname": "B"}

    def test_a_file_cut_in_the_middle_of_a_line_says_so(self) -> None:
        *_, last = read_csv(b"email,firstname\na@x.io,A\nb@x")
        assert last.record is None
        assert "the file ends in the middle of this line" in last.problem

    def test_a_file_cut_inside_a_quoted_value_says_so_and_keeps_the_text(self) -> None:
        *_, last = read_csv(b'email,note\na@x.io,A\nb@x.io,"begun\nand not\n')
        assert last.record is None
        assert (last.number, "inside a quoted value" in last.problem) == (3, True)
        assert last.raw == 'b@x.io,"begun\nand not\n'

    def test_a_quote_never_closed_loses_no_line_that_it_swallowed(self) -> None:
        content = b'email,note\na@x.io,"open\n' + b"b@x.io,B\n" * 3
        (row,) = read_csv(content)
        assert row.record is None
        assert "lines 2 to 5" in row.problem
        assert isinstance(row.raw, str)
        assert row.raw.count("b@x.io") == 3

    def test_a_stray_quote_rejects_only_its_row(self) -> None:
        bad, good = read_csv(b'email,note\na@x.io,"A"B\nb@x.io,B\n')
        assert bad.record is None
        assert bad.raw == 'a@x.io,"A"B\n'
        assert good.record == {"email": "b@x.io", "note": "B"}

    def test_a_value_over_the_readers_limit_rejects_only_its_row(self) -> None:
        bad, good = read_csv(b"email\n" + b"x" * 200_000 + b"\nb@x.io\n")
        assert bad.record is None
        assert good.record == {"email": "b@x.io"}

    def test_bytes_that_are_not_utf8_reject_only_their_row(self) -> None:
        first, bad, last = read_csv("email,firstname\na@x.io,Zoë\nb@x.io,Z".encode() + b"o\xeb\nc@x.io,C\n")
        assert first.record == {"email": "a@x.io", "firstname": "Zoë"}
        assert (bad.record, bad.problem) == (None, "is not UTF-8")
        json.dumps(bad.raw).encode()
        assert last.record == {"email": "c@x.io", "firstname": "C"}

    @pytest.mark.parametrize("line", [b"\xff", b'"\xff', b"\xff,2,3"])
    def test_what_cannot_be_read_can_still_be_written(self, line: bytes) -> None:
        (row,) = read_csv(b"email,firstname\n" + line)
        assert row.record is None
        json.dumps(row.raw, ensure_ascii=False).encode()

    def test_a_nul_is_kept_as_it_is(self) -> None:
        (row,) = read_csv(b"email,note\na@x.io,A\0B\n")
        assert row.record == {"email": "a@x.io", "note": "A\0B"}

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"email\n", b"email", b"email\n\n\n"])
    def test_an_empty_file_and_one_with_a_header_only_have_no_rows(self, content: bytes) -> None:
        assert read_csv(content) == []

    def test_empty_lines_are_not_rows(self) -> None:
        found = read_csv(b"\nemail,firstname\n\na@x.io,A\n\n\nb@x.io,B\n\n")
        assert [row.number for row in found] == [4, 7]

    def test_blank_cells_are_left_out_or_kept_to_clear(self) -> None:
        content = b"email,firstname,lastname\na@x.io,,L\n"
        assert read_csv(content)[0].record == {"email": "a@x.io", "lastname": "L"}
        assert read_csv(content, "clear")[0].record == {"email": "a@x.io", "firstname": None, "lastname": "L"}

    def test_a_blank_cell_left_alone_is_not_cleared_when_the_reject_is_fed_back(self) -> None:
        assert read_csv(b"email,firstname\na@x.io,\n")[0].raw == {"email": "a@x.io"}

    @pytest.mark.parametrize(
        ("header", "problem"),
        [
            (b"email,,x\n", "column 2 has no name"),
            (b"email, ,x\n", "column 2 has no name"),
            (b"email,x,email\n", "'email' occurs twice"),
            (b"email,x, email \n", "'email' occurs twice"),
            (b'email,"x"y\n', "cannot be read"),
            (b"email,Vorname\xfc\n", "column 2 is not UTF-8"),
            ("email,x\n".encode("utf-16"), "column 1 is not UTF-8"),
            ("email,x\n".encode("utf-16-le"), "column 1 is not UTF-8"),
        ],
    )
    def test_a_header_that_names_no_fields_is_refused(self, header: bytes, problem: str) -> None:
        with pytest.raises(InvalidInput, match=problem):
            rows.csv_columns(io.BytesIO(header))
        with pytest.raises(InvalidInput, match=problem):
            read_csv(header + b"1,2,3\n")


class TestJsonLines:
    def test_objects_carry_their_line(self) -> None:
        found = read_jsonl(b'{"email": "a@x.io"}\n\n  \n{"email": "b@x.io", "age": 3}')
        assert [(row.number, row.record) for row in found] == [
            (1, {"email": "a@x.io"}),
            (4, {"email": "b@x.io", "age": 3}),
        ]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_a_byte_order_mark_and_any_line_ending(self, end: bytes) -> None:
        content = b"\xef\xbb\xbf" + end.join([b'{"email": "a@x.io"}', b'{"email": "b@x.io"}', b""])
        assert [row.record for row in read_jsonl(content)] == [{"email": "a@x.io"}, {"email": "b@x.io"}]

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b"nonsense", "is not JSON"),
            (b"[1, 2]", "is a list of 2, not an object"),
            (b'"text"', "is text of 4 characters, not an object"),
            (b"null", "is nothing, not an object"),
            (b'{"score": NaN}', "is not JSON"),
            (b'{"score": Infinity}', "is not JSON"),
            (b"[" * 100_000, "is not JSON"),
            (b'{"n": ' + b"9" * 5_000 + b"}", "is not JSON"),
            (b'{"email": "\xff"}', "is not UTF-8"),
        ],
    )
    def test_what_is_not_an_object_rejects_only_its_line(self, line: bytes, problem: str) -> None:
        bad, good = read_jsonl(line + b'\n{"email": "b@x.io"}\n')
        assert (bad.record, bad.problem) == (None, problem)
        assert good.record == {"email": "b@x.io"}
        json.dumps(bad.raw, ensure_ascii=False).encode()

    def test_a_file_cut_in_the_middle_of_a_line_says_so(self) -> None:
        *_, last = read_jsonl(b'{"email": "a@x.io"}\n{"email": "b@')
        assert last.problem == "the file ends in the middle of this line"

    def test_a_line_of_a_rejects_file_stands_for_its_record(self) -> None:
        line = {"row": 7, "code": "X", "reason": "no", "record": {"email": "a@x.io", "firstname": ""}}
        (row,) = read_jsonl(json.dumps(line).encode())
        assert row.record == {"email": "a@x.io", "firstname": ""}

    def test_a_rejected_line_that_was_unreadable_stays_so(self) -> None:
        line = {"row": 7, "code": "UNREADABLE", "reason": "no", "record": ["a", "b"]}
        (row,) = read_jsonl(json.dumps(line).encode())
        assert row.record is None


class TestIterable:
    def test_mappings_are_numbered_from_one(self) -> None:
        found = list(rows.of_iterable(iter([{"email": "a"}, {"email": "b"}])))
        assert [(row.number, row.record) for row in found] == [(1, {"email": "a"}), (2, {"email": "b"})]

    @pytest.mark.parametrize("wrong", [None, "a@x.io", ["email"], 3])
    def test_what_is_not_a_mapping_rejects_only_itself(self, wrong: Any) -> None:
        bad, good = rows.of_iterable([wrong, {"email": "a"}])
        assert bad.record is None
        assert "a@x.io" not in bad.problem
        assert good.record == {"email": "a"}

    def test_names_that_are_not_text_are_refused(self) -> None:
        (row,) = rows.of_iterable([{"email": "a", ("x", 1): 2}])
        assert row.record is None
        json.dumps(row.raw)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs")), min_size=1, max_size=8).filter(
    lambda name: name == name.strip() and not name.startswith("\ufeff")
)
cells = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.data())
def test_any_records_written_as_csv_come_back_equal(columns: list[str], data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=6))
    dialect = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=dialect, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows(lines)
    content = text.getvalue().encode()
    found = read_csv(content, "clear")
    assert [row.record for row in found] == [
        dict(zip(columns, (value or None for value in line), strict=True)) for line in lines
    ]
    # However the bytes are counted on their way.
    trickle = rows.Counted(io.BytesIO(content))
    assert [row.record for row in rows.of_file(trickle, "csv", blank="clear")] == [
        row.record for row in found
    ]
    assert trickle.read_so_far == len(content)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6), st.booleans())
def test_any_records_written_as_json_lines_come_back_equal(
    records: list[dict[str, Any]], ascii_only: bool
) -> None:
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    found = read_jsonl(content)
    for row, record in zip(found, records, strict=True):
        if row.record is None:
            assert row.problem == "is not UTF-8"
        elif record.keys() != rows.REJECT_KEYS:
            assert row.record == record


@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]))
def test_no_bytes_at_all_break_the_reading(content: bytes, file_format: Any) -> None:
    try:
        found = list(rows.of_file(io.BytesIO(content), file_format))
    except InvalidInput:
        return
    for row in found:
        assert (row.record is None) == bool(row.problem)
        json.dumps(row.raw)
