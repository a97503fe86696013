"""HubSpot and Marketo Engage, emulated on localhost: stateful, with limits, faults and a movable clock.

`server` holds what the platforms share; `hubspot` and `marketo` hold one package per area, with the same area
names as the client library. A platform's package has `platform.py` (credentials, limits, error answers),
`state.py` (one attribute per store), `seed.py` (fixed ids that examples and tests can name) and the helpers
that all its areas use. In an area:

- `__init__.py`: what the area is, and its path prefixes where several modules share them;
- `routes.py` or `routes_<resource>.py`: the endpoints. A module with such a name is found by its name;
- `requests.py`: scopes, and reading what a request names; `views.py`: records as JSON;
- `models.py`: records; `store.py` or `<resource>_store.py`: all records of a kind, and the rules for them;
- `seed.py`: `fill(state)` adds what a new account holds; `AFTER` names the areas that must be filled before;
- `pages.py`: `snapshot(state)` for `GET /_sandbox/state`, and `tables(state)` for the page.
"""

from __future__ import annotations

from airflow_provider_mkt.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
