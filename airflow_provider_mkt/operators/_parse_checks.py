"""Literal arguments of operators and sensors, checked when the DAG file is parsed.

An argument that is wrong in the DAG file fails the import of that file, with the words that the task would
fail with at run time. An argument with a template in it, or the output of another task, is checked when the
task runs. So are the arguments that a mapped task expands, and what only the connection tells, such as its
platform. Those in ``partial()`` are checked one by one.

One name means the same in every operator, so that a parameter is checked by its name: :data:`CHECKS`. An
operator with a parameter of its own meaning has it in ``parse_checks``. What concerns several parameters is
in ``check_arguments``.
"""

from __future__ import annotations

import functools
import inspect
import math
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeAlias, cast

from airflow.sdk.bases.operator import BaseOperator, BaseOperatorMeta

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._files import as_lines_path, as_path
from airflow_provider_mkt.operators._parameters import (
    HeldCallable,
    RejectThreshold,
    as_list,
    as_mapping,
    as_mappings,
    as_seconds,
    as_time,
    hold_callable,
    is_missing,
    optional_list,
    optional_str,
    to_bool,
)

ParseCheck: TypeAlias = Callable[[str, object], object]
"""Takes the name of a parameter and its value, and raises InvalidInput when the value is wrong."""

_NOT_PARAMETERS = frozenset({"self", "args", "kwargs"})

_ATTRIBUTES = {"dry_run": ("is_dry_run", "plan_only")}
"""Where a parameter is kept whose name is that of a method of Airflow's operators."""


class RefusedArgument(NamedTuple):
    """An argument that is wrong.

    :param task_id: of the task that has it.
    :param frames: files and lines of the calls that led to it, the outermost first.
    """

    task_id: str
    error: InvalidInput
    frames: Sequence[tuple[str, int]]


_collected: ContextVar[list[RefusedArgument] | None] = ContextVar("refused arguments", default=None)


@contextmanager
def refused_arguments() -> Iterator[list[RefusedArgument]]:
    """Collect all arguments that are wrong, instead of raising the first one."""
    found: list[RefusedArgument] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


class CheckedAtParse(BaseOperatorMeta):
    """Checks the literal arguments of an operator as soon as it is built."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            operator = super().__call__(*args, **kwargs)
        except TypeError as error:
            unknown = sorted(set(kwargs) - _parameters(cls))
            if not unknown or "nvalid arguments" not in str(error):
                raise
            # Airflow's own text has the values, which may be people's data, and no hint.
            raise TypeError(_unknown_parameters(cls, unknown, kwargs)) from None
        # A mapped task is built when it runs, and its operator checks what it was given then.
        if not kwargs.get("_airflow_from_mapped"):
            check_literals(operator)
        return operator


@functools.cache
def _parameters(operator: type) -> frozenset[str]:
    """Return the names of all parameters of an operator, those of Airflow's included."""
    return frozenset(
        name
        for base in operator.__mro__
        if "__init__" in vars(base) and base is not object
        for name in inspect.signature(vars(base)["__init__"]).parameters
    )


def _unknown_parameters(operator: type, unknown: Sequence[str], given: Mapping[str, object]) -> str:
    import difflib

    own = _parameters(operator) - set(given) - _NOT_PARAMETERS
    problems, listed = [], False
    for name in unknown:
        near = [repr(one) for one in difflib.get_close_matches(name, own, n=2)]
        problems.append(f"{name!r}" + (f" (did you mean {' or '.join(near)}?)" if near else ""))
        listed = listed or not near
    text = f"{operator.__name__} (task_id: {given.get('task_id')}) has no parameter {', '.join(problems)}"
    if listed:
        text += f". Besides Airflow's it has {', '.join(sorted(own - _parameters(BaseOperator)))}"
    return text


class Arguments:
    """The arguments of an operator, some of which are known when the DAG file is parsed.

    :param operator: whose arguments these are.
    """

    def __init__(self, operator: BaseOperator) -> None:
        self._operator = operator
        self._known: dict[str, bool] = {}

    def known(self, name: str) -> bool:
        """Tell whether the value is known, because there is no template in it."""
        if name not in self._known:
            # It may be a list of many rows, about which several checks ask.
            self._known[name] = not _is_template(self._operator, name, self[name])
        return self._known[name]

    def given(self, name: str) -> bool:
        """Tell whether a value is known, and there is one."""
        return self.known(name) and not _has_no_value(self[name])

    def missing(self, name: str) -> bool:
        """Tell whether it is known that there is no value."""
        return self.known(name) and _has_no_value(self[name])

    def one_of(self, *names: str, problem: str, field: str = "") -> None:
        """Check that exactly one of the parameters has a value.

        :param problem: what the error says.
        :param field: what it names; the first parameter when not given.
        :raises InvalidInput: when it is known that none or several have one.
        """
        if sum(map(self.given, names)) > 1 or all(map(self.missing, names)):
            raise InvalidInput(field or names[0], problem)

    def __getitem__(self, name: str) -> object:
        for attribute in (*_ATTRIBUTES.get(name, ()), name):
            if attribute in vars(self._operator):
                return vars(self._operator)[attribute]
        return getattr(self._operator, name, None)


def check_literals(operator: BaseOperator) -> None:
    """Check the arguments of an operator or a sensor that are known when the DAG file is parsed.

    :raises InvalidInput: naming the parameter that is wrong.
    """
    arguments = Arguments(operator)
    for name, required, check in _checks(type(operator)):
        if arguments.known(name):
            with _collecting(operator.task_id):
                _check(name, arguments[name], required, check)
    if check_arguments := getattr(operator, "check_arguments", None):
        with _collecting(operator.task_id):
            check_arguments(arguments)


@classmethod  # type: ignore[misc]
def checked_partial(cls: type[BaseOperator], **kwargs: Any) -> Any:
    """Begin a mapped task, whose other arguments ``expand()`` gives.

    :raises InvalidInput: naming the parameter that is wrong.
    """
    for name, required, check in _checks(cls):
        if name in kwargs and not _is_template(cls, name, kwargs[name]):
            with _collecting(str(kwargs.get("task_id"))):
                _check(name, hold_callable(kwargs[name]), required, check)
    # Airflow's own, which is no method that super() finds.
    return vars(BaseOperator)["partial"].__get__(None, cls)(**kwargs)


def _check(name: str, value: object, required: bool, check: ParseCheck) -> None:
    if required and _has_no_value(value):
        raise InvalidInput(name, "is missing or empty")
    check(name, value)


@contextmanager
def _collecting(task_id: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        found = _collected.get()
        if found is None:
            raise
        frames = [(one.filename, one.lineno or 0) for one in traceback.extract_stack()]
        found.append(RefusedArgument(task_id, error, frames))


@functools.cache
def _checks(operator: type[BaseOperator]) -> tuple[tuple[str, bool, ParseCheck], ...]:
    """Return the names of an operator's parameters, whether each is required, and its check."""
    checks = dict(CHECKS)
    for base in reversed(operator.__mro__):
        checks |= vars(base).get("parse_checks", {})
    parameters = inspect.signature(operator.__init__).parameters.values()
    return tuple(
        (one.name, one.default is inspect.Parameter.empty, checks[one.name])
        for one in parameters
        if one.name in checks
    )


def _connection_id(name: str, value: object) -> None:
    if not is_missing(value) and not isinstance(value, str):
        raise InvalidInput(name, f"must be text, the id of a connection, not {describe_type(value)}")


def _has_no_value(value: object) -> bool:
    return is_missing(value.strip() if isinstance(value, str) else value)


def _is_template(operator: BaseOperator | type[BaseOperator], name: str, value: object) -> bool:
    """Tell whether a value is known only when the task runs."""
    fields = operator.template_fields
    if name not in fields and not any(one in fields for one in _ATTRIBUTES.get(name, ())):
        return False
    return _has_template(value, tuple(operator.template_ext))


def _has_template(value: object, endings: tuple[str, ...]) -> bool:
    """Tell whether there is a template in a value, or in what it is made of, as Airflow renders it."""
    if isinstance(value, str):
        return ("{" in value and any(mark in value for mark in ("{{", "{%", "{#"))) or value.endswith(endings)
    if value is None or isinstance(value, (int, float)):
        return False
    if isinstance(value, Mapping):
        return any(_has_template(one, endings) for one in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_has_template(one, endings) for one in value)
    return hasattr(value, "iter_references") or hasattr(value, "template_fields")


def one_of(*choices: str) -> ParseCheck:
    """Return the check of a parameter with a few possible values."""

    def check(name: str, value: object) -> None:
        if not is_missing(value) and value not in choices:
            raise InvalidInput(name, f"must be one of {', '.join(choices)}")

    return check


def _flag(name: str, value: object) -> None:
    """Check a parameter that is no template field, so that text is never turned into a boolean."""
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(name, f"must be True or False, not {describe_type(value)}")


def seconds(name: str, value: object) -> None:
    """Check a number of seconds, 0 or more.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise InvalidInput(name, f"must be seconds, 0 or more, not {describe_type(value)}")


def _optional_seconds_or_text(name: str, value: object) -> None:
    if not is_missing(value):
        as_seconds(name, value)


def _optional_seconds(name: str, value: object) -> None:
    if value is not None:
        seconds(name, value)


def _at_least_one(name: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InvalidInput(name, f"must be a whole number of 1 or more, not {describe_type(value)}")


def optional_mapping(name: str, value: object) -> None:
    """Check a mapping, or JSON text of one, which may be missing.

    :raises InvalidInput: when it is anything else.
    """
    if not is_missing(value):
        as_mapping(name, value)


def _optional_mappings(name: str, value: object) -> None:
    if not is_missing(value):
        as_mappings(name, value, {})


def _records(name: str, value: object) -> None:
    """Check the shape of leads that are given; each of them is checked when the task runs."""
    if is_missing(value) or isinstance(value, HeldCallable):
        return
    as_list(name, value if isinstance(value, str) else [] if _is_iterable(value) else value)


def _suppressed(name: str, value: object) -> None:
    """Check the shape of a suppression list; text that is not JSON of a list is the path of a file."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        _records(name, value)


def _consent(name: str, value: object) -> None:
    if is_missing(value):
        return
    from airflow_provider_mkt.actions.consent import Consent
    from airflow_provider_mkt.operators._suppression import decode_consent

    wanted = decode_consent(value)
    # Which platform it is, the connection tells.
    of_marketo = isinstance(wanted, Mapping) and "fields" in wanted
    Consent.of(wanted, "marketo" if of_marketo else "hubspot")


def _is_iterable(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, (bytes, Mapping))


def _true_or_false(name: str, value: object) -> None:
    to_bool(name, value)


def _blank(name: str, value: object) -> None:
    from airflow_provider_mkt.sync.mapping import check_blank

    check_blank(cast("Any", value))


def _source_format(name: str, value: object) -> None:
    if not is_missing(value):
        from airflow_provider_mkt.sync.files import kind_of

        kind_of("", optional_str(name, value))


def _of(check: ParseCheck, *names: str) -> dict[str, ParseCheck]:
    return dict.fromkeys(names, check)


CHECKS: Mapping[str, ParseCheck] = {
    **_of(
        optional_str,
        *("about_id", "account_kind", "campaign_id", "campaign_name", "clone_to_program_name"),
        *("contact_id", "cookie", "description", "email_id", "expect_account", "explanation"),
        *("external_account_id", "external_event_id", "field", "flow_id", "folder_id", "folder_type"),
        *("form_id", "language", "lead_id", "leads_column", "list_id", "lookup_field", "name"),
        *("nurture_cadence", "object_id", "object_type", "partition_name", "program_id", "program_name"),
        *("program_status", "property_group", "push_reason", "push_source", "row_key", "send_id"),
        *("send_key", "sender", "sender_alias_address", "sender_email", "sequence_id", "series"),
        *(
            "legal_basis",
            "smart_list_id",
            "smart_list_name",
            "sql",
            "static_list_id",
            "static_list_name",
        ),
        *("status_name", "stream", "stream_name", "subscription_id", "suppress_list_id", "template_id"),
        *("user_id", "value", "variable", "variation_name", "winner_id", "workflow_id"),
    ),
    **_of(_connection_id, "conn_id", "sql_conn_id"),
    **_of(as_path, "leads_path", "source", "state_path", "tombstones_path"),
    **_of(as_lines_path, "history_path", "outcomes_path", "rejects_path", "report_path", "warnings_path"),
    **_of(
        RejectThreshold.of,
        *("canary_max_bounced", "max_bounced", "max_changed", "max_rejected", "max_removed"),
        *("max_unexplained", "min_rows"),
    ),
    **_of(
        as_time,
        "end",
        "end_at",
        "ended_at",
        "not_after",
        "publish_at",
        "run_at",
        "since",
        "start",
        "started_at",
    ),
    **_of(
        _flag,
        *("allow_backfill", "allow_older", "cancel_on_kill", "create_list", "create_missing_fields"),
        "create_missing_properties",
        *("deferrable", "fail_fast", "marketable_contacts", "wait_for_completion"),
    ),
    **_of(
        _true_or_false,
        *("allow_estimate", "allow_operational", "check_links", "dry_run", "from_all", "merge_in_crm"),
        *("recipient_time_zone", "resubscribe", "send_now", "single_page", "text_only", "verify"),
    ),
    **_of(
        seconds,
        *(
            "bulk_after",
            "lost_after",
            "max_poll_failure_time",
            "result_timeout",
            "search_wait",
            "wait_timeout",
        ),
    ),
    **_of(_optional_seconds, "late", "poll_interval"),
    **_of(_optional_seconds_or_text, "lag", "overlap", "stable_for"),
    **_of(_at_least_one, "max_concurrency", "refresh_every"),
    **_of(
        optional_mapping,
        *("assets", "campaign_defaults", "check", "column_headers", "columns", "constants"),
        *("contact_properties", "custom_properties", "event_defaults", "having", "never_back", "plan"),
        *("remove", "severity", "tokens", "types", "visitor_data"),
    ),
    **_of(_optional_mappings, "associate", "events"),
    **_of(
        optional_list,
        *("activity_type_ids", "bcc", "cc", "email_ids", "lead_ids", "loser_ids", "null_values"),
        *("primary_attribute_value_ids", "primary_attribute_values", "program_ids", "reply_to"),
        *("status_names", "statuses"),
    ),
    **_of(_records, "leads", "records"),
    **_of(_suppressed, "suppress"),
    **_of(_consent, "consent"),
    "blank": _blank,
    "source_format": _source_format,
}
"""How a parameter is checked, by its name."""
