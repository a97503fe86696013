"""``mkt-sandbox`` without the packages of the extra ``sandbox``."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
MODULES = {"jinja2", "python_multipart", "starlette", "uvicorn"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_mkt_sandbox_names_the_extra_to_install_when_a_server_package_is_missing(module: str) -> None:
    code = (
        f"import sys\nsys.modules[{module!r}] = None\n"
        "from airflow_provider_mkt.cli.main import main\nsys.exit(main(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"mkt-sandbox: not installed: {module}. Run: pip install 'airflow-provider-mkt[sandbox]'\n"
    )


def test_the_extra_holds_the_packages_that_mkt_sandbox_checks_for() -> None:
    extra = PYPROJECT["project"]["optional-dependencies"]["sandbox"]
    names = {requirement.split(">=")[0].replace("-", "_") for requirement in extra}
    assert names == MODULES
    assert not [one for one in PYPROJECT["project"]["dependencies"] if one.split(">=")[0] in names]


def test_the_development_environment_installs_the_extra() -> None:
    assert "airflow-provider-mkt[sandbox]" in PYPROJECT["dependency-groups"]["dev"]
