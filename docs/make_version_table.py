"""Generate ``docs/hubspot-versions.md`` from the code.

Run it after a change of the version profiles: ``uv run python docs/make_version_table.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from airflow_provider_mkt.client.hubspot.versions import (
    DEFAULT_PROFILE,
    PREFIXES,
    PROFILES,
    SUPPORT_ENDS,
    Profile,
)
from airflow_provider_mkt.client.registry import endpoints

sys.path.insert(0, str(Path(__file__).parent))
from make_call_tables import sample

HERE = Path(__file__).parent

_INTRODUCTION = """# HubSpot's API versions

Made from the code by `docs/make_version_table.py`.

A connection's extra field `api_version` chooses a version profile: which paths the calls use. Results,
errors and operators are the same in each. A connection without the field uses `{default}`.

A family that has no path of a profile's version is called where it is, so every operator works in every
profile. Paths in **bold** are of another version than the profile.
"""

_SUPPORT = """
## When support ends

| profile | HubSpot ends its support of |
|---|---|
{rows}

HubSpot names September 2027 without a day for v1, v2 and v3; the first is used. It supports a dated version
for 18 months. Calls may go on working after that, without fixes. A year before the date, the log of each
task that uses the connection says it once, and so does the connection test. Some families have nothing
newer than a path whose support ends: `email/send-statuses`, flows, workflow enrolment, single sends and
sequences. Email analytics (`/email/public/v1`: who was not mailed, and why) end with v1 in September
2027, and HubSpot has announced nothing that replaces them.

## What is different

- **Rules of the account.** 2026-09 enforces the properties that an account requires when a contact is
  created, and those that it requires by a condition. `SyncLeadsOperator` rejects a record that lacks one,
  and names it. The other profiles do not check them, so a DAG that works with 2026-03 can have rejects with
  2026-09.
- **Partial failures.** A batch in which some inputs fail is answered with status 207, 200 or 201; its
  errors are read in each case.
- **Dates.** 2026-09 accepts more formats of dates and times, and answers with a warning when it stores
  another value.
- **Lists.** `lists.list` pages by a cursor in 2026-09. In the other profiles it is a search.
- **Subscriptions.** `subscriptions.*` use the calls for one person, which v3 and 2026-09 have, and set the
  status in 2026-03. `subscriptions.resubscribe` has a call of its own in 2026-09 alone; the others set the
  status.
- **Legal basis.** With GDPR features on, v3 refuses a subscription without one. The dated paths accept it.
"""


def families() -> Mapping[str, list[str]]:
    """The calls of each family, in the order of the profiles' prefixes: whole resources where it has all."""
    of_call = {
        name: sample("hubspot", name, function).route.family for name, function in endpoints("hubspot")
    }
    of_resource: dict[str, set[str]] = {}
    for name, family in of_call.items():
        of_resource.setdefault(name.partition(".")[0], set()).add(family)
    found: dict[str, list[str]] = {family: [] for family in PREFIXES[DEFAULT_PROFILE]}
    for name, family in of_call.items():
        resource = name.partition(".")[0]
        shown = f"{resource}.*" if len(of_resource[resource]) == 1 else name
        if shown not in found[family]:
            found[family].append(shown)
    return found


def page() -> str:
    """Return the page."""
    newest_first = list(reversed(PROFILES))
    lines = [
        _INTRODUCTION.format(default=DEFAULT_PROFILE),
        f"| calls | {' | '.join(newest_first)} |",
        f"|---|{'---|' * len(PROFILES)}",
    ]
    for family, resources in families().items():
        names = ", ".join(f"`{name}`" for name in resources)
        places = [_shown(profile, PREFIXES[profile][family]) for profile in newest_first]
        lines.append(f"| {names} | {' | '.join(places)} |")
    rows = [
        f"| `{profile}` | {', '.join(f'{paths} on {day}' for paths, day in SUPPORT_ENDS[profile].items())} |"
        for profile in newest_first
    ]
    return "\n".join(lines) + "\n" + _SUPPORT.format(rows="\n".join(rows))


def _shown(profile: Profile, prefix: str) -> str:
    own = profile in prefix or (profile == "v3" and any(part in prefix for part in ("/v3", "/v4")))
    return f"`{prefix}`" if own else f"**`{prefix}`**"


def main() -> int:
    (HERE / "hubspot-versions.md").write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
