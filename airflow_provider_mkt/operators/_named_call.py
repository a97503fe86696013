"""Running a call that a DAG names."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import MarketingOperator, as_mapping, optional_str
from airflow_provider_mkt.operators._files import write_rows
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.sync.jsonl import json_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.hooks.base import MarketingHook

LARGEST_RESULT = 48_000
"""Characters of JSON above which a result does not belong into XCom."""


_SECRETS = frozenset({"access_token", "client_secret", "id_token", "password", "refresh_token", "token"})


class NamedCallOperator(MarketingOperator):
    """Base of the operators that run any call of one platform by name.

    A call that must not be repeated blindly is remembered before it is sent. Where a try of the task
    ended without knowing what became of it, the next one fails and says so, once; what to do then is a
    person's decision.
    """

    platform: ClassVar[str]

    template_fields: Sequence[str] = ("conn_id", "call", "arguments", "output_path")
    template_fields_renderers = {"arguments": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        conn_id: str,
        call: str,
        arguments: Mapping[str, Any] | str | None = None,
        output_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.call = call
        self.arguments = arguments
        self.output_path = output_path

    def work(self, context: Context) -> Any:
        from airflow_provider_mkt.client.registry import build

        name = optional_str("call", self.call)
        if name is None:
            raise InvalidInput("call", "is missing: which call is to be run")
        call = build(self.platform, name, as_mapping("arguments", self.arguments or {}))
        with self.hook as hook:
            if hook.conn_type != self.platform:
                raise InvalidInput(
                    "conn_id", f"connection {self.conn_id!r} is of type {hook.conn_type}, not {self.platform}"
                )
            path = optional_str("output_path", self.output_path)
            if path and call.follow is not None:
                return self._written(path, hook.iterate(call))
            result = self._once(hook, call, task_state_of(context))
            if path:
                return self._written(path, result if isinstance(result, list) else [result])
            return self._fit_for_xcom(call, result)

    def emit_asset_events(self, context: Context, outcome: Any) -> Any:
        # What a platform answers may be a person's data, which has no place in asset events.
        return outcome

    def _once(self, hook: MarketingHook, call: Call[Any], task_state: TaskState) -> Any:
        from airflow_provider_mkt.actions.idempotency import send_at_most_once
        from airflow_provider_mkt.client.call import Replay

        if call.replay in (Replay.SAFE, Replay.WAIT):
            return hook.run(call)
        key = f"{call.name} {_digest(self.arguments)}"
        sent = send_at_most_once(key, task_state, call, to_answer=lambda answer: answer, keep_answer=False)
        return hook.follow(sent).value

    def _written(self, path: str, rows: Iterable[Any]) -> dict[str, Any]:
        """Write rows to a file, a page at a time where they come in pages."""
        count = write_rows(path, rows)
        self.log.info("%s: %d rows written to %s", self.call, count, path)
        return {"outcome": "rows_written", "platform": self.platform, "rows": count, "path": path}

    def _fit_for_xcom(self, call: Call[Any], result: Any) -> Any:
        whole = json.loads(json_line(result))
        shown = _without_secrets(whole)
        if shown != whole:
            self.log.warning(
                "Secrets in the result of %s are left out of XCom; give output_path to keep them", call.name
            )
        size = len(json.dumps(shown))
        if size <= LARGEST_RESULT:
            return shown
        # The call is done by now, so this is no reason to fail.
        self.log.warning(
            "The result of %s is %d characters of JSON, too large for XCom; give output_path to keep it",
            call.name,
            size,
        )
        return {"outcome": "too_large_for_xcom", "platform": self.platform, "characters": size}


def _without_secrets(value: Any) -> Any:
    """A result without the tokens and passwords that a few calls answer with: XCom is no place for them."""
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {
            name: "***" if name in _SECRETS and one else _without_secrets(one) for name, one in value.items()
        }
    return value


def _digest(arguments: Any) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True, default=str).encode()).hexdigest()[:16]
