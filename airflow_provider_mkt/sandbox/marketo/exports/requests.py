"""Check the request of an extract, and return the function that writes its file."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    ADD_TO_LIST,
    CHANGE_DATA_VALUE,
    CHANGE_STATUS,
    FILL_OUT_FORM,
    REMOVE_FROM_LIST,
)
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity
from airflow_provider_mkt.sandbox.marketo.checks import check_texts, object_of
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    field_not_found,
    missing,
    object_not_found,
    wrong_type,
)
from airflow_provider_mkt.sandbox.marketo.exports import files as files
from airflow_provider_mkt.sandbox.marketo.exports.files import ACTION_RESULT, ACTIVITY_FIELDS, ECIDS, Sheet
from airflow_provider_mkt.sandbox.marketo.exports.store import Writer, Writing
from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.imports.rows import DELIMITERS
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists.audience import full_name, tested
from airflow_provider_mkt.sandbox.marketo.lists.models import OwnSmartList
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList, member_of_list
from airflow_provider_mkt.sandbox.marketo.programs.models import NORMAL, PAUSED, Member, Program
from airflow_provider_mkt.sandbox.marketo.requests import to_int
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, Row
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import has_milliseconds, parse_moment

LONGEST_RANGE = timedelta(days=31)
MAX_PROGRAMS = 10
MAX_VALUES = 50
LEAD_FILTERS = (
    "createdAt",
    "updatedAt",
    "staticListId",
    "staticListName",
    "smartListId",
    "smartListName",
)
ACTIVITY_FILTERS = ("createdAt", "activityTypeIds", "primaryAttributeValueIds", "primaryAttributeValues")
MEMBER_FILTERS = ("programId", "programIds", "isExhausted", "nurtureCadence", "statusNames", "updatedAt")
OBJECT_FILTERS = ("updatedAt", "staticListId", "staticListName", "smartListId", "smartListName")
NOT_EVERYWHERE = {
    "leads": ("updatedAt", "smartListId", "smartListName"),
    "members": ("updatedAt",),
    # The documents have one footnote for several filters; which of them it is about is not clear.
    "custom objects": ("updatedAt", "smartListId", "smartListName"),
}
CHANGE_SCORE = 22
ASSET_GROUPS = (
    {CHANGE_DATA_VALUE},
    {CHANGE_SCORE},
    {CHANGE_STATUS},
    {ADD_TO_LIST, REMOVE_FROM_LIST},
    {FILL_OUT_FORM},
)

CADENCES = {"pause": PAUSED, "paused": PAUSED, "normal": NORMAL}

Between = tuple[datetime, datetime]


def format_of(body: Row) -> str:
    check_texts(body, "format")
    text = str(body.get("format") or "CSV").upper()
    if text.lower() not in DELIMITERS:
        raise MarketoError(1003, f"Invalid value '{text}' for format. Valid values are CSV, TSV, SSV")
    return text


def leads(request: MarketoRequest, body: Row) -> Writer:
    state = request.state
    sheet = sheet_of(body, {*state.leads.schema.fields, ECIDS})
    given = filter_of(request, body, LEAD_FILTERS, NOT_EVERYWHERE["leads"])
    if len(given) != 1:
        raise MarketoError(1003, "Exactly one filter is required")
    ((name, value),) = given.items()
    if name in ("createdAt", "updatedAt"):
        span = between(value, name)
        return lambda at: files.leads(state, sheet, _dated(state, name, span))
    list_of(state, name, value)

    def write(at: datetime) -> Writing:
        # The list as it is when the job starts.
        return (yield from files.leads(state, sheet, tested(state, list_of(state, name, value))))

    return write


def _dated(state: MarketoState, name: str, span: Between) -> Iterator[Lead | None]:
    for lead in list(state.leads):
        moment = lead.created_at if name == "createdAt" else lead.updated_at
        yield lead if is_inside(moment, span) else None


def list_of(state: MarketoState, name: str, value: object) -> SmartList:
    """Return the list of a filter; a static list as the smart list of its members."""
    if name == "staticListId":
        return SmartList(0, "", (member_of_list(state.static_list(to_int(value, name)).id),))
    if name == "staticListName":
        chosen = _named(list(state.lists.values()), "List", value)
        return SmartList(0, "", (member_of_list(chosen.id),))
    if name == "smartListId":
        return _numbered(_smart_lists(state), to_int(value, name))
    return _named(_smart_lists(state), "Smart list", value)


def _smart_lists(state: MarketoState) -> list[SmartList]:
    # Whether an extract takes the smart list of a program or campaign is not documented.
    every = state.accounts.settings.extracts_by_local_smart_list
    owners = state.smart_list_owners()
    owned = [one.smart_list for one in owners if every or isinstance(one, OwnSmartList)]
    return [one for one in owned if one is not None]


def _numbered(lists: list[SmartList], number: int) -> SmartList:
    found = next((one for one in lists if one.id == number), None)
    if found is None:
        raise object_not_found("Smart list", number)
    return found


class _HasName(Protocol):
    name: str


NamedT = TypeVar("NamedT", bound=_HasName)


def _named(assets: Sequence[NamedT], kind: str, name: object) -> NamedT:
    found = next((one for one in assets if one.name == name), None)
    if found is None:
        raise object_not_found(kind, name)
    return found


def activities(request: MarketoRequest, body: Row) -> Writer:
    state = request.state
    sheet = sheet_of(body, {*ACTIVITY_FIELDS, ACTION_RESULT}, ACTIVITY_FIELDS)
    given = filter_of(request, body, ACTIVITY_FILTERS)
    if "createdAt" not in given:
        raise missing("createdAt")
    span = between(given["createdAt"], "createdAt")
    # Deleted leads are "not supported": they are in no file. Clients that extract every activity type create
    # jobs for them, so it is not an error.
    types = {to_int(one, "activityTypeIds") for one in _list(given, "activityTypeIds")}
    numbers = {to_int(one, "primaryAttributeValueIds") for one in _list(given, "primaryAttributeValueIds")}
    texts = {str(one) for one in _list(given, "primaryAttributeValues")}
    _check_primary(types, numbers, texts)

    by_log_time = state.accounts.settings.extracts_by_log_time

    def wanted(row: Activity) -> bool:
        return (
            is_inside(row.committed_at if by_log_time else row.date, span)
            and (not types or row.type_id in types)
            and (not numbers or row.primary_id in numbers)
            and (not texts or _full_name(state, row) in texts)
        )

    return lambda at: files.activities(state, sheet, wanted, at)


def _check_primary(types: set[int], numbers: Collection[int], texts: Collection[str]) -> None:
    if not numbers and not texts:
        return
    if numbers and texts:
        raise MarketoError(1003, "primaryAttributeValueIds and primaryAttributeValues cannot be combined")
    if len(numbers) > MAX_VALUES or len(texts) > MAX_VALUES:
        raise MarketoError(1003, f"Number of primary attribute values exceeds the limit of {MAX_VALUES}")
    if not types or not any(types <= group for group in ASSET_GROUPS):
        raise MarketoError(1003, "Primary attribute values need activityTypeIds of one asset group")


def _full_name(state: MarketoState, row: Activity) -> str:
    """Return the name of an asset, with its program as `Program.Asset`."""
    assets: dict[int, Mapping[int, Asset]] = {
        ADD_TO_LIST: state.lists,
        REMOVE_FROM_LIST: state.lists,
        FILL_OUT_FORM: state.forms,
    }
    asset = assets.get(row.type_id, {}).get(row.primary_id or 0)
    if asset is None:
        return row.primary_value or ""
    return full_name(state, asset)


def members(request: MarketoRequest, body: Row) -> Writer:
    state = request.state
    given = filter_of(request, body, MEMBER_FILTERS, NOT_EVERYWHERE["members"])
    if ("programId" in given) == ("programIds" in given):
        raise MarketoError(1003, "Exactly one of programId and programIds is required")
    several = "programIds" in given
    numbers = _list(given, "programIds") if several else [given["programId"]]
    if len(numbers) > MAX_PROGRAMS:
        raise MarketoError(1003, f"Number of programIds exceeds the limit of {MAX_PROGRAMS}")
    programs = [state.program(to_int(one, "programId")) for one in numbers]
    wanted = _member_filter(programs, given)
    sheet = sheet_of(body, {*state.member_schema.fields, *state.leads.schema.fields})
    # In the documented example, headers of standard columns are labels, unlike in other kinds of extracts.
    labels = {one.name: one.display_name for one in state.member_schema.fields.values() if not one.custom}
    first = ("programId",) if several else ()
    headers = labels | dict.fromkeys(first, "programId") | dict(sheet.headers)
    sheet = Sheet((*first, *sheet.fields), sheet.delimiter, headers)

    def chosen() -> Iterator[tuple[Program, Member] | None]:
        for program in programs:
            for member in list(program.members.values()):
                yield (program, member) if wanted(member) else None

    def write(at: datetime) -> Writing:
        for program in programs:
            state.program(program.id)
        return (yield from files.members(state, sheet, chosen()))

    return write


def _member_filter(programs: list[Program], given: Row) -> Callable[[Member], bool]:
    names = {str(one) for one in _list(given, "statusNames")}
    for name in sorted(names):
        if not any(program.channel.status(name) for program in programs):
            raise MarketoError(1003, f"Program status '{name}' not found")
    check_texts(given, "nurtureCadence")
    exhausted, cadence = given.get("isExhausted"), given.get("nurtureCadence")
    if exhausted is not None and not isinstance(exhausted, bool):
        raise wrong_type(exhausted, "boolean")
    span = between(given["updatedAt"], "updatedAt") if "updatedAt" in given else None
    # Three sets of words are documented, and all of them match here. An unknown word matches nobody.
    cadence = CADENCES.get(str(cadence), str(cadence)) if cadence is not None else None
    return lambda member: (
        (not names or member.status in names)
        and (exhausted is None or member.exhausted is exhausted)
        and (cadence is None or member.cadence == cadence)
        and (span is None or is_inside(member.updated_at, span))
    )


def sheet_of(body: Row, known: Collection[str], default: Sequence[str] = ()) -> Sheet:
    fields = [str(one) for one in _list(body, "fields")] or list(default)
    if not fields:
        raise missing("fields")
    headers = object_of(body, "columnHeaderNames")
    check_texts(headers, *headers)
    for name in fields:
        if name not in known:
            raise field_not_found(name)
    for name in headers:
        if name not in fields:
            raise field_not_found(name)
    texts = {str(name): str(header) for name, header in headers.items()}
    return Sheet(tuple(fields), DELIMITERS[format_of(body).lower()], texts)


def filter_of(
    request: MarketoRequest, body: Row, known: Sequence[str], not_everywhere: Sequence[str] = ()
) -> Row:
    given = body.get("filter")
    if given is None:
        raise missing("filter")
    if not isinstance(given, dict):
        raise wrong_type("filter", "object")
    check_texts(given, "staticListName", "smartListName")
    limited = request.state.accounts.settings.limited_extract_filters
    for name in given:
        if name not in known:
            raise MarketoError(1003, f"Invalid filter type '{name}'")
        if limited and name in not_everywhere:
            raise MarketoError(1035, "Unsupported filter type for target subscription")
    return given


def _list(given: Row, name: str) -> list[object]:
    value = given.get(name)
    if value is not None and not isinstance(value, list):
        raise wrong_type(name, "array")
    return value or []


def between(value: object, name: str) -> Between:
    if not isinstance(value, dict):
        raise wrong_type(name, "object")
    ends = []
    for key in ("startAt", "endAt"):
        text = value.get(key)
        if not text:
            raise missing(f"{name}.{key}")
        moment = None if has_milliseconds(str(text)) else parse_moment(text)
        if moment is None:
            raise MarketoError(1003, f"Invalid date '{text}' for '{name}.{key}'")
        ends.append(moment)
    start, end = ends
    if end < start:
        raise MarketoError(1003, f"'{name}' ends before it starts")
    if end - start > LONGEST_RANGE:
        raise MarketoError(1003, f"'{name}' exceeds the limit of {LONGEST_RANGE.days} days")
    return start, end


def is_inside(moment: datetime, span: Between) -> bool:
    # Both ends are included. Times are compared by second, as files have them.
    return span[0] <= moment.replace(microsecond=0) <= span[1]
