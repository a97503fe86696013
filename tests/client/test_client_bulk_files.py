"""Answers that are files: read unchanged, and distinguished from errors with the same status."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from client_tools import Hand, a_call, answer, failure, hubspot, marketo, success, token_answer

from airflow_provider_mkt.client.buffers import FileBuffer
from airflow_provider_mkt.client.call import Replay, Route
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PlatformError,
    ServerUnavailable,
)
from airflow_provider_mkt.client.marketo.bulk import FilePart, into_buffer
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.imports import bulk_leads
from airflow_provider_mkt.client.transport.platform import NoAnswer

CSV = b'id,attributes\n1,"{""success"": false}"\n'


def requested(call: Any) -> Hand:
    return Hand(call, marketo()).give(token_answer("t0"))


def part(first: int = 0, last: int | None = None) -> Hand:
    return requested(bulk_extracts.file("leads", "e-1", first=first, last=last))


def value(hand: Hand) -> Any:
    assert hand.reply is not None, hand.error
    return hand.reply.value


def test_a_file_comes_as_the_bytes_that_were_sent() -> None:
    raw = b"a\x00b\r\n\xff\xfe,\x01null\n"
    assert value(part().give(answer(200, raw))) == FilePart(raw, 0, len(raw))
    assert value(requested(bulk_leads.failures(7)).give(answer(200, raw))) == raw
    assert value(requested(bulk_leads.warnings(7)).give(answer(200, b""))) == b""


def test_a_file_is_requested_uncompressed_and_with_any_type() -> None:
    request = part(10, 19).pending
    assert request is not None
    assert dict(request.headers) == {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Range": "bytes=10-19",
        "Authorization": "Bearer t0",
    }
    assert part(5).requests[-1].headers["Range"] == "bytes=5-"
    assert "Range" not in part().requests[-1].headers


def test_a_part_knows_its_place_whichever_way_the_platform_cuts() -> None:
    cut = answer(206, CSV[3:8], {"content-range": f"bytes 3-7/{len(CSV)}"})
    assert value(part(3, 7).give(cut)) == FilePart(CSV[3:8], 3, len(CSV))
    assert value(part(3, 7).give(answer(200, CSV))) == FilePart(CSV[3:8], 3, len(CSV))
    assert value(part(3).give(answer(200, CSV))) == FilePart(CSV[3:], 3, len(CSV))
    unknown = answer(206, CSV[3:8], {"Content-Range": "bytes 3-7/*"})
    assert value(part(3, 7).give(unknown)).total is None


def test_a_part_in_a_buffer_knows_its_place_too() -> None:
    file = partial(bulk_extracts.file, "leads", "e-1")
    in_buffer = replace(
        answer(206, b"", {"content-range": f"bytes 3-7/{len(CSV)}"}), part=memoryview(CSV)[3:8]
    )
    buffer = FileBuffer(10)
    hand = requested(into_buffer(file, buffer, 3, 7))
    assert hand.requests[-1].headers["Range"] == "bytes=3-7"
    found = value(hand.give(in_buffer))
    assert (bytes(found.content), found.total) == (CSV[3:8], len(CSV))
    # One that is so short that it is not in the buffer, and a whole file.
    found = value(requested(into_buffer(file, buffer, 3, 7)).give(answer(200, CSV)))
    assert (bytes(found.content), found.total) == (CSV[3:8], len(CSV))
    hand = requested(into_buffer(file, buffer, 4, 8))
    while not hand.done:
        hand.give(in_buffer)
    assert isinstance(hand.error, ServerUnavailable)


def test_a_buffer_holds_one_part_after_the_other_and_larger_ones_too() -> None:
    buffer = FileBuffer(4)
    buffer.append(b"ab")
    buffer.append(b"cd")
    first = buffer.content
    assert bytes(first) == b"abcd"
    buffer.append(b"efg" * 10)
    assert bytes(buffer.content) == b"abcd" + b"efg" * 10
    assert bytes(first) == b"abcd"
    buffer.clear()
    assert bytes(buffer.content) == b""
    buffer.append(b"x")
    assert bytes(buffer.content) == b"x"


@pytest.mark.parametrize("said", ["bytes 4-8/99", "bytes 3-9/99", "items 3-7/99", ""])
def test_other_bytes_than_requested_are_rejected(said: str) -> None:
    hand = part(3, 7)
    while not hand.done:
        hand.give(answer(206, CSV[3:8], {"content-range": said}))
    assert isinstance(hand.error, ServerUnavailable)


def test_a_file_that_ends_before_the_part_is_refused() -> None:
    hand = part(len(CSV))
    while not hand.done:
        hand.give(answer(200, CSV))
    assert isinstance(hand.error, ServerUnavailable)


def test_an_error_in_place_of_a_file_is_an_error() -> None:
    hand = part().give(failure("602", "Access token expired")).give(token_answer("t1"))
    hand.give(failure("606", "Max rate limit '100' exceeded with in '20' secs")).give(answer(200, CSV))
    assert value(hand).content == CSV
    refused = part().give(failure("1013", "Export not found"))
    assert isinstance(refused.error, NotFound)


def test_success_in_json_is_no_file() -> None:
    hand = part()
    while not hand.done:
        hand.give(success({"status": "Completed"}))
    assert isinstance(hand.error, ServerUnavailable)


@pytest.mark.parametrize("content", [b"{", b'{"a": 1}', b'{"success": "no"}', b'{"success": false}\n1,2\n'])
def test_content_that_only_resembles_json_is_a_file(content: bytes) -> None:
    assert value(part().give(answer(200, content))).content == content


def test_text_with_404_says_that_there_is_no_file() -> None:
    hand = part().give(answer(404, b"Export job has not finished"))
    assert isinstance(hand.error, NotFound)
    assert "not finished" in hand.error.message
    assert isinstance(part(9).give(answer(416, b"")).error, InvalidRequest)


def test_a_download_that_broke_off_is_repeated() -> None:
    hand = part().give(NoAnswer("cut", sent=True)).give(answer(502, b"Bad Gateway")).give(answer(200, CSV))
    assert value(hand).content == CSV


def test_hubspot_files_and_headers_go_the_same_way() -> None:
    call = a_call(
        route=Route("GET", "campaigns", "/x"),
        body=None,
        file=True,
        headers=(("Accept", "text/csv"),),
        read=lambda envelope: envelope["content"],
    )
    hand = Hand(call, hubspot())
    assert hand.pending is not None
    assert hand.pending.headers["Accept"] == "text/csv"
    assert value(hand.give(answer(200, CSV))) == CSV


@pytest.mark.parametrize(("ok_errors", "ends"), [(Conflict, True), (NotFound, False), (None, False)])
def test_what_is_so_already_counts_as_done_where_a_call_says_so(
    ok_errors: type[PlatformError] | None, ends: bool
) -> None:
    call = a_call(Replay.SAFE, read=lambda envelope: envelope, ok_errors=ok_errors)
    hand = requested(call).give(failure("1029", "Job already queued"))
    if ends:
        assert value(hand) == {}
    else:
        assert isinstance(hand.error, Conflict)


def test_other_errors_of_such_a_call_stay_errors() -> None:
    hand = requested(a_call(ok_errors=InvalidRequest)).give(failure("1013", "gone"))
    assert isinstance(hand.error, NotFound)
