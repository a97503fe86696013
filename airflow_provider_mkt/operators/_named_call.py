"""Running any call of the client library by its name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._files import write_rows
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators.outcomes import RowsWrittenOutcome, TooLargeForXComOutcome

T = TypeVar("T")

MAX_XCOM_CHARACTERS = 48_000
"""Characters of JSON above which a result does not belong in XCom."""

_SECRETS = frozenset({"access_token", "client_secret", "id_token", "password", "refresh_token", "token"})


class NamedCallOperator(MarketingOperator):
    """Base of the operators that run any call of one platform by name.

    A call that is not safe to repeat is recorded before it is sent. When its outcome is unknown at the end
    of a try, the next try fails and reports that, once; then the user decides whether to send it again.

    :param conn_id: a connection of the operator's platform.
    :param call: name of the call.
    :param arguments: arguments of the call, as JSON has them.
    :param output_path: a file for the result, as JSON Lines.
    """

    platform: ClassVar[str]

    template_fields: Sequence[str] = ("conn_id", "call", "arguments", "output_path")
    template_fields_renderers = {"arguments": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        conn_id: str,
        call: str,
        arguments: Mapping[str, object] | str | None = None,
        output_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.call = call
        self.arguments = arguments
        self.output_path = output_path

    def run_action(self, context: Context) -> object:
        from airflow_provider_mkt.client.registry import build

        name = optional_str("call", self.call)
        if name is None:
            raise InvalidInput("call", "is missing: the name of the call to run")
        call = build(self.platform, name, as_mapping("arguments", self.arguments or {}))
        with self.hook_on(self.platform) as hook:
            path = optional_str("output_path", self.output_path)
            if path and call.follow is not None:
                return self._write_result(path, hook.iterate(call))
            result = self._once(hook, call, task_state_of(context))
            if path:
                return self._write_result(path, result if isinstance(result, list) else [result])
            return self._xcom_result(call, result)

    def emit_asset_events(self, context: Context, outcome: T) -> T:
        # A platform's answer may be a person's data, which does not belong in asset events.
        return outcome

    def _once(self, hook: MarketingHook, call: Call[object], task_state: TaskState) -> object:
        from airflow_provider_mkt.actions.idempotency import send_at_most_once
        from airflow_provider_mkt.client.call import Replay

        if call.replay in (Replay.SAFE, Replay.WAIT):
            return hook.run(call)
        key = f"{call.name} {_digest(self.arguments)}"
        sent = send_at_most_once(key, task_state, call, to_answer=lambda answer: answer, keep_answer=False)
        return hook.follow(sent).value

    def _write_result(self, path: str, rows: Iterable[object]) -> RowsWrittenOutcome:
        """Write rows to a file, page by page where the call has pages."""
        count = write_rows(path, rows)
        self.log.info("Wrote %d rows of %s to %s", count, self.call, path)
        return {"outcome": "rows_written", "platform": self.platform, "rows": count, "path": path}

    def _xcom_result(self, call: Call[object], result: object) -> object:
        """Return what of a result goes into XCom. A result that is too large does not fail the task."""
        complete = json.loads(json_line(result))
        safe = _mask_secrets(complete)
        if safe != complete:
            self.log.warning(
                "Secrets in the result of %s are left out of XCom; give output_path to keep them", call.name
            )
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


def _mask_secrets(value: object) -> object:
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
