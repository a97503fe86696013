"""JSON of requests and answers: what is encoded once, and what is decoded straight to its type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.call import JsonBody
from airflow_provider_mkt.client.encoding import EncodedRecord, from_json, to_json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot import batch
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.marketo import responses
from airflow_provider_mkt.client.marketo.leads import leads

values = st.one_of(
    st.text(), st.integers(), st.booleans(), st.none(), st.floats(), st.decimals(), st.dates(), st.binary()
)
records = st.dictionaries(st.text(), values, max_size=5)


class Text(str):
    pass


class TestRecords:
    @given(records)
    def test_an_encoded_record_is_what_json_says(self, record: dict[str, Any]) -> None:
        encoded = EncodedRecord.of(record)
        try:
            JsonBody(record)
        except InvalidInput:
            assert encoded is None, "it would be sent, although a body must not hold it"
        else:
            assert encoded is not None
            assert encoded == record
            assert json.loads(encoded.content) == json.loads(json.dumps(record))

    @pytest.mark.parametrize(
        "record", [{"a": Text("b")}, {Text("a"): "b"}, {"a": [1]}, {"a": "\ud800"}, {1: "a"}]
    )
    def test_other_records_are_left_to_the_checks_of_a_body(self, record: dict[Any, Any]) -> None:
        assert EncodedRecord.of(record) is None

    @given(
        st.lists(st.dictionaries(st.text('ab\N{SNOWMAN}"\n'), st.text(), max_size=3), min_size=1, max_size=4)
    )
    def test_calls_have_the_same_body_with_encoded_records(self, given: list[dict[str, str]]) -> None:
        given = [{**record, "email": f"{place}@example.com"} for place, record in enumerate(given)]
        encoded = [EncodedRecord.of(record) or record for record in given]
        for plain, call in (
            (leads.sync(given), leads.sync(encoded)),
            (contacts.upsert_batch(given), contacts.upsert_batch(encoded)),
            (contacts.create_batch(given), contacts.create_batch(encoded)),
        ):
            assert isinstance(plain.body, JsonBody)
            assert isinstance(call.body, JsonBody)
            assert json.loads(call.body.content) == plain.body.value

    def test_the_limit_of_a_body_counts_encoded_records(self) -> None:
        record = EncodedRecord.of({"email": "a@example.com", "company": "x" * 4_000})
        assert record is not None
        with pytest.raises(InvalidInput, match="at most 1,000,000"):
            leads.sync([record] * 300)


class TestDocuments:
    @given(st.recursive(st.one_of(st.text(), st.integers(), st.none()), st.lists))
    def test_what_is_encoded_is_decoded(self, value: Any) -> None:
        try:
            JsonBody(value)
        except InvalidInput:
            return
        assert from_json(to_json(value)) == value

    def test_subclasses_of_plain_types_are_encoded(self) -> None:
        assert from_json(to_json({"a": Text("b"), "c": EncodedRecord.of({"d": 1})})) == {
            "a": "b",
            "c": {"d": 1},
        }

    @pytest.mark.parametrize(
        "content", [b'{"a": "x\ny\x01"}', b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xef\xbb\xbf[1]"]
    )
    def test_what_the_strict_decoder_refuses_is_read_as_before(self, content: bytes) -> None:
        assert str(from_json(content)) == str(json.loads(content, strict=False))

    @pytest.mark.parametrize("content", [b"<html>", b"[1,", b'{"a": 1} x', b"[" * 100_000])
    def test_what_is_no_json_is_an_error(self, content: bytes) -> None:
        with pytest.raises(ValueError, match=r"malformed|truncated|nested|Expecting|Extra data"):
            from_json(content)


def written(**changes: Any) -> bytes:
    rows = [{"id": str(n), "new": n == 1, "objectWriteTraceId": str(n), "properties": {}} for n in (1, 0)]
    return json.dumps({"status": "COMPLETE", "results": rows, **changes}).encode()


class TestWrittenBatches:
    def test_results_are_in_the_order_of_the_inputs(self) -> None:
        rows = batch.decode_written(2)(written())
        assert rows is not None
        assert [(row.id, row.new) for row in rows] == [("0", False), ("1", True)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "PENDING"},
            {"errors": [{"category": "CONFLICT"}]},
            {"numErrors": 1},
            {"results": []},
            {"results": [{"id": "1", "objectWriteTraceId": "0"}, {"id": "2", "objectWriteTraceId": "7"}]},
            {"results": [{"id": "1", "objectWriteTraceId": "0"}, {"id": "2", "objectWriteTraceId": "0"}]},
            {
                "results": [
                    {"id": "1", "objectWriteTraceId": "0", "warnings": [{"category": "DATE"}]},
                    {"id": "2", "objectWriteTraceId": "1"},
                ]
            },
        ],
    )
    def test_any_other_answer_is_read_in_full(self, changes: dict[str, Any]) -> None:
        assert batch.decode_written(2)(written(**changes)) is None

    def test_results_without_a_trace_are_read_in_full(self) -> None:
        with pytest.raises(ValueError, match="objectWriteTraceId"):
            batch.decode_written(1)(b'{"status": "COMPLETE", "results": [{"id": "1"}]}')


class TestWrittenLeads:
    def test_rows_say_why_they_were_skipped(self) -> None:
        rows = [
            {"id": 5, "status": "created"},
            {"status": "skipped", "reasons": [{"code": 1004, "message": "not found"}]},
        ]
        found = responses.decode_written(2)(json.dumps({"success": True, "result": rows}).encode())
        assert found is not None
        why = found[1].why()
        assert (found[0].id, found[0].why()) == (5, None)
        assert why is not None
        assert (why.code, why.message) == ("1004", "not found")

    @pytest.mark.parametrize("answer", [{"success": False, "result": [{}]}, {"success": True, "result": []}])
    def test_any_other_answer_is_read_in_full(self, answer: dict[str, Any]) -> None:
        assert responses.decode_written(1)(json.dumps(answer).encode()) is None
