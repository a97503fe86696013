"""Actions on people who are given by email address, which their calls do not take."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, record_id
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import encodable
from airflow_provider_mkt.client.redaction import describe_type

Found = Mapping[str, Sequence[str]]
"""Ids by email address in lower case. An address that nobody has is missing."""
FindByEmail = Callable[[Sequence[str]], Procedure[Found]]
"""Finds the ids of the people with each of some addresses in lower case."""

_IDS = "ids of addresses"


def accept_emails(action: MemberAction, find: FindByEmail) -> MemberAction:
    """Return the action for members who are given by id or by email address.

    Addresses are looked up chunk by chunk. An address that nobody has, or several people, is rejected. The
    ids are kept with the chunk's other marks: a retry applies the action to the same people, also where the
    killed try has deleted them.
    """

    def ids_of(members: Sequence[str], task_state: TaskState) -> Procedure[dict[str, list[str]]]:
        emails = [member for member in members if "@" in member]
        digest = hashlib.sha256("\n".join(emails).encode()).hexdigest()[:16]
        kept = task_state.get(_IDS)
        if isinstance(kept, Mapping) and kept.get("digest") == digest:
            ids = cast("list[list[str]]", kept["ids"])
        else:
            found = (yield from find(emails)) if emails else {}
            ids = [list(found.get(email, ())) for email in emails]
            if emails:
                task_state.set(_IDS, {"digest": digest, "ids": cast("Json", ids)})
        return {member: [member] for member in members} | dict(zip(emails, ids, strict=True))

    def apply(members: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        ids = yield from ids_of(members, task_state)
        wanted = list(dict.fromkeys(ids[member][0] for member in members if len(ids[member]) == 1))
        results = (yield from action.apply(wanted, task_state)) if wanted else []
        by_id = dict(zip(wanted, results, strict=True))
        return [_result(member, ids[member], by_id) for member in members]

    def find_verified(members: Sequence[str]) -> Procedure[dict[str, MemberResult]]:
        emails = [member for member in members if "@" in member]
        found = (yield from find(emails)) if emails else {}
        ids = {member: found.get(member, ()) if "@" in member else (member,) for member in members}
        shown = yield from find_ids_verified([one for few in ids.values() for one in few])
        return {
            member: replace(shown[one], member=member)
            for member, few in ids.items()
            for one in few
            if one in shown
        }

    def find_bounced(members: Sequence[str], since: float) -> Procedure[set[str]]:
        emails = [member for member in members if "@" in member]
        found = (yield from find(emails)) if emails else {}
        ids = {member: found.get(member, ()) if "@" in member else (member,) for member in members}
        wanted = [one for few in ids.values() for one in few]
        bounced: set[str] = (yield from find_ids_bounced(wanted, since)) if find_ids_bounced else set()
        return {member for member, few in ids.items() if bounced.intersection(few)}

    find_ids_bounced = action.find_bounced
    find_ids_verified = action.find_verified or _none_verified
    return replace(
        action,
        apply=apply,
        parse_id=_one_kind() if action.once_only else id_or_email,
        find_verified=find_verified if action.find_verified is not None else None,
        find_bounced=find_bounced if action.find_bounced is not None else None,
    )


def id_or_email(field: str, value: object) -> str:
    """Check the id or the email address of a lead or contact. Addresses are returned in lower case.

    :raises InvalidInput: when it is neither; the error does not contain the value.
    """
    if not (isinstance(value, str) and "@" in value):
        try:
            return record_id(field, value)
        except InvalidInput:
            msg = f"must be an id or an email address, not {describe_type(value)}"
            raise InvalidInput(field, msg) from None
    address = encodable(field, value.strip().lower())
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address.split()) != 1 or "," in address or not address.isprintable():
        raise InvalidInput(field, f"must be an id or an email address, not {describe_type(value)}")
    return address


def _one_kind() -> Callable[[str, object], str]:
    """Return a check of either ids or addresses: with both, one person could occur twice."""
    kinds: set[bool] = set()

    def check(field: str, value: object) -> str:
        checked = id_or_email(field, value)
        kinds.add("@" in checked)
        if len(kinds) > 1:
            raise InvalidInput(field, "mixes ids with email addresses; give one or the other")
        return checked

    return check


def _result(member: str, ids: Sequence[str], by_id: Mapping[str, MemberResult]) -> MemberResult:
    if not ids:
        reason = "nobody has this email address"
        return MemberResult(member, MemberStatus.REJECTED, "NOT_FOUND", reason)
    if len(ids) > 1:
        known = [one for one in ids if one]
        which = f"{len(known):,} people, with the ids {', '.join(known[:10])}," if known else "many people"
        reason = f"{which} have this email address; give an id"
        return MemberResult(member, MemberStatus.REJECTED, "SEVERAL_FOUND", reason)
    return replace(by_id[ids[0]], member=member)


def _none_verified(members: Sequence[str]) -> Procedure[dict[str, MemberResult]]:
    yield from ()
    return {}
