"""No module imports itself through others. Imports under ``TYPE_CHECKING`` do not count."""

from __future__ import annotations

import grimp


def _cycles(imports: dict[str, frozenset[str]]) -> list[list[str]]:
    """Return the modules that import each other, directly or not, as one list per group."""
    reached: dict[str, set[str]] = {}
    for start in imports:
        seen: set[str] = set()
        stack = list(imports[start])
        while stack:
            module = stack.pop()
            if module not in seen:
                seen.add(module)
                stack.extend(imports[module])
        reached[start] = seen
    groups = {
        tuple(sorted(other for other in seen if module in reached[other]))
        for module, seen in reached.items()
        if module in seen
    }
    return [list(group) for group in sorted(groups)]


def test_no_two_modules_import_each_other() -> None:
    graph = grimp.build_graph("airflow_provider_mkt", exclude_type_checking_imports=True)
    imports = {module: frozenset(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    assert _cycles(imports) == []


def test_a_cycle_through_a_third_module_is_found() -> None:
    imports = {
        "a": frozenset({"b"}),
        "b": frozenset({"c"}),
        "c": frozenset({"a", "d"}),
        "d": frozenset[str](),
    }
    assert _cycles(imports) == [["a", "b", "c"]]
