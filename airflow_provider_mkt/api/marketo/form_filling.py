"""Filling out a form for a person, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from airflow_provider_mkt.api.call import Json
from airflow_provider_mkt.api.errors import InvalidRequest
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import lead_intake
from airflow_provider_mkt.api.marketo.answers import RecordResult
from airflow_provider_mkt.api.once import at_most_once


def submit(
    form_id: int | str,
    fields: Mapping[str, Any],
    memory: Memory,
    *,
    program_id: int | str | None = None,
    visitor_data: Mapping[str, str] | None = None,
    cookie: str | None = None,
    clock: Callable[[], float] = time.time,
) -> Flow[dict[str, str]]:
    """Fill out a form. After a lost answer or a killed worker it is not filled out again.

    :param form_id: the form.
    :param fields: REST field names to values; ``email`` is needed.
    :param memory: what the task's earlier tries did.
    :param program_id: the program to add the person to.
    :param visitor_data: as :func:`.lead_intake.submit_form` takes it.
    :param cookie: value of the browser's ``_mkto_trk`` cookie.
    :returns: ``lead_id``, and its ``status``: ``created`` or ``updated``.
    :raises InvalidRequest: when the form was not accepted.
    :raises NotRepeated: when nobody can tell whether it was.
    """
    key = f"submit form {form_id}"
    call = lead_intake.submit_form(
        form_id, fields, program_id=program_id, visitor_data=visitor_data, cookie=cookie
    )
    told = yield from at_most_once(key, memory, call, plain=_told, clock=clock)
    answer = cast("dict[str, str]", told)
    if answer["status"] in ("created", "updated"):
        return answer
    memory.set(key, None)
    raise InvalidRequest(
        answer.get("reason") or f"form {form_id} was not accepted: {answer['status'] or 'no reason given'}",
        platform="marketo",
        call=call.name,
        code=answer.get("code", ""),
    )


def _told(result: RecordResult) -> Json:
    told: dict[str, Json] = {"lead_id": str(result.id or ""), "status": result.status.lower()}
    if (why := result.why()) is not None:
        told |= {"code": why.code, "reason": why.message}
    return told
