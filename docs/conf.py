"""The documentation site: ``uv run sphinx-build -W docs site``."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
# Airflow writes a configuration file into its home when it is imported.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="mkt-docs-"))
logging.getLogger("airflow").setLevel(logging.ERROR)

from airflow_provider_mkt import __version__  # noqa: E402

project = "airflow-provider-mkt"
author = "the contributors of airflow-provider-mkt"
project_copyright = "the contributors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
toc_object_entries = False
add_module_names = False
smartquotes = False

html_theme = "furo"
html_title = f"airflow-provider-mkt {__version__}"
html_favicon = "pictures/mark.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
# Built from the folder alone, without asking a version control system for dates or addresses.
html_last_updated_fmt = None


def _write_reference(app: Sphinx) -> None:
    import make_reference

    make_reference.write(HERE / "reference")


def _sign_operators(app: Sphinx) -> None:
    """Give operators and sensors the signature of their ``__init__``.

    Airflow's metaclass makes them with ``(*args, **kwargs)``, which would be shown otherwise.
    """
    import make_reference

    for operator in make_reference.operator_classes():
        operator.__signature__ = make_reference.signature_of(operator)


def _simplify_types(app: Sphinx, function: Any, bound: bool) -> None:
    """Show the types of parameters without the checks that are attached to them."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType):
        return
    import make_reference

    if hints := make_reference.hints_of(function):
        function.__annotations__ = hints
    if function.__name__ == "__init__":
        function.__annotations__.pop("return", None)


def setup(app: Sphinx) -> None:
    """Write the reference before Sphinx lists the pages."""
    app.connect("builder-inited", _write_reference)
    app.connect("builder-inited", _sign_operators)
    app.connect("autodoc-before-process-signature", _simplify_types)
