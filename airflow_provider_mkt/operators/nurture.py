"""Operators that enrol people in nurture programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath

from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.redact import shape
from airflow_provider_mkt.operators._base import MarketingOperator, as_list, as_mapping, as_text
from airflow_provider_mkt.operators._files import ledger_path, open_for_reading, open_for_writing
from airflow_provider_mkt.operators._limits import Allowance
from airflow_provider_mkt.operators._memory import task_memory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.outcomes import Enrolment


class EnrollNurtureOperator(MarketingOperator):
    """Enrol leads in a nurture program. Someone who is in it already is an outcome, not a failure.

    HubSpot: the legacy nurturing campaign ``campaign_id`` (a GUID); leads are lead GUIDs, and the
    connection must allow legacy calls. Marketo, first stream: ``program_id`` and ``status_name``, a
    status of the engagement program's channel. Marketo, a chosen stream: ``campaign_id``, an active
    trigger campaign that adds people to that stream; with ``program_id`` too, its members are left out.

    Safe to run again: a request whose answer was lost is looked for before anyone is enrolled a
    second time, and what stays unknown fails the task and is not repeated by itself.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param leads: lead ids (Marketo) or lead GUIDs (HubSpot).
    :param leads_path: instead of ``leads``: the outcomes file of a ``SyncLeadsOperator``; its created,
        updated and skipped leads are enrolled.
    :param campaign_id: HubSpot nurturing campaign, or Marketo trigger campaign.
    :param program_id: Marketo engagement program.
    :param status_name: Marketo program status.
    :param tokens: Marketo My Tokens for a requested campaign, ``{{my.name}}`` to value.
    :param max_rejected: how many refused leads are fine: a number, or a share (0.05 or ``"5%"``).
    :param rejects_path: where refused leads are written as JSON Lines; a file on this machine when not
        given. No file where there are none.
    :returns: ``total``, ``enrolled``, ``already_enrolled``, ``rejected``, ``unknown``, ``reasons`` and
        ``rejects``.
    :raises AirflowFailException: when more leads were refused than allowed, or an outcome is unknown.

    Source: HubSpot ``POST /nurture/v1/campaign/{campaign_guid}/add``; Marketo
    ``POST /rest/v1/programs/{programId}/members/status.json`` and
    ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "leads",
        "leads_path",
        "campaign_id",
        "program_id",
        "status_name",
        "tokens",
        "max_rejected",
        "rejects_path",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[str | int] | str | None = None,
        leads_path: str | None = None,
        campaign_id: str | int | None = None,
        program_id: str | int | None = None,
        status_name: str | None = None,
        tokens: Mapping[str, str] | str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = leads
        self.leads_path = leads_path
        self.campaign_id = campaign_id
        self.program_id = program_id
        self.status_name = status_name
        self.tokens = tokens
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path

    def work(self, context: Context) -> dict[str, Any]:
        allowance = Allowance.of("max_rejected", self.max_rejected)
        leads = list(dict.fromkeys(self._leads()))
        if not leads:
            raise InvalidInput("leads", "is empty: nobody to enrol")
        campaign_id = as_text("campaign_id", self.campaign_id)
        program_id = as_text("program_id", self.program_id)
        with self.hook as hook, hook.exclusive(f"enroll {campaign_id or program_id}"):
            enrolments = hook.follow(
                hook.enroll(
                    task_memory(context),
                    leads,
                    campaign_id=campaign_id,
                    program_id=program_id,
                    status_name=as_text("status_name", self.status_name),
                    tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
                )
            )
        try:
            outcome = self._outcome(context, hook.conn_type, enrolments)
        except Exception as error:
            if any(one.outcome.value == "unknown" for one in enrolments):
                # Another try would take the person it was to tell for told, and enrol again.
                msg = f"whether leads were enrolled is unknown, and their list was not written: {error}"
                raise AirflowFailException(msg) from error
            raise
        self.log.info(
            "%(total)d leads: %(enrolled)d enrolled, %(already_enrolled)d were in it already, "
            "%(rejected)d rejected, %(unknown)d unknown",
            outcome,
        )
        self._judge(context, outcome, allowance)
        return outcome

    def _leads(self) -> Iterator[str]:
        if (self.leads is None) == (self.leads_path is None):
            raise InvalidInput("leads", "give either leads or leads_path")
        if self.leads_path is not None:
            yield from _leads_of_file(self.leads_path)
            return
        for index, lead in enumerate(as_list("leads", self.leads)):
            text = as_text(f"leads[{index}]", lead)
            if text is None:
                raise InvalidInput(f"leads[{index}]", f"is no lead: {shape(lead)}")
            yield text

    def _outcome(self, context: Context, platform: str, enrolments: Sequence[Enrolment]) -> dict[str, Any]:
        counts = Counter(enrolment.outcome.value for enrolment in enrolments)
        refused = [one for one in enrolments if one.outcome.value in ("rejected", "unknown")]
        path = None
        if refused:
            path = ledger_path(context, self.rejects_path, "rejects")
            with open_for_writing(path) as file:
                for one in refused:
                    line = {
                        "lead": one.lead,
                        "outcome": one.outcome.value,
                        "code": one.code,
                        "reason": one.reason,
                    }
                    file.write(json.dumps(line) + "\n")
        return {
            "outcome": "nurture_enrollment",
            "platform": platform,
            "total": len(enrolments),
            **{name: counts[name] for name in ("enrolled", "already_enrolled", "rejected", "unknown")},
            "reasons": dict(Counter(one.code or "UNKNOWN" for one in refused).most_common(50)),
            "rejects": path,
        }

    def _judge(self, context: Context, outcome: dict[str, Any], allowance: Allowance) -> None:
        problems = []
        if outcome["unknown"]:
            problems.append(
                f"whether {outcome['unknown']} leads were enrolled is unknown; clear the task to look again"
            )
        if not allowance.allows(outcome["rejected"], outcome["total"]):
            problems.append(
                f"{outcome['rejected']} of {outcome['total']} leads were rejected, allowed: {allowance}"
            )
        if problems:
            context["ti"].xcom_push(key="return_value", value=outcome)
            msg = f"{'; '.join(problems)}. See {outcome['rejects']}"
            raise AirflowFailException(msg)


def _leads_of_file(path: str) -> Iterator[str]:
    with open_for_reading(ObjectStoragePath(path)) as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                outcome, lead = row["outcome"], str(row.get("id") or "")
            except (ValueError, KeyError, TypeError, AttributeError):
                raise InvalidInput("leads_path", f"line {number} is no line of an outcomes file") from None
            if outcome != "rejected" and lead:
                yield lead
