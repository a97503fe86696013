"""Generate the tables of calls, ``docs/calls-hubspot.md`` and ``docs/calls-marketo.md``, from the code.

Run it after adding an endpoint: ``uv run python docs/make_call_tables.py``.
"""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.versions import PREFIXES as HUBSPOT
from airflow_provider_mkt.client.marketo.platform import PREFIXES as MARKETO
from airflow_provider_mkt.client.registry import Endpoint, endpoints

sys.path.insert(0, str(Path(__file__).parent))
from operators_of_calls import by_path, plain

HERE = Path(__file__).parent
TITLES = {"hubspot": "HubSpot", "marketo": "Marketo Engage"}
TEXTS = ("1", "someone@example.com", "a" * 32, "name", "2026-01-31", "SUBSCRIBED", "{{my.name}}")

FORM = {
    "name": "x",
    "formType": "hubspot",
    "fieldGroups": [],
    "configuration": {},
    "displayOptions": {},
    "legalConsentOptions": {"type": "none"},
}
DAY = date(2026, 1, 31)
MONTH = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC))
EVENT = {"external_account_id": "1", "external_event_id": "1"}
BY_ID = [{"contact_id": 1, "interaction_at": "2026-01-31T09:00:00Z"}]
BY_EMAIL = [{"email": "a@example.com", "interaction_at": "2026-01-31T09:00:00Z"}]
ATTRIBUTE = {"apiName": "x", "name": "x", "dataType": "string"}
PAIR = {"from_object_type": "x", "to_object_type": "y"}
ROLE = {"externalOpportunityId": "x", "leadId": 1, "role": "x"}
FIELD = {"name": "x", "displayName": "x", "dataType": "string"}

# Arguments of calls for which values cannot be derived from their types alone.
SAMPLES: dict[str, dict[str, Any]] = {
    "hubspot campaign_reports.contacts": {"campaign_guid": "1", "contact_type": "influencedContacts"},
    "hubspot campaigns.update_batch": {"campaigns": [{"id": "1", "hs_notes": "x"}]},
    "hubspot contacts.update_batch": {"contacts": [{"hs_object_id": "1", "city": "x"}]},
    "hubspot email_statistics.histogram": {"interval": "DAY"},
    "hubspot exports.start": {"name": "x", "object_type": "contacts", "properties": ["x"]},
    "hubspot flows.replace": {"flow_id": 1, "definition": {"revisionId": "1"}},
    "hubspot forms.create": {"definition": FORM},
    "hubspot forms.replace": {"form_id": "1", "definition": FORM},
    "hubspot imports.start": {
        "name": "x",
        "content": b"email\na@example.com\n",
        "columns": [{"name": "email", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"}],
    },
    "hubspot association_labels.update": {**PAIR, "type_id": 1, "label": "Buyer"},
    "hubspot association_labels.delete": {**PAIR, "type_id": 1},
    "hubspot associations.batch_archive": {**PAIR, "pairs": [["1", "2"]]},
    "hubspot associations.batch_archive_labels": {**PAIR, "pairs": [["1", "2"]], "type_id": 1},
    "hubspot associations.batch_create": {**PAIR, "pairs": [["1", "2"]], "type_id": 1},
    "hubspot associations.batch_create_default": {**PAIR, "pairs": [["1", "2"]]},
    "hubspot object_schemas.create": {
        "name": "x",
        "labels": {"singular": "x", "plural": "x"},
        "properties": [{"name": "x", "label": "x", "type": "string", "fieldType": "text"}],
    },
    "hubspot objects.batch_update": {"object_type": "x", "records": [{"hs_object_id": "1"}]},
    "hubspot objects.batch_upsert": {
        "object_type": "x",
        "records": [{"x": "1"}],
        "id_property": "x",
    },
    "hubspot properties.batch_create": {
        "object_type": "x",
        "definitions": [{"name": "x", "label": "x", "type": "string", "fieldType": "text", "groupName": "x"}],
    },
    "hubspot properties.update": {"object_type": "x", "name": "x", "changes": {"label": "x"}},
    "hubspot legacy.update_lead": {"lead_guid": "a" * 32, "changes": {"city": "x"}},
    "hubspot list_conversions.on_date": {"list_id": 1, "day": DAY},
    "hubspot list_memberships.add_and_remove": {"list_id": 1, "record_ids_to_add": ["1"]},
    "hubspot marketing_event_attendance.record_contacts": {
        **EVENT,
        "state": "register",
        "attendances": BY_ID,
    },
    "hubspot marketing_event_attendance.record_contacts_by_object_id": {
        "object_id": 1,
        "state": "register",
        "attendances": BY_ID,
    },
    "hubspot marketing_event_attendance.record_emails": {
        **EVENT,
        "state": "register",
        "attendances": BY_EMAIL,
    },
    "hubspot marketing_event_attendance.record_emails_by_object_id": {
        "object_id": 1,
        "state": "register",
        "attendances": BY_EMAIL,
    },
    "hubspot marketing_event_attendance.upsert_contacts": {
        **EVENT,
        "state": "register",
        "attendances": BY_ID,
    },
    "hubspot marketing_event_attendance.upsert_emails": {
        **EVENT,
        "state": "register",
        "attendances": BY_EMAIL,
    },
    "hubspot marketing_event_objects.update": {"object_id": 1, "name": "x"},
    "hubspot marketing_event_objects.update_batch": {"events": [{"object_id": 1, "name": "x"}]},
    "hubspot marketing_event_settings.update": {
        "app_id": 1,
        "event_details_url": "https://example.com/%s",
    },
    "hubspot marketing_events.delete_batch": {"events": [{**EVENT, "app_id": 1}]},
    "hubspot marketing_events.update": {**EVENT, "name": "x"},
    "hubspot marketing_events.upsert_batch": {"events": [{**EVENT, "name": "x", "organizer": "x"}]},
    "hubspot subscription_batches.write": {
        "changes": [{"email": "a@example.com", "subscription_id": 1, "state": "SUBSCRIBED"}]
    },
    "marketo activities.add_custom": {
        "activities": [
            {
                "leadId": 1,
                "activityDate": "2026-01-31T09:00:00Z",
                "activityTypeId": 100001,
                "primaryAttributeValue": "x",
                "attributes": [],
            }
        ]
    },
    "marketo bulk_extracts.create_activities": {"created_between": MONTH},
    "marketo bulk_extracts.create_custom_objects": {
        "api_name": "x",
        "fields": ["leadId"],
        "updated_between": MONTH,
    },
    "marketo bulk_extracts.create_leads": {"fields": ["email"], "created_between": MONTH},
    "marketo bulk_extracts.create_program_members": {"fields": ["leadId"], "program_id": 1},
    "marketo campaigns.update": {"campaign_id": 1, "new_name": "x"},
    "marketo companies.delete": {"companies": [{"externalCompanyId": "x"}]},
    "marketo companies.sync": {"companies": [{"externalCompanyId": "x"}]},
    "marketo custom_object_types.add_fields": {"api_name": "x", "fields": [FIELD]},
    "marketo custom_object_types.sync": {"api_name": "x", "display_name": "x"},
    "marketo custom_object_types.update_field": {
        "api_name": "x",
        "field_name": "y",
        "changes": {"displayName": "x"},
    },
    "marketo custom_objects.delete": {"api_name": "x", "records": [{"vin": "x"}]},
    "marketo custom_objects.list_by_keys": {"api_name": "x", "keys": [{"vin": "x"}]},
    "marketo custom_objects.sync": {"api_name": "x", "records": [{"vin": "x"}]},
    "marketo named_account_lists.sync": {"lists": [{"name": "x"}]},
    "marketo named_accounts.delete": {"named_accounts": [{"name": "x"}]},
    "marketo named_accounts.sync": {"named_accounts": [{"name": "x"}]},
    "marketo opportunities.delete": {"opportunities": [{"externalOpportunityId": "x"}]},
    "marketo opportunities.sync": {"opportunities": [{"externalOpportunityId": "x"}]},
    "marketo opportunity_roles.delete": {"roles": [ROLE]},
    "marketo opportunity_roles.list_by_keys": {"keys": [ROLE]},
    "marketo opportunity_roles.sync": {"roles": [ROLE]},
    "marketo sales_persons.delete": {"sales_persons": [{"externalSalesPersonId": "x"}]},
    "marketo sales_persons.sync": {"sales_persons": [{"externalSalesPersonId": "x"}]},
    "marketo custom_activity_types.add_attributes": {"api_name": "x", "attributes": [ATTRIBUTE]},
    "marketo custom_activity_types.create": {
        "api_name": "x",
        "display_name": "x",
        "trigger_name": "x",
        "filter_name": "x",
        "primary_attribute": ATTRIBUTE,
    },
    "marketo custom_activity_types.update": {"api_name": "x", "description": "x"},
    "marketo custom_activity_types.update_attributes": {"api_name": "x", "attributes": [ATTRIBUTE]},
    "marketo designer_emails.create": {
        "email_name": "x",
        "headers": {"subject": "x"},
        "folder_id": "1",
    },
    "marketo designer_emails.update": {"email_id": "x", "new_name": "x"},
    "marketo emails.update": {"email_id": 1, "new_name": "x"},
    "marketo emails.update_headers": {"email_id": 1, "subject": "x"},
    "marketo folders.update": {"folder_id": 1, "new_name": "x"},
    "marketo lead_fields.create": {"fields": [FIELD]},
    "marketo lead_fields.update": {"field_name": "x", "changes": {"description": "x"}},
    "marketo member_fields.create": {"fields": [FIELD]},
    "marketo member_fields.update": {"field_name": "x", "changes": {"description": "x"}},
    "marketo program_members.update": {"program_id": 1, "members": [{"leadId": 1, "webinarUrl": "x"}]},
    "marketo programs.update": {"program_id": 1, "new_name": "x"},
    "marketo static_lists.update": {"list_id": 1, "new_name": "x"},
}


def sample(platform: str, name: str, function: Endpoint) -> Call[Any]:
    """Build a call with arguments that are derived from the types of the parameters.

    :raises LookupError: when the endpoint rejects all of them.
    """
    if (known := SAMPLES.get(f"{platform} {name}")) is not None:
        return function(**known)
    hints = get_type_hints(function)
    needed = {
        parameter.name: list(_values(hints[parameter.name], parameter.name))
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
    }
    chosen = dict.fromkeys(needed, 0)
    for _ in range(sum(map(len, needed.values())) + 1):
        try:
            return function(**{key: needed[key][index] for key, index in chosen.items()})
        except InvalidInput as error:
            invalid = next((key for key in needed if key == error.field.split("[")[0].split(".")[0]), None)
            for key in (invalid,) if invalid else tuple(needed):
                if chosen[key] + 1 < len(needed[key]):
                    chosen[key] += 1
                    break
            else:
                break
    for combination in itertools.islice(itertools.product(*needed.values()), 5000):
        try:
            return function(**dict(zip(needed, combination, strict=True)))
        except (InvalidInput, TypeError, AttributeError, KeyError):
            continue
    msg = f"{name}: no arguments found; add some to SAMPLES"
    raise LookupError(msg)


def _values(hint: Any, name: str) -> Iterator[Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is str:
        yield from TEXTS
    elif hint is bool:
        yield True
    elif hint is int:
        yield from (1, 100000)
    elif hint is float:
        yield 1.0
    elif hint is bytes:
        yield b"email\na@example.com\n"
    elif hint is datetime:
        yield datetime(2026, 1, 31, 9, tzinfo=UTC)
    elif origin is not None and str(origin) == "typing.Literal":
        yield from arguments
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        for key in ("hs_name", "email", "name", "id", "{{my.name}}"):
            for value in _values(arguments[1], name):
                yield {key: value}
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Sequence):
        for value in _values(arguments[0], name):
            yield [value]
    elif arguments:
        for argument in arguments:
            yield from _values(argument, name)
    elif hint is Any or hint is object:
        yield from ("1", 1, {"name": "x"})
    elif inspect.isclass(hint) and hasattr(hint, "__annotations__"):
        members = get_type_hints(hint)
        required = getattr(hint, "__required_keys__", frozenset(members))
        yield {key: next(_values(members[key], key), None) for key in members if key in required}


def paths(platform: str, call: Call[Any]) -> list[str]:
    """Return method and path of a call, in each of the platform's version profiles."""
    if platform == "marketo":
        return [f"{call.route.method} {MARKETO[call.route.family]}{call.route.tail}"]
    shown = []
    for profile, prefixes in HUBSPOT.items():
        route = call.shapes.get(profile, call).route
        known = route.family in prefixes
        shown.append(f"{route.method} {prefixes[route.family]}{route.tail}" if known else "none")
    return shown


def table(platform: str) -> str:
    """Return the table of one platform."""
    profiles = list(HUBSPOT) if platform == "hubspot" else ["path"]
    lines = [
        f"# Calls of {TITLES[platform]}",
        "",
        "Made from the code by `docs/make_call_tables.py`. Run any of them with `hook.run(...)`, or from a "
        f"DAG with `{'HubSpotOperator' if platform == 'hubspot' else 'MarketoOperator'}(call=...)`.",
        "",
        f'`client.{platform}.raw(method, path, ...)`, from a DAG `call="raw"`, runs a request that is not in '
        "the table, with the same rate limit, retries and redaction. It is not repeated after a lost answer "
        "unless `replay` says so.",
        "",
        f"| call | {' | '.join(profiles)} | after a lost answer | needs | operator |",
        f"|---|{'---|' * len(profiles)}---|---|---|",
    ]
    named = by_path()
    for name, function in endpoints(platform):
        call = sample(platform, name, function)
        places = paths(platform, call)
        by = dict.fromkeys(one for path in places for one in named.get(plain(path), ()))
        cells = [f"`{path}`" for path in places]
        cells += [call.replay.name, ", ".join(call.scopes) or "nothing", ", ".join(f"`{one}`" for one in by)]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    for platform in TITLES:
        (HERE / f"calls-{platform}.md").write_text(table(platform))
    return 0


if __name__ == "__main__":
    sys.exit(main())
