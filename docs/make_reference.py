"""Write the reference pages of the documentation site from the code.

``docs/conf.py`` runs it at the start of every build. The pages are not kept in the repository.
"""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

sys.path.insert(0, str(Path(__file__).parent))
from operators_of_calls import Described, operators

from airflow_provider_mkt.client.registry import PLATFORMS, endpoints
from airflow_provider_mkt.get_provider_info import get_provider_info

TITLES = {"hubspot": "HubSpot", "marketo": "Marketo Engage"}
OUTCOME_MODULES = (
    "airflow_provider_mkt.operators.outcomes",
    "airflow_provider_mkt.sync.bulk_report",
    "airflow_provider_mkt.sync.results",
    "airflow_provider_mkt.sync.plan",
)
RETURNS_ANY = {
    "HubSpotOperator": ("PageOutcome", "RowsWrittenOutcome", "TooLargeForXComOutcome"),
    "MarketoOperator": ("PageOutcome", "RowsWrittenOutcome", "TooLargeForXComOutcome"),
}
"""Operators that return a platform's own answer, or one of these in its place."""

_NAME = re.compile(r"\b([A-Z]\w*Outcome)\b")


def title(text: str, underline: str = "=") -> list[str]:
    """Return a heading in reStructuredText."""
    return [text, underline * len(text), ""]


def outcomes() -> dict[str, type]:
    """Return every TypedDict that an operator returns, and those inside them, by name."""
    found: dict[str, type] = {}
    for module in OUTCOME_MODULES:
        for name, member in vars(import_module(module)).items():
            if is_typeddict(member) and member.__module__ == module:
                found[name] = member
    return found


def outcomes_of(operator: type, known: Mapping[str, type]) -> list[str]:
    """Return the names of the outcomes that an operator may return."""
    if given := RETURNS_ANY.get(operator.__name__):
        return list(given)
    names: list[str] = []
    for base in operator.__mro__:
        names += _NAME.findall(" ".join(str(one) for one in vars(base).get("__orig_bases__", ())))
        for run in (vars(base).get("run_action"), vars(base).get("_outcome")):
            if run is not None:
                names += _NAME.findall(str(run.__annotations__.get("return", "")))
        if names and base is operator:
            break
    return [name for name in dict.fromkeys(names) if name in known]


def keys_table(outcome: type) -> list[str]:
    """Return the keys of a TypedDict as a table."""
    optional: frozenset[str] = getattr(outcome, "__optional_keys__", frozenset())
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 30 70", "", "   * - key", "     - type"]
    for name, hint in _annotations(outcome).items():
        text = _shorten(str(hint))
        missing = name in optional or text.startswith("NotRequired[")
        text = re.sub(r"^NotRequired\[(.*)\]$", r"\1", text)
        lines += [f"   * - ``{name}``", f"     - ``{text}``{' (not always there)' if missing else ''}"]
    return [*lines, ""]


def _annotations(outcome: type) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for base in [outcome, *getattr(outcome, "__orig_bases__", ())][::-1]:
        if is_typeddict(base) and base is not outcome:
            hints |= _annotations(base)
    own = inspect.get_annotations(outcome)
    return hints | {name: getattr(hint, "__forward_arg__", hint) for name, hint in own.items()}


def _shorten(text: str) -> str:
    return re.sub(r"\b(?:typing|datetime|builtins)\.", "", text)


def operator_classes() -> list[Any]:
    """Return every operator and sensor."""
    return [getattr(import_module(one.module), one.name) for one in operators()]


def signature_of(operator: Any) -> inspect.Signature:
    """Return the parameters of an operator with their types and defaults."""
    init = inspect.unwrap(operator.__init__)
    hints = hints_of(init)
    parameters = [
        one.replace(annotation=hints.get(name, one.annotation), default=_shown_default(one.default))
        for name, one in inspect.signature(init).parameters.items()
        if name != "self" and one.kind is not one.VAR_KEYWORD
    ]
    return inspect.Signature(parameters)


def hints_of(function: Any) -> dict[str, Any]:
    """Return the types of a function's parameters, without the checks that are attached to them.

    Those that its module imports for type checkers alone are imported. Where that fails, none is returned.
    """
    names: dict[str, Any] = {}
    with suppress(NameError, TypeError, ImportError):
        for statement in ast.parse(inspect.getsource(import_module(function.__module__))).body:
            if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
                exec(compile(ast.Module(statement.body, []), "<types>", "exec"), names)  # noqa: S102
        return get_type_hints(function, localns=names)
    return {}


class _Shortened:
    """The first items of a long default."""

    def __init__(self, items: tuple[object, ...]) -> None:
        self._items = items

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self._items[:3]))}, ...)"


def _shown_default(default: object) -> object:
    return _Shortened(default) if isinstance(default, tuple) and len(default) > 5 else default


def _modules(kind: str) -> list[str]:
    info = get_provider_info()
    return sorted({module for entry in info.get(kind, ()) for module in entry["python-modules"]})


def _class_block(one: Described, known: Mapping[str, type]) -> Iterator[str]:
    member = getattr(import_module(one.module), one.name)
    yield from title(one.name, "-")
    yield f".. autoclass:: {one.module}.{one.name}"
    yield ""
    yield f"Platforms: {', '.join(TITLES[platform] for platform in sorted(one.platforms))}."
    yield ""
    if fields := [f"``{field}``" for field in getattr(member, "template_fields", ())]:
        yield f"Templated: {', '.join(fields)}."
        yield ""
    names = outcomes_of(member, known)
    if names and one.name in RETURNS_ANY:
        yield "Returns the platform's answer, or one of these:"
        yield ""
    for name in names:
        yield from _outcome_block(name, known[name])


def _outcome_block(name: str, outcome: type) -> Iterator[str]:
    yield f".. rubric:: Outcome: {name}"
    yield ""
    yield inspect.getdoc(outcome) or ""
    yield ""
    yield from keys_table(outcome)


def operator_pages() -> Iterator[tuple[str, list[str]]]:
    """Yield a page for each module of operators and of sensors."""
    known = outcomes()
    by_module: dict[str, list[Described]] = defaultdict(list)
    for one in operators():
        by_module[one.module].append(one)
    for module, members in by_module.items():
        kind, _, short = module.removeprefix("airflow_provider_mkt.").partition(".")
        lines = title(f"{kind}.{short}")
        lines += [f"Import from ``{module}``. Every class also takes the arguments of Airflow's", ""]
        lines[-2] += " ``BaseOperator``, such as ``retries`` and ``execution_timeout``."
        for one in members:
            lines += _class_block(one, known)
        yield f"{kind}-{short.replace('_', '-')}", lines


def parts_page() -> list[str]:
    """Return the page of the keys that stand inside an outcome."""
    known = outcomes()
    lines = title("Parts of outcomes")
    lines += ["What stands inside the outcomes of operators, such as the approval of a send.", ""]
    for name, outcome in sorted(known.items()):
        if not name.endswith("Outcome"):
            lines += [*title(name, "-"), inspect.getdoc(outcome) or "", "", *keys_table(outcome)]
    return lines


def classes_page(kind: str, heading: str, intro: str, members: bool) -> list[str]:
    """Return the page of all public classes of a kind in the provider info."""
    lines = [*title(heading), intro, ""]
    for module in _modules(kind):
        for name, member in inspect.getmembers(import_module(module), inspect.isclass):
            if member.__module__ == module and not name.startswith("_"):
                lines += [*title(name, "-"), f".. autoclass:: {module}.{name}"]
                lines += [
                    "   :members:",
                    "   :inherited-members: BaseHook, BaseTrigger, LoggingMixin",
                ] * members
                lines += [""]
    return lines


def notifier_modules() -> list[str]:
    """Return the modules of notifiers that the provider info names."""
    return sorted({path.rpartition(".")[0] for path in get_provider_info().get("notifications", ())})


def call_pages(platform: str) -> Iterator[tuple[str, list[str]]]:
    """Yield a page for each area of a platform's calls."""
    by_area: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for name, function in endpoints(platform):
        by_area[function.__module__.split(".")[3]].append((name, function))
    for area, calls in sorted(by_area.items()):
        lines = title(f"{TITLES[platform]}: {area.replace('_', ' ')}")
        for name, function in calls:
            lines += [*title(name, "-"), f".. autofunction:: {function.__module__}.{function.__name__}", ""]
        yield f"calls-{platform}-{area.replace('_', '-')}", lines


def configuration_page() -> list[str]:
    """Return the page of configuration options and of the fields of connections."""
    info = get_provider_info()
    lines = title("Configuration")
    lines += ["Options of the section ``[mkt]`` of ``airflow.cfg``. As an environment variable: ", ""]
    lines[-2] += "``AIRFLOW__MKT__`` and the name in capitals."
    rows = [["option", "default", "meaning"]]
    for name, option in info["config"]["mkt"]["options"].items():
        rows.append([f"``{name}``", f"``{option['default']}``" if option["default"] else "empty"])
        example = f" Example: ``{option['example']}``." if option.get("example") else ""
        rows[-1].append(option["description"] + example)
    lines += _table(rows, "20 15 65")
    for entry in info["connection-types"]:
        lines += title(f"Extra fields of a {entry['connection-type']} connection", "-")
        rows = [["field", "default", "meaning"]]
        for name, field in entry["conn-fields"].items():
            default = field["schema"].get("default")
            shown = "empty" if default is None else f"``{str(default).lower()}``"
            rows.append([f"``{name}``", shown, field["description"]])
        lines += _table(rows, "20 15 65")
    return lines


def _table(rows: list[list[str]], widths: str) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in rows:
        lines += [f"   {'* -' if place == 0 else '  -'} {cell}" for place, cell in enumerate(row)]
    return [*lines, ""]


def toctree(names: list[str]) -> list[str]:
    """Return a list of contents."""
    return [".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in names), ""]


def pages() -> dict[str, list[str]]:
    """Return every page of the reference by name."""
    made = dict(operator_pages())
    operator_names = [name for name in made if name.startswith(("operators-", "transfers-"))]
    sensor_names = [name for name in made if name.startswith("sensors-")]
    made["operators"] = [*title("Operators"), *toctree([*operator_names, "outcome-parts"])]
    made["outcome-parts"] = parts_page()
    made["sensors"] = [*title("Sensors"), *toctree(sensor_names)]
    made["triggers"] = classes_page(
        "triggers",
        "Triggers",
        "Those of leads and emails are for AssetWatcher. Deferrable tasks wait with the others.",
        False,
    )
    made["hooks"] = classes_page("hooks", "Hooks", "Python code runs calls through a hook.", True)
    if modules := notifier_modules():
        made["notifiers"] = [*title("Notifiers")]
        for module in modules:
            made["notifiers"] += [f".. automodule:: {module}", "   :members:", ""]
    made["retries"] = [
        *title("Retry policy"),
        ".. automodule:: airflow_provider_mkt.retries",
        "   :members:",
        "",
    ]
    made["reports"] = [
        *title("Reports"),
        ".. automodule:: airflow_provider_mkt.notifications.reports",
        "   :members:",
        "",
    ]
    made["errors"] = [
        *title("Errors"),
        ".. automodule:: airflow_provider_mkt.client.errors",
        "   :members:",
        "   :show-inheritance:",
        "",
    ]
    made["configuration"] = configuration_page()
    for platform in PLATFORMS:
        calls = dict(call_pages(platform))
        made |= calls
        intro = f"Every call, with its arguments. :doc:`/calls-{platform}` is the table of all calls: paths, "
        intro += "scopes or permissions, and what happens after a lost answer."
        made[f"calls-{platform}"] = [
            *title(f"Calls of {TITLES[platform]}"),
            intro,
            "",
            *toctree(sorted(calls)),
        ]
    return made


def write(folder: Path) -> None:
    """Write the pages. A page that has not changed is not written, so that Sphinx does not read it again."""
    made = {f"{name}.rst": "\n".join(lines) + "\n" for name, lines in pages().items()}
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in made:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name, text in made.items():
        page = folder / name
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


if __name__ == "__main__":
    write(Path(__file__).parent / "reference")
