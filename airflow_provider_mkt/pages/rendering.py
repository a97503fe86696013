"""Pages are made from templates that escape what is put into them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = "airflow_provider_mkt.pages"


def render(package: str, template: str, **values: object) -> str:
    """Render a template.

    :param package: its ``templates`` folder has it; it may extend ``base.html``.
    :param values: what the template shows.
    """
    return _environment(package).get_template(template).render(**values)


@cache
def _environment(package: str) -> Environment:
    # Imported here because it is only needed when somebody opens a page.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_SHARED)]),
        autoescape=True,
        undefined=StrictUndefined,
    )
