"""The reference of the documentation site is complete."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from airflow_provider_mkt.client.registry import PLATFORMS, endpoints

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def make_reference() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        return import_module("make_reference")


@pytest.fixture(scope="module")
def reference(make_reference: ModuleType) -> str:
    return "\n".join("\n".join(lines) for lines in make_reference.pages().values())


def test_every_public_class_and_every_call_has_an_entry(make_reference: ModuleType, reference: str) -> None:
    documented = set(re.findall(r"^\.\. auto(?:class|function):: (\S+)$", reference, re.MULTILINE))
    calls = {
        f"{function.__module__}.{function.__name__}"
        for platform in PLATFORMS
        for _, function in endpoints(platform)
    }
    classes = {f"{one.module}.{one.name}" for one in make_reference.operators()}
    assert len(classes) > 60
    assert classes | calls <= documented


def test_the_signature_of_an_operator_has_every_parameter_with_its_type(make_reference: ModuleType) -> None:
    for operator in make_reference.operator_classes():
        shown = make_reference.signature_of(operator).parameters
        given = set(inspect.signature(inspect.unwrap(operator.__init__)).parameters) - {"self", "kwargs"}
        assert shown.keys() == given != set(), operator
        # One that is still text names a type that a reader cannot look up.
        assert [name for name, one in shown.items() if isinstance(one.annotation, str)] == [], operator
        assert [one for one in shown.values() if len(repr(one.default)) > 100] == [], operator


def test_every_parameter_of_a_call_is_described() -> None:
    missing = [
        f"{platform} {name}: {parameter}"
        for platform in PLATFORMS
        for name, function in endpoints(platform)
        for parameter in inspect.signature(function).parameters
        if not re.search(rf":param {parameter}:", function.__doc__ or "")
    ]
    assert missing == []


def test_every_operator_has_its_outcome_with_every_key(make_reference: ModuleType, reference: str) -> None:
    known = make_reference.outcomes()
    without = [
        one.name
        for one in make_reference.operators()
        if one.module.startswith("airflow_provider_mkt.operators.")
        and not make_reference.outcomes_of(getattr(import_module(one.module), one.name), known)
    ]
    assert without == []
    for name, outcome in known.items():
        for key in outcome.__annotations__:
            assert f"   * - ``{key}``" in "\n".join(make_reference.keys_table(outcome)), (name, key)


def test_the_keys_of_a_base_are_those_of_its_outcomes(make_reference: ModuleType) -> None:
    keys = "\n".join(make_reference.keys_table(make_reference.outcomes()["NurtureEnrollmentOutcome"]))
    for key in ("enrolled", "rejects", "approval", "seconds"):
        assert f"``{key}``" in keys
    assert "   * - ``approval``\n     - ``ApprovedBy`` (not always there)" in keys


def test_the_file_for_airflows_registry_is_current() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        made = import_module("make_registry").registry()
    text = (DOCS.parent / ".airflow-registry.yaml").read_text()
    assert text == made, "run: uv run python docs/make_registry.py"


@pytest.mark.parametrize(
    ("heading", "tag", "host", "problem"),
    [
        ("## 0.1.0 (2026-12-01)", "v0.1.0", "mkt.readthedocs.io", ""),
        ("## 0.1.0 (unreleased)", "v0.1.0", "mkt.readthedocs.io", "is unreleased"),
        ("## 0.1.0 (2026-12-01)", "v0.2.0", "mkt.readthedocs.io", "the version is 0.1.0"),
        ("## 0.0.9 (2026-12-01)", "v0.1.0", "mkt.readthedocs.io", "has no section 0.1.0"),
        ("## 0.1.0 (2026-12-01)", "v0.1.0", "example.com", ".airflow-registry.yaml holds a placeholder"),
    ],
)
def test_a_release_needs_its_tag_its_version_and_its_section_of_the_changelog(
    tmp_path: Path, heading: str, tag: str, host: str, problem: str
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(DOCS.parent / ".ci" / "check_release", tmp_path / ".ci")
    (tmp_path / "airflow_provider_mkt").mkdir()
    (tmp_path / "airflow_provider_mkt" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n\n- What is new.\n")
    (tmp_path / "pyproject.toml").write_text('Documentation = "https://mkt.readthedocs.io/"\n')
    (tmp_path / ".airflow-registry.yaml").write_text(f"docs-url: https://{host}/mkt/\n")
    run = subprocess.run(
        [sys.executable, tmp_path / ".ci" / "check_release", tag], capture_output=True, text=True, check=False
    )
    assert (run.returncode, problem in run.stderr) == (1 if problem else 0, True)
    assert run.stdout == ("" if problem else "- What is new.\n")


@pytest.mark.parametrize("name", ["ci", "release"])
def test_workflows_run_what_the_repository_checks(name: str) -> None:
    workflow = (DOCS.parent / ".github" / "workflows" / f"{name}.yml").read_text()
    assert "- run: .ci/run\n" in workflow


def test_the_matrix_of_ci_is_that_of_the_script() -> None:
    listed = subprocess.run(
        [DOCS.parent / ".ci" / "matrix", "--list"], capture_output=True, text=True, check=True
    )
    pairs = json.loads(listed.stdout)
    unknown = subprocess.run([DOCS.parent / ".ci" / "matrix", "9.9-3.11"], capture_output=True, check=False)
    assert unknown.returncode == 2
    assert {"3.0.6-3.11", "3.3.2-3.13"} <= set(pairs)
    assert len(pairs) == len(set(pairs))
    workflow = (DOCS.parent / ".github" / "workflows" / "matrix.yml").read_text()
    assert ".ci/matrix --list" in workflow
    assert '- run: .ci/matrix "$PAIR"\n' in workflow
