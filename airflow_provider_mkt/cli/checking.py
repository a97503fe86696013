"""Checks DAG files: arguments that operators refuse, and fields that an account does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mkt.cli.dag_files import load_folder, summarize
from airflow_provider_mkt.client.wording import counted

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import KnownFields
    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import RefusedArgument


@dataclass
class Report:
    """What a check has found.

    :param dags: how many DAGs were loaded.
    :param tasks: how many tasks of this provider they have.
    :param problems: a line for each, with the place.
    """

    dags: int = 0
    tasks: int = 0
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return the last line of the output."""
        found = counted(len(self.problems), "problem")
        return f"{counted(self.dags, 'DAG')}, {counted(self.tasks, 'task')} of this provider: {found}"


def check_dag_files(paths: Sequence[Path], *, schema: bool = False) -> Report:
    """Load the DAGs of files and folders, and check the tasks of this provider.

    Every literal argument that is not valid is a problem. In Airflow the first one is an error of the import
    of its file, as every other error in the file is.

    :param schema: read which fields the accounts have, and check those that mappings name.
    """
    report, schemas = Report(), _Schemas() if schema else None
    for path in paths:
        _check(path, report, schemas)
    return report


def _check(folder: Path, report: Report, schemas: _Schemas | None) -> None:
    from airflow_provider_mkt.operators._parse_checks import refused_arguments

    with refused_arguments() as refused:
        dags, errors = load_folder(folder)
    report.dags += len(dags)
    report.problems += [_describe(one, folder) for one in refused]
    for file, traceback in sorted(errors.items()):
        path = folder if folder.is_file() else folder / file
        report.problems.append(f"{path}: {summarize(traceback, path)}")
    for dag_id, dag in sorted(dags.items()):
        for task in dag.tasks:
            arguments = arguments_of(task)
            if arguments is None:
                continue
            report.tasks += 1
            if schemas is not None:
                place = f"{dag.fileloc}: {dag_id}.{task.task_id}"
                report.problems += [f"{place}: {one}" for one in schemas.problems(task, arguments)]


def _describe(refused: RefusedArgument, folder: Path) -> str:
    """Return a line about an argument, with the innermost place in the files that are checked."""
    places = [(file, line) for file, line in refused.frames if Path(file).is_relative_to(folder)]
    file, line = places[-1] if places else (str(folder), 0)
    return f"{file}: {refused.task_id}: {refused.error}{f' (line {line})' if line else ''}"


def arguments_of(task: Any) -> Mapping[str, Any] | None:
    """Return the arguments of a task of this provider; None for other tasks."""
    from airflow_provider_mkt.operators._base import MarketingOperator
    from airflow_provider_mkt.sensors._base import WaitingSensor

    ours = (MarketingOperator, WaitingSensor)
    if isinstance(task, ours):
        return vars(task)
    kind = getattr(task, "operator_class", None)
    return task.partial_kwargs if isinstance(kind, type) and issubclass(kind, ours) else None


class _Named(NamedTuple):
    """Where the arguments of an operator name fields.

    :param written: mappings with fields as keys, and lists of fields, that are written. The fields of
        ``columns`` are its values.
    :param read: lists of fields that are read.
    :param object_type: the argument that names the object type; empty for leads.
    :param when: an argument and its value without which the fields are not used.
    """

    written: Sequence[str] = ()
    read: Sequence[str] = ()
    object_type: str = ""
    when: tuple[str, str] | None = None


_MAPPING = ("columns", "constants", "types", "blank")
_SYNC = (*_MAPPING, "never_back", "only_if_empty")
_NAMED: Mapping[str, _Named] = {
    "SyncLeadsOperator": _Named(_SYNC),
    "SyncObjectsOperator": _Named(_SYNC, object_type="object_type"),
    "ImportLeadsOperator": _Named(_MAPPING),
    "PushLeadsOperator": _Named(_MAPPING),
    # It only finds people, unless it creates those who are missing.
    "SyncListOperator": _Named(_MAPPING, when=("missing", "create")),
    "ExportLeadsOperator": _Named(read=("fields",)),
    "ExportListMembersOperator": _Named(read=("fields",)),
    "ExportObjectsOperator": _Named(
        read=("properties", "properties_with_history"), object_type="object_type"
    ),
    "ExportCustomObjectsOperator": _Named(read=("fields",), object_type="api_name"),
    "LeadChangesSensor": _Named(read=("fields",)),
}
"""By the name of the class. The fields of other operators are the platform's own, or of another kind."""


class _Schemas:
    """The fields of accounts, each read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], KnownFields | str] = {}

    def problems(self, task: Any, arguments: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the fields that a task's arguments name.

        Arguments with a template are known only when the task runs, and are left out.
        """
        kind = getattr(task, "operator_class", type(task))
        named = next((_NAMED[one.__name__] for one in kind.__mro__ if one.__name__ in _NAMED), None)
        if named is None or (named.when and arguments.get(named.when[0]) != named.when[1]):
            return
        conn_id, key = arguments.get("conn_id"), arguments.get("lookup_field", "email")
        action = arguments.get("action", "createOrUpdate")
        object_type = arguments.get(named.object_type, "contacts") if named.object_type else ""
        if not all(map(_is_literal, (conn_id, object_type, action))) or not (key is None or _is_literal(key)):
            return
        if named.read:
            # No record is written, so that no key is needed.
            action, key = "updateOnly", ""
        known = self._known_fields(str(conn_id), str(object_type), str(action), key)
        if isinstance(known, str):
            # What reads the fields names the object type as most operators do.
            text = known.removeprefix("object_type: ")
            yield known if text == known or not named.object_type else f"{named.object_type}: {text}"
            return
        created = _created(arguments)
        for place, name in _fields_in(arguments, (*named.written, *named.read)):
            problem = known.problem(name)
            if problem is None or (name in created and problem.code == "UNKNOWN_FIELD"):
                continue
            if not (named.read and problem.code == "READ_ONLY_FIELD"):
                yield f"{place}: {problem.reason}"

    def _known_fields(
        self, conn_id: str, object_type: str, action: str, key: str | None
    ) -> KnownFields | str:
        place = (conn_id, object_type, action, "None" if key is None else key)
        if place not in self._read:
            self._read[place] = _read_fields(conn_id, object_type, action, key)
        return self._read[place]


def _read_fields(conn_id: str, object_type: str, action: str, key: str | None) -> KnownFields | str:
    """Return the fields of an account, or why they cannot be read.

    :param key: empty for fields that are only read.
    """
    from airflow_provider_mkt.cli.lookup import show_to_hooks
    from airflow_provider_mkt.client.errors import PlatformError
    from airflow_provider_mkt.hooks.base import hook_for
    from airflow_provider_mkt.version_compat import AirflowException

    try:
        show_to_hooks(conn_id)
        with hook_for(conn_id) as hook:
            if key == "":
                key = "hs_object_id" if hook.conn_type == "hubspot" else None if object_type else "id"
            fields: KnownFields = hook.follow(_writer(hook, object_type, action, key).known_fields())
            return fields
    except (PlatformError, AirflowException) as error:
        return str(error)


def _writer(hook: MarketingHook, object_type: str, action: str, key: str | None) -> LeadWriter:
    if not object_type:
        return hook.lead_writer(action=action, lookup_field=key)
    return hook.object_writer(object_type, action=action, lookup_field=key)


def _created(arguments: Mapping[str, Any]) -> Collection[str]:
    """Return the fields that a task creates when they do not exist."""
    types = arguments.get("types")
    if not isinstance(types, Mapping):
        return ()
    creates = ("create_missing_fields", "create_missing_properties")
    return types if any(arguments.get(one) for one in creates) else ()


def _fields_in(arguments: Mapping[str, Any], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield where an argument names a field, and the field."""
    for argument in names:
        value = arguments.get(argument)
        if isinstance(value, Mapping):
            fields = value.items() if argument == "columns" else ((one, one) for one in value)
            found = [(f"{argument}.{place}", name) for place, name in fields]
        elif isinstance(value, (list, tuple)):
            found = [(f"{argument}[{place}]", name) for place, name in enumerate(value)]
        else:
            continue
        yield from ((place, name) for place, name in found if _is_literal(name))


def _is_literal(value: object) -> bool:
    return isinstance(value, str) and "{{" not in value and "{%" not in value
