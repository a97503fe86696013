"""What errors say, and what they must never say."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from client_tools import CLIENT_SECRET, a_call, answer, failure, hubspot, marketo
from hypothesis import assume, example, given
from hypothesis import strategies as st

from airflow_provider_mkt.client import errors
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidInput,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlatformError,
    QuotaExhausted,
    ServerUnavailable,
)
from airflow_provider_mkt.client.redaction import describe_type, redact
from airflow_provider_mkt.client.transport.platform import Failure

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRET = st.text(LETTERS + "-_", min_size=12, max_size=60)
TOKENS = st.one_of(
    st.builds("Bearer {}".format, SECRET),
    st.builds("pat-{}-{}".format, st.sampled_from(["na1", "eu1", "NA2"]), SECRET),
    st.builds("{}:{}".format, st.uuids(), st.sampled_from(["int", "sj", "ab-1"])),
    st.builds("{}%3Aint".format, st.uuids()),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["access_token", "refresh_token", "client_secret", "hapikey", "password"]),
        st.sampled_from(["=", ": ", '": "', '="']),
        SECRET,
    ),
)
SAID = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)


def all_that_is_shown(error: PlatformError) -> str:
    return f"{error!s} {error!r} {error.message} {error.code} {error.request_id} {vars(error)}"


def refusals(text: str) -> list[PlatformError]:
    """The text in every place of an answer that gets into an error."""
    classifications = [
        marketo().classify(a_call(), failure("1003", text)),
        marketo().classify(a_call(), failure("607", text)),
        marketo().classify(a_call(), failure(text, "no")),
        hubspot().classify(a_call(), answer(400, {"message": text, "errors": [{"message": f"a {text}"}]})),
        hubspot().classify(a_call(), answer(409, {"message": "x", "category": text, "correlationId": text})),
        hubspot().classify(a_call(), answer(403, {"message": text})),
        hubspot().classify(a_call(), answer(429, {"message": text, "policyName": "DAILY"})),
    ]
    return [classification.error for classification in classifications if isinstance(classification, Failure)]


class TestNothingPersonal:
    @given(address=st.emails(), before=SAID, after=SAID)
    @example(address="jane@example", before="Email address ", after=" is invalid")
    @example(address="o'neil+x=1@example.co.uk", before="(", after=")")
    @example(address='"jane doe"@example.com', before="<", after=">")
    @example(address="jane@[10.0.0.1]", before="", after="")
    @example(address="jané@exämple.com", before="\n", after="\n")
    def test_no_mail_address_survives_into_an_error(self, address: str, before: str, after: str) -> None:
        for error in refusals(f"{before} {address} {after}"):
            assert address not in all_that_is_shown(error)

    @pytest.mark.parametrize(
        "text",
        ["GET /contacts/jane.doe%40example.com", "email=jane.doe@example.com&x", "jane.doe@example.com."],
    )
    def test_no_part_of_an_address_in_a_url_survives(self, text: str) -> None:
        for error in refusals(text):
            assert "jane" not in all_that_is_shown(error)
            assert "doe" not in all_that_is_shown(error)

    @given(token=TOKENS, before=SAID, after=SAID)
    def test_no_token_or_secret_survives_into_an_error(self, token: str, before: str, after: str) -> None:
        bare = token.split()[-1].split("=")[-1].strip('"')
        assume(bare not in before + after)
        for error in refusals(f"{before} {token} {after}"):
            assert bare not in all_that_is_shown(error)

    @pytest.mark.parametrize("text", ["jane@example.com", f"client_secret={CLIENT_SECRET}"])
    @pytest.mark.parametrize("length", [490, 9_990, 9_999, 10_001])
    def test_cutting_a_long_message_leaves_no_half_of_it(self, text: str, length: int) -> None:
        shown = redact("x " * (length // 2) + text + " y" * 600)
        assert len(shown) <= 500
        assert "jane" not in shown
        assert CLIENT_SECRET[:6] not in shown

    def test_redacting_a_huge_message_takes_no_time(self) -> None:
        began = time.process_time()
        for text in ("a" * 1_000_000, "a@" * 500_000, "code=" * 200_000):
            assert len(redact(text)) <= 500
        assert time.process_time() - began < 10

    @pytest.mark.parametrize(
        "text",
        [
            "Campaign 0a1b2c3d-1111-2222-3333-444455556666 not found",
            "Contact already exists. Existing ID: 123",
            "Invalid input JSON on line 1, column 20: Cannot build X [a, b]",
            "Max rate limit '100' exceeded with in '20' secs",
        ],
    )
    def test_what_helps_is_left_as_it_is(self, text: str) -> None:
        assert redact(text) == text

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("jane@example.com", "text of 16 characters"),
            ("", "empty text"),
            (None, "nothing"),
            (True, "a boolean"),
            (5551234, "a number"),
            (0, "zero"),
            (-5551234, "a negative number"),
            (1.5, "a number with a fraction"),
            (float("inf"), "a number that is not finite"),
            ({"phone": "555"}, "a mapping with 1 key"),
            (["Jane"], "a list of 1"),
            (("Jane", "Doe"), "a tuple of 2"),
            (b"Jane", "a bytes"),
            (datetime(2000, 1, 1, tzinfo=UTC), "a datetime"),
        ],
    )
    def test_the_description_never_contains_the_value(self, value: object, expected: str) -> None:
        assert describe_type(value) == expected


class TestTheTree:
    @pytest.mark.parametrize(
        ("kind", "permanent"),
        [
            (InvalidInput, True),
            (InvalidRequest, True),
            (NotFound, True),
            (Conflict, True),
            (errors.AuthenticationError, True),
            (PermissionDenied, True),
            (errors.RateLimited, False),
            (QuotaExhausted, False),
            (ServerUnavailable, False),
            (errors.OutcomeUnknown, False),
        ],
    )
    def test_which_errors_are_permanent(self, kind: type[PlatformError], permanent: bool) -> None:
        assert kind.permanent is permanent
        assert issubclass(kind, PlatformError)

    def test_not_found_and_conflict_are_invalid_requests(self) -> None:
        assert issubclass(NotFound, InvalidRequest)
        assert issubclass(Conflict, InvalidRequest)
        assert issubclass(InvalidInput, ValueError)

    def test_an_error_is_one_line_of_details(self) -> None:
        error = ServerUnavailable(
            "down", platform="hubspot", call="emails.get", code="X", status=503, request_id="r-1"
        )
        assert str(error) == "hubspot emails.get: down (HTTP 503, code X, request id r-1)"
        assert str(PlatformError("down")) == "down"

    def test_permission_denied_names_what_is_needed(self) -> None:
        assert str(PermissionDenied("no", missing=("a", "b"))) == "no; needs a, b"

    def test_quota_exhausted_says_until_when(self) -> None:
        error = QuotaExhausted("over", resets_at=datetime(2026, 7, 1, 6, 5, tzinfo=UTC))
        assert str(error) == "over; resets at 2026-07-01 06:05 UTC"

    def test_invalid_input_names_its_field(self) -> None:
        error = InvalidInput("leads[3].email", "the key is missing", call="leads.sync")
        assert str(error) == "leads.sync: leads[3].email: the key is missing"
        assert (error.field, error.problem) == ("leads[3].email", "the key is missing")
