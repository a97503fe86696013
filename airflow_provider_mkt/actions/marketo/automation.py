"""Enroll leads in an engagement program: by status, or by requesting a campaign that adds them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from airflow_provider_mkt.actions.idempotency import not_found
from airflow_provider_mkt.actions.marketo import programs as program_actions
from airflow_provider_mkt.actions.marketo import smart_campaigns
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.ports import EnrollOptions
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.call import numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import Program
from airflow_provider_mkt.client.wording import counted

_OUTCOME, _DONE, _ALREADY = "nurture_enrollment", "enrolled", "already_enrolled"

_PAUSED, _OFF = "paus", "off"


class InStream:
    """Checks which leads are in a stream of an engagement program, and what may keep mail from them.

    :param program_id: the program.
    :param stream_name: the stream; any when None.
    :param reject: whether leads that get nothing are rejected, and a program that is off is refused;
        otherwise both are only warned of.
    :raises InvalidInput: without a program.
    """

    def __init__(self, program_id: int | str | None, stream_name: str | None, *, reject: bool = True) -> None:
        if program_id is None:
            raise InvalidInput("program_id", "is missing: the engagement program whose streams are read")
        self._program_id = numeric_id("programs.members", "program_id", program_id)
        self._stream_name, self._reject = stream_name, reject
        self._paused: set[str] = set()
        self._exhausted: set[str] = set()
        self._lock = threading.Lock()

    def check(self) -> Procedure[None]:
        """Check, before anybody is enrolled, that the program is on. One call.

        :raises InvalidRequest: when it is off, and that is not only warned of.
        """
        if self._reject and (yield from self._is_off()):
            raise InvalidRequest(
                f"program {self._program_id} is off: nobody in it gets mail, and nobody was enrolled",
                platform="marketo",
                code="PROGRAM_OFF",
            )

    def find(self, people: Sequence[str]) -> Procedure[dict[str, MemberResult]]:
        """Return which of these leads are in the stream. Those that get nothing there may be rejected."""
        call = programs.members(
            self._program_id,
            lead_ids=[int(person) for person in people],
            fields=("leadId", "trackName", "nurtureCadence", "isExhausted"),
        )
        found: dict[str, MemberResult] = {}
        for row in (yield Pages(call)):
            lead, stream = str(row["leadId"]), row.get("trackName")
            if not (stream == self._stream_name if self._stream_name else stream):
                continue
            paused = str(row.get("nurtureCadence") or "").lower().startswith(_PAUSED)
            exhausted = row.get("isExhausted") is True
            found[lead] = self._result(lead, paused=paused, exhausted=exhausted)
            with self._lock:
                if paused:
                    self._paused.add(lead)
                if exhausted:
                    self._exhausted.add(lead)
        return found

    def warnings(self) -> Procedure[list[str]]:
        """Return what may keep the leads that were found from getting mail. One call."""
        found = []
        if (yield from self._is_off()):
            found.append(f"Program {self._program_id} is off: nobody in it gets mail")
        if self._paused:
            found.append(f"Paused in program {self._program_id}: {counted(len(self._paused), 'lead')}")
        if self._exhausted:
            found.append(
                f"Had all content of program {self._program_id}: {counted(len(self._exhausted), 'lead')}"
            )
        return found

    def _result(self, lead: str, *, paused: bool, exhausted: bool) -> MemberResult:
        if self._reject and paused:
            reason = f"is paused in program {self._program_id}, and gets no mail from it"
            return MemberResult(lead, MemberStatus.REJECTED, "PAUSED", reason)
        if self._reject and exhausted:
            reason = (
                f"has had all content of program {self._program_id}, and gets no mail until there is more"
            )
            return MemberResult(lead, MemberStatus.REJECTED, "EXHAUSTED", reason)
        return MemberResult(lead)

    def _is_off(self) -> Procedure[bool]:
        program: Program | None = yield from find_or_none(programs.get(self._program_id))
        return program is not None and str(program.get("status") or "").lower() == _OFF


def by_status(program_id: int | str, status_name: str, *, verify: InStream | None = None) -> MemberAction:
    """Make leads members of a program with a status; a new member starts in the first stream.

    :param program_id: the program.
    :param status_name: a status of the program's channel.
    """
    return program_actions.member_action(
        program_id,
        status_name,
        outcome=_OUTCOME,
        done=_DONE,
        already=_ALREADY,
        moved=MemberStatus.ALREADY,
        verify=verify.find if verify else None,
        warnings=verify.warnings if verify else None,
        check=verify.check if verify else not_found,
    )


def by_campaign(
    campaign_id: int | str,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    verify: InStream | None = None,
) -> MemberAction:
    """Run leads through a trigger campaign that adds them to a stream, each once.

    :param campaign_id: an active, requestable trigger campaign.
    :param tokens: My Tokens for this run.
    :param program_id: leads that are members of this program are left out.
    """
    return smart_campaigns.member_action(
        campaign_id,
        tokens=tokens,
        program_id=program_id,
        outcome=_OUTCOME,
        done=_DONE,
        already=_ALREADY,
        verify=verify.find if verify else None,
        warnings=verify.warnings if verify else None,
        check=verify.check if verify else not_found,
    )


def enrollment(options: EnrollOptions) -> MemberAction:
    """Enroll leads in an engagement program, by status or by a campaign that adds them to a stream.

    :raises InvalidInput: naming the option that is missing, or does not go with the others.
    """
    campaign_id, program_id = options.get("campaign_id"), options.get("program_id")
    status_name, stream_name = options.get("status_name"), options.get("stream_name")
    tokens, verify = options.get("tokens"), options.get("verify", False)
    reject = options.get("on_no_effect", "fail") == "fail"
    in_stream_of = InStream(program_id, stream_name, reject=reject) if verify else None
    if stream_name and not verify:
        raise InvalidInput("stream_name", "only verify reads streams; set it to True")
    if campaign_id:
        if status_name:
            raise InvalidInput("status_name", "a requested campaign sets no status; leave it out")
        return by_campaign(campaign_id, tokens=tokens, program_id=program_id, verify=in_stream_of)
    if not program_id or not status_name:
        raise InvalidInput(
            "program_id",
            "give program_id and status_name (enrols in the first stream) or campaign_id (requests a "
            "smart campaign that enrols in the stream it names)",
        )
    if tokens:
        raise InvalidInput("tokens", "only a requested campaign takes tokens; give campaign_id")
    return by_status(program_id, status_name, verify=in_stream_of)
