"""What the operators share: hook by connection, and errors in Airflow's terms."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowFailException, Asset, BaseOperator

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError, QuotaExhausted, ServerUnavailable
from airflow_provider_mkt.client.redaction import describe_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook


class MarketingOperator(BaseOperator):
    """Base of the operators that work on either platform.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    """

    template_fields: Sequence[str] = ("conn_id",)

    def __init__(self, *, conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    @functools.cached_property
    def hook(self) -> MarketingHook:
        """The hook of the connection's platform."""
        from airflow_provider_mkt.hooks.select import hook_for

        return hook_for(self.conn_id)

    def hook_on(self, platform: str) -> MarketingHook:
        """The hook, for work that one platform alone knows.

        :raises InvalidInput: when the connection is of the other one.
        """
        if self.hook.conn_type != platform:
            raise InvalidInput(
                "conn_id",
                f"connection {self.conn_id!r} is of type {self.hook.conn_type}; only {platform} knows this",
            )
        return self.hook

    def execute(self, context: Context) -> Any:
        """Do the work, with errors in Airflow's terms."""
        with self.airflow_errors():
            return self.emit_asset_events(context, self.work(context))

    def emit_asset_events(self, context: Context, outcome: Any) -> Any:
        """Put the outcome's counts and paths into the events of the task's assets, and return it."""
        events = context.get("outlet_events")
        if events is None or not isinstance(outcome, Mapping):
            return outcome
        details: dict[str, Any] = {
            name: value for name, value in outcome.items() if isinstance(value, (bool, int, float, str))
        }
        if isinstance(reasons := outcome.get("reasons"), Mapping):
            details["reasons"] = dict(reasons)
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                events[outlet].extra.update(details)
        return outcome

    def work(self, context: Context) -> Any:
        """What the operator does."""
        raise NotImplementedError

    def resume(self, context: Context, event: Any = None) -> Any:
        """Go on after a wait for the quota's reset."""
        return self.execute(context)

    @contextmanager
    def airflow_errors(self) -> Iterator[None]:
        """Turn what cannot get better by a retry into a failure that uses none up.

        An exhausted quota defers the task until there are calls again. Everything else is left to the
        task's own retries.
        """
        try:
            yield
        except QuotaExhausted as error:
            self._come_back(error.resets_at, error)
        except ServerUnavailable as error:
            if error.retry_at is None:
                raise
            self._come_back(error.retry_at, error)
        except PlatformError as error:
            if error.permanent:
                raise AirflowFailException(str(error)) from error
            raise

    def _come_back(self, moment: datetime, error: PlatformError) -> NoReturn:
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.log.warning("%s. The task comes back at %s", error, moment.isoformat(timespec="minutes"))
        self.defer(trigger=DateTimeTrigger(moment=max(moment, datetime.now(UTC))), method_name="resume")
        raise AssertionError  # pragma: no cover - defer raises


def as_list(field: str, value: Any) -> list[Any]:
    """A templated list: any iterable but text and mappings, or JSON text of a list, which is what a
    template renders without native objects.

    :raises InvalidInput: naming the field and the value's shape.
    """
    decoded = decoded_json(field, value, "a list")
    if isinstance(decoded, (str, bytes, Mapping)) or not isinstance(decoded, Iterable):
        raise InvalidInput(field, f"must be a list, not {describe_type(decoded)}")
    return list(decoded)


def as_mapping(field: str, value: Any) -> dict[str, Any]:
    """A templated mapping: a mapping, or JSON text of one.

    :raises InvalidInput: naming the field and the value's shape.
    """
    decoded = decoded_json(field, value, "a mapping")
    if not isinstance(decoded, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(decoded)}")
    return dict(decoded)


def decoded_json(field: str, value: Any, wanted: str) -> Any:
    """A templated value that text stands for as JSON.

    :param wanted: what it should be, for the error.
    :raises InvalidInput: on text that is no JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise InvalidInput(field, f"must be {wanted}, not {describe_type(value)}") from None


def optional_str(field: str, value: Any) -> str | None:
    """A templated id or name: text or a whole number; empty counts as not given.

    What a task returned with such an id under the field's own name stands for the id, so that
    ``email_id=clone.output`` is what it looks like.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, Mapping) and field in value:
        value = value[field]
    if value is None or (isinstance(value, str) and value.strip() in ("", "None")):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(field, f"must be text or a whole number, not {describe_type(value)}")
    return str(value).strip()


def required_str(field: str, value: Any) -> str:
    """A templated id or name that must be there.

    :raises InvalidInput: when it is not.
    """
    text = optional_str(field, value)
    if text is None:
        raise InvalidInput(field, "is missing or empty")
    return text


def as_time(field: str, value: Any) -> datetime | None:
    """A templated time: a datetime, or ISO 8601 text with its offset.

    :raises InvalidInput: when it is no time, or one without offset, which could mean any time zone.
    """
    if value is None or value in ("", "None"):
        return None
    if isinstance(value, str):
        import pendulum

        try:
            parsed = pendulum.parse(value, tz=None)
        except ValueError:
            raise InvalidInput(field, f"must be an ISO 8601 time, not {describe_type(value)}") from None
        value = parsed
    if not isinstance(value, datetime):
        raise InvalidInput(field, f"must be a time, not {describe_type(value)}")
    if value.tzinfo is None:
        raise InvalidInput(field, "has no offset; write it as 2026-01-31T09:00:00+01:00 or with Z")
    return value.astimezone(UTC)


def to_bool(field: str, value: Any) -> bool:
    """A templated boolean.

    :raises InvalidInput: when it is neither.
    """
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("true", "1", "yes"):
        return True
    if text in ("false", "0", "no", "", "none"):
        return False
    raise InvalidInput(field, f"must be true or false, not {describe_type(value)}")
