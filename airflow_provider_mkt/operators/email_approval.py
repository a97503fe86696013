"""The operator that has a person approve an email before it is sent."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.links.targets import ApprovalLink, CheckedEmailLink
from airflow_provider_mkt.operators._parameters import as_mapping, as_time, is_missing
from airflow_provider_mkt.version_compat import HUMAN_IN_THE_LOOP, AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import BaseNotifier, Context

    from airflow_provider_mkt.operators.outcomes import EmailApprovalOutcome

if TYPE_CHECKING or HUMAN_IN_THE_LOOP:
    from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
else:
    # So that the module can be imported: the operator says in its constructor what is missing.
    ApprovalOperator = HITLOperator = BaseOperator

_MARGIN = timedelta(minutes=1)
"""How long before ``not_after`` an answer has to come: the email is sent after it."""
_NO_RESPONSE = ("fail", "skip")
_SHOWN = "shown"
"""Key of the XCom that says what the person is shown: a check can be made again during the wait."""
# Before release 1.13 of the standard provider, which the constraints of Airflow 3.1 do not have, the wait for
# an answer ends by the time limit of the task.
_TIMEOUT = (
    "response_timeout"
    if "response_timeout" in inspect.signature(HITLOperator).parameters
    else "execution_timeout"
)


class ApproveEmailOperator(ApprovalOperator):
    """Have a person approve an email before it is sent. Needs Airflow 3.1 or later.

    The task shows the preview of the check on Airflow's page *Required Actions*, and waits without a worker.
    The approval holds for the fingerprint that was checked: give it to the operator that sends, as
    ``approval``, which refuses an email that was changed since.

    A rejection skips the tasks that follow directly, and so those after them. A check with an error is never
    put up for approval. It asks again when the task is cleared.

    :param check: the outcome of :class:`~airflow_provider_mkt.operators.email_checks.CheckEmailOperator`:
        ``check.output``.
    :param approve_above: ask only when the audience has more people than this, when its size is not known,
        or when the check has a warning. It always asks when not given.
    :param assigned_users: the Airflow users who may answer, each as ``{"id": ..., "name": ...}``. Airflow
        refuses the answer of anybody else. Anybody who may edit the DAG run when not given.
    :param response_timeout: how long to wait for an answer. Without an answer nothing is sent. On Airflow 3.1
        with a standard provider before 1.13 it replaces ``execution_timeout``.
    :param not_after: the time after which the email must not be sent: an aware datetime or ISO 8601 text with
        offset. The wait ends a minute before it.
    :param on_no_response: ``fail``: the task fails when nobody answers in time. ``skip``: it counts as a
        rejection.
    :param notifiers: Airflow notifiers that are called before the wait, e.g. to send a message.
    :param ignore_downstream_trigger_rules: skip all tasks that follow after a rejection, whatever their
        trigger rule.
    :returns: :class:`.EmailApprovalOutcome`: ``approved``, ``requested``, ``approved_by``, ``answered_at``,
        ``note``, ``fingerprint``, ``audience``, ``approve_above`` and ``target``.
    :raises AirflowFailException: when the check has an error, ``not_after`` is too near, nobody answers, or
        the check was made again during the wait and found another email or audience.

    Source: none, it makes no calls.
    """

    operator_extra_links = (ApprovalLink(), CheckedEmailLink())

    template_fields: Sequence[str] = ("check", "approve_above", "not_after")
    template_fields_renderers = {"check": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        check: object,
        approve_above: int | str | None = None,
        assigned_users: Sequence[Mapping[str, str]] | None = None,
        response_timeout: timedelta = timedelta(hours=24),
        not_after: datetime | str | None = None,
        on_no_response: str = "fail",
        notifiers: Sequence[BaseNotifier] | BaseNotifier = (),
        ignore_downstream_trigger_rules: bool = False,
        **kwargs: Any,
    ) -> None:
        _check_airflow()
        if on_no_response not in _NO_RESPONSE:
            raise InvalidInput("on_no_response", f"must be one of {', '.join(_NO_RESPONSE)}")
        if not isinstance(response_timeout, timedelta) or response_timeout <= timedelta():
            problem = f"must be a timedelta of more than 0, not {describe_type(response_timeout)}"
            raise InvalidInput("response_timeout", problem)
        from airflow.sdk import Param

        # Airflow adds the DAG's own parameters again, and leaves them out of the form.
        kwargs.pop("params", None)
        super().__init__(
            # Not templates: a preview has the email's own {{ tokens }}. So they are set when the task runs.
            subject="Send the email?",
            body=None,
            # On every version of Airflow the answer that is given when nobody answers.
            defaults=[ApprovalOperator.REJECT],
            params={"note": Param(None, type=["string", "null"], title="Note")},
            notifiers=notifiers,
            assigned_users=_users(assigned_users),
            ignore_downstream_trigger_rules=ignore_downstream_trigger_rules,
            **{**kwargs, _TIMEOUT: response_timeout},
        )
        self.check = check
        self.approve_above = approve_above
        self.not_after = not_after
        self.on_no_response = on_no_response

    def execute(self, context: Context) -> Any:
        """Ask, unless the audience is small and the check found nothing."""
        try:
            checked = _Checked.of(self.check)
            limit, not_after = _limit(self.approve_above), as_time("not_after", self.not_after)
        except InvalidInput as error:
            raise AirflowFailException(str(error)) from error
        if checked.status == "error":
            message = f"not put up for approval: {'; '.join(checked.problems('error'))}"
            raise AirflowFailException(message)
        if checked.may_pass(limit):
            self.log.info(
                "%s recipients, and approve_above is %s: no approval is needed", checked.audience, limit
            )
            return self._outcome(checked, approved=True, requested=False)
        if not_after is not None:
            self._end_before(not_after)
        self.subject, self.body = checked.question, checked.preview
        context["ti"].xcom_push(key=_SHOWN, value=checked.shown)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Return the answer, and skip what follows after a rejection."""
        if "error" in event:
            return super().execute_complete(context, event)
        checked = _Checked.of(self.check)
        ti = context["ti"]
        shown = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index, key=_SHOWN)
        if shown is not None and shown != checked.shown:
            message = (
                "the check was made again while this task waited, and found another email or audience than "
                "the person was shown; nothing is sent. Clear this task to have the new check approved"
            )
            raise AirflowFailException(message)
        outcome = self._outcome(
            checked,
            approved=list(event["chosen_options"]) == [ApprovalOperator.APPROVE],
            timed_out=bool(event.get("timedout")),
            user=event.get("responded_by_user"),
            at=event.get("responded_at"),
            note=(event.get("params_input") or {}).get("note"),
        )
        if outcome["timed_out"]:
            self.log.warning("Nobody answered in time: nothing is sent")
            if self.on_no_response == "fail":
                message = f"{checked.question} Nobody answered in time, so nothing is sent"
                context["ti"].xcom_push(key="return_value", value=outcome)
                raise AirflowFailException(message)
        else:
            answer = "Approved" if outcome["approved"] else "Rejected"
            self.log.info("%s by %s", answer, outcome["approved_by"])
        if not outcome["approved"]:
            # Skipping ends the task with an exception, so that nothing is returned.
            context["ti"].xcom_push(key="return_value", value=outcome)
        super().execute_complete(context, event)
        return outcome

    def _end_before(self, not_after: datetime) -> None:
        left = not_after - datetime.now(UTC) - _MARGIN
        if left <= timedelta():
            message = f"not put up for approval: it must not be sent after {not_after.isoformat()}"
            raise AirflowFailException(message)
        if left < getattr(self, _TIMEOUT):
            self.log.info("The wait for an answer ends before not_after, %s", not_after.isoformat())
            setattr(self, _TIMEOUT, left)

    def _outcome(
        self,
        checked: _Checked,
        *,
        approved: bool,
        requested: bool = True,
        timed_out: bool = False,
        user: Mapping[str, str] | None = None,
        at: object = None,
        note: object = None,
    ) -> EmailApprovalOutcome:
        moment = at if isinstance(at, datetime) else datetime.now(UTC)
        return {
            "outcome": "email_approval",
            "approved": approved,
            "requested": requested,
            "timed_out": timed_out,
            "approved_by": None if user is None else str(user.get("name") or user.get("id")),
            "answered_at": moment.astimezone(UTC).isoformat(timespec="seconds"),
            "note": str(note or ""),
            "fingerprint": checked.fingerprint,
            "audience": checked.audience,
            "approve_above": _limit(self.approve_above),
            "target": checked.target,
        }


class _Checked:
    """What is used of a check's outcome.

    :param audience: how many people get the email at most; None when that is not known.
    """

    def __init__(
        self,
        status: str,
        checks: Sequence[Mapping[str, object]],
        audience: int | None,
        fingerprint: str,
        preview: str,
        target: dict[str, str],
        name: str,
    ) -> None:
        self.status, self.checks, self.audience = status, checks, audience
        self.fingerprint, self.preview, self.target, self.name = fingerprint, preview, target, name

    @classmethod
    def of(cls, value: object) -> _Checked:
        """Read the outcome of a check.

        :raises InvalidInput: when it is not one.
        """
        if is_missing(value):
            raise InvalidInput("check", "is missing: give it the output of CheckEmailOperator")
        check = as_mapping("check", value)
        for name in ("status", "fingerprint", "preview"):
            if not isinstance(check.get(name), str) or not check[name]:
                problem = f"is {describe_type(check.get(name))}; check must be CheckEmailOperator's output"
                raise InvalidInput(f"check.{name}", problem)
        if check["status"] not in ("ok", "warning", "error"):
            raise InvalidInput("check.status", "must be ok, warning or error")
        target = check.get("target")
        return cls(
            check["status"],
            [one for one in check.get("checks") or () if isinstance(one, Mapping)],
            audience_of(check),
            check["fingerprint"],
            check["preview"],
            {str(key): str(one) for key, one in target.items()} if isinstance(target, Mapping) else {},
            str(check.get("name") or ""),
        )

    @property
    def shown(self) -> dict[str, str | int | None]:
        """What an answer holds for."""
        return {"fingerprint": self.fingerprint, "audience": self.audience}

    @property
    def question(self) -> str:
        """The question to the person."""
        email = f"{self.name!r}" if self.name else " ".join(self.target.values()) or "the email"
        whom = "an unknown number of people" if self.audience is None else counted(self.audience, "person")
        return f"Send {email} to {whom}?"

    def may_pass(self, limit: int | None) -> bool:
        """Whether it may be sent without an approval, when up to *limit* people get the email."""
        return (
            limit is not None and self.status == "ok" and self.audience is not None and self.audience <= limit
        )

    def problems(self, severity: str) -> list[str]:
        """Return what is wrong, for each check that failed with a severity."""
        failed = [one for one in self.checks if one.get("severity") == severity and not one.get("ok")]
        return [str(one.get("text") or one.get("id")) for one in failed] or ["the check has an error"]


def audience_of(check: Mapping[str, object]) -> int | None:
    """Return how many people at most get an email, from the outcome of its check; None when not known."""
    audience = check.get("audience")
    if not isinstance(audience, Mapping):
        return None
    for name in ("at_most", "total"):
        number = audience.get(name)
        if isinstance(number, int) and not isinstance(number, bool):
            return number
    return None


def _limit(value: object) -> int | None:
    if is_missing(value):
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal():
        problem = f"must be a whole number, 0 or more, not {describe_type(value)}"
        raise InvalidInput("approve_above", problem)
    return int(text)


def _users(users: Sequence[Mapping[str, str]] | None) -> Any:
    if users is None:
        return None
    if not users or isinstance(users, (str, Mapping)):
        problem = f"must be a list of mappings of id and name, not {describe_type(users)}"
        raise InvalidInput("assigned_users", problem)
    for index, user in enumerate(users):
        if not isinstance(user, Mapping) or not all(isinstance(user.get(one), str) for one in ("id", "name")):
            problem = f"must be a mapping of id and name, not {describe_type(user)}"
            raise InvalidInput(f"assigned_users[{index}]", problem)
    return [{"id": user["id"], "name": user["name"]} for user in users]


def _check_airflow() -> None:
    """Check that a task can wait for a person.

    :raises AirflowOptionalProviderFeatureException: when this Airflow is too old.
    """
    from importlib.metadata import version

    from airflow_provider_mkt.version_compat import AirflowOptionalProviderFeatureException

    if not HUMAN_IN_THE_LOOP:
        message = (
            "ApproveEmailOperator needs Airflow 3.1 or later, where a task can wait for a person; this is "
            f"Airflow {version('apache-airflow-core')}"
        )
        raise AirflowOptionalProviderFeatureException(message)
