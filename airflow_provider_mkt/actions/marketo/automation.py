"""Enroll leads in an engagement program: by status, or by requesting a campaign that adds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from airflow_provider_mkt.actions.marketo import programs as program_actions
from airflow_provider_mkt.actions.marketo import smart_campaigns
from airflow_provider_mkt.actions.members import MemberAction, MemberStatus
from airflow_provider_mkt.actions.ports import EnrollOptions
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.call import numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.programs import programs

_OUTCOME, _DONE, _ALREADY = "nurture_enrollment", "enrolled", "already_enrolled"

Verify = Callable[[Sequence[str]], Procedure[set[str]]]


def by_status(program_id: int | str, status_name: str, *, verify: Verify | None = None) -> MemberAction:
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
        verify=verify,
    )


def by_campaign(
    campaign_id: int | str,
    *,
    tokens: Mapping[str, str] | None = None,
    program_id: int | str | None = None,
    verify: Verify | None = None,
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
        verify=verify,
    )


def in_stream(program_id: int | str | None, stream_name: str | None) -> Verify:
    """Make a check of which leads are in a stream of an engagement program.

    :param program_id: the program.
    :param stream_name: the stream; any when None.
    :raises InvalidInput: without a program.
    """
    if program_id is None:
        raise InvalidInput("program_id", "is missing: the engagement program whose streams are read")
    number = numeric_id("programs.members", "program_id", program_id)

    def find(people: Sequence[str]) -> Procedure[set[str]]:
        rows = yield Pages(
            programs.members(
                number, lead_ids=[int(person) for person in people], fields=("leadId", "trackName")
            )
        )
        return {
            str(row["leadId"])
            for row in rows
            if (row.get("trackName") == stream_name if stream_name else row.get("trackName"))
        }

    return find


def enrollment(options: EnrollOptions) -> MemberAction:
    """Enroll leads in an engagement program, by status or by a campaign that adds them to a stream.

    :raises InvalidInput: naming the option that is missing, or does not go with the others.
    """
    campaign_id, program_id = options.get("campaign_id"), options.get("program_id")
    status_name, stream_name = options.get("status_name"), options.get("stream_name")
    tokens, verify = options.get("tokens"), options.get("verify", False)
    in_stream_of = in_stream(program_id, stream_name) if verify else None
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
