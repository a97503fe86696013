"""Running any call of the client library by its name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import task_digest, task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._files import as_lines_path, write_rows
from airflow_provider_mkt.operators._output_formats import check_json_lines
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str, to_bool
from airflow_provider_mkt.operators._parse_checks import optional_mapping
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import (
        PageOutcome,
        RowsWrittenOutcome,
        TooLargeForXComOutcome,
    )

T = TypeVar("T")

MAX_XCOM_CHARACTERS = 48_000
"""Characters of JSON above which a result does not belong in XCom."""

_SECRETS = frozenset({"access_token", "client_secret", "id_token", "password", "refresh_token", "token"})


class NamedCallOperator(MarketingOperator):
    """Base of the operators that run any call of one platform by name.

    A call that is not safe to repeat is recorded before it is sent. When its outcome is unknown at the end
    of a try, the next try fails and reports that, once; then the user decides whether to send it again. Its
    result is kept, without secrets: a retry after a success that Airflow did not learn of returns it and
    sends nothing. Clearing the task sends the call again.

    :param conn_id: a connection of the operator's platform.
    :param call: name of the call.
    :param arguments: arguments of the call, as JSON has them.
    :param output_path: a file for the result.
    :param single_page: whether to return one page of a call with pages, and where the next one begins.
    """

    targets = (Target(RESULTS, "output_path", "output"),)

    platform: ClassVar[str]

    template_fields: Sequence[str] = (
        "conn_id",
        "call",
        "arguments",
        "output_path",
        "single_page",
    )
    template_fields_renderers = {"arguments": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "call": optional_str,
        "arguments": optional_mapping,
        "output_path": as_lines_path,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        call: str,
        arguments: Mapping[str, object] | str | None = None,
        output_path: str | None = None,
        single_page: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.call = call
        self.arguments = arguments
        self.output_path = output_path
        self.single_page = single_page

    def check_arguments(self, arguments: Arguments) -> None:
        if not arguments.given("call"):
            return
        from airflow_provider_mkt.client.registry import build, check_names

        name, given = str(arguments["call"]), as_mapping("arguments", arguments["arguments"] or {})
        if arguments.known("arguments"):
            build(self.platform, name, given)
        else:
            check_names(self.platform, name, given)

    def run_action(self, context: Context) -> object:
        from airflow_provider_mkt.client.registry import build

        name = optional_str("call", self.call)
        if name is None:
            raise InvalidInput("call", "is missing: the name of the call to run")
        call = build(self.platform, name, as_mapping("arguments", self.arguments or {}))
        with self.hook_on(self.platform) as hook:
            path = optional_str("output_path", self.output_path)
            check_json_lines("output_path", path)
            single_page = to_bool("single_page", self.single_page)
            if single_page:
                return self._page(hook, call, path)
            if call.follow is not None:
                rows = hook.iterate(call)
                return self._write_result(path, rows) if path else self._all_rows(call, rows)
            result = self._once(hook, call, task_state_of(context, hook), task_digest(context))
            if path:
                return self._write_result(path, result if isinstance(result, list) else [result])
            return self._xcom_result(call, result)

    def emit_asset_events(self, context: Context, outcome: T) -> T:
        # A platform's answer may be a person's data, which does not belong in asset events.
        return outcome

    def _once(self, hook: MarketingHook, call: Call[object], task_state: TaskState, task: str) -> object:
        from airflow_provider_mkt.actions.idempotency import send_at_most_once
        from airflow_provider_mkt.client.call import Replay

        if call.replay in (Replay.SAFE, Replay.WAIT):
            return hook.run(call)
        answers: list[object] = []

        def to_answer(answer: object) -> object:
            answers.append(answer)
            return _mask_secrets(json.loads(json_line(answer)))

        key = f"{call.name} {_digest(self.arguments)}"
        sent = send_at_most_once(key, task_state, call, to_answer=to_answer, again_when_cleared=True)
        # Airflow may consider a running worker dead and start the next try beside it.
        with hook.exclusive(f"call of {task}"):
            # What is kept for a retry has no secrets.
            kept = hook.follow(sent).value
        return answers[0] if answers else kept

    def _page(self, hook: MarketingHook, call: Call[Any], path: str | None) -> object:
        """Return or write one page, and the arguments with which the next one begins."""
        from airflow_provider_mkt.client.registry import next_arguments

        if call.follow is None:
            raise InvalidInput("single_page", f"{call.name} has no pages; leave it out")
        reply = hook.reply(call)
        following = call.next_page(reply.envelope)
        arguments = next_arguments(self.platform, call, following) if following else None
        if following and arguments is None:
            raise InvalidInput("single_page", f"{call.name} cannot begin at a page; leave it out")
        if path:
            written = self._write_result(path, reply.value)
            written["next"] = arguments
            return written
        outcome: PageOutcome = {
            "outcome": "page",
            "platform": self.platform,
            "rows": self._all_rows(call, reply.value),
            "next": arguments,
        }
        return outcome

    def _all_rows(self, call: Call[Any], rows: Iterable[object]) -> list[object]:
        """Return all rows for XCom.

        :raises InvalidInput: when they are too large, because a part of them would look complete.
        """
        lines: list[str] = []
        size = 0
        for row in rows:
            line = json_line(row)
            size += len(json.dumps(json.loads(line))) + 2
            if size > MAX_XCOM_CHARACTERS:
                raise InvalidInput(
                    "output_path",
                    f"is needed: {call.name} returns more rows than fit into XCom (more than {len(lines):,} "
                    f"rows, {MAX_XCOM_CHARACTERS:,} characters of JSON); output_path takes any number",
                )
            lines.append(line)
        return self._mask(call, [json.loads(line) for line in lines])

    def _mask(self, call: Call[Any], complete: T) -> T:
        safe: T = _mask_secrets(complete)
        if safe != complete:
            self.log.warning(
                "Secrets in the result of %s are left out of XCom; give output_path to keep them", call.name
            )
        return safe

    def _write_result(self, path: str, rows: Iterable[object]) -> RowsWrittenOutcome:
        """Write rows to a file, page by page where the call has pages."""
        count = write_rows(path, rows)
        self.log.info("Wrote %s of %s to %s", counted(count, "row"), self.call, path)
        return {"outcome": "rows_written", "platform": self.platform, "rows": count, "path": path}

    def _xcom_result(self, call: Call[object], result: object) -> object:
        """Return what of a result goes into XCom. A result that is too large does not fail the task."""
        safe = self._mask(call, json.loads(json_line(result)))
        size = len(json.dumps(safe))
        if size <= MAX_XCOM_CHARACTERS:
            return safe
        self.log.warning(
            "The result of %s is too large for XCom (%d characters of JSON); give output_path to keep it",
            call.name,
            size,
        )
        outcome: TooLargeForXComOutcome = {
            "outcome": "too_large_for_xcom",
            "platform": self.platform,
            "characters": size,
        }
        return outcome


def _mask_secrets(value: Any) -> Any:
    """Return a result without the tokens and passwords that a few calls answer with."""
    if isinstance(value, list):
        return [_mask_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            name: "***" if name in _SECRETS and item else _mask_secrets(item) for name, item in value.items()
        }
    return value


def _digest(arguments: object) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True, default=str).encode()).hexdigest()[:16]
