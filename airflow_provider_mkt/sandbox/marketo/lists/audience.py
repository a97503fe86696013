"""Find the members of a smart list by its rules."""

from collections.abc import Callable, Iterable, Iterator

from airflow_provider_mkt.sandbox.marketo.activities import activity_types as kinds
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity
from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists import rules
from airflow_provider_mkt.sandbox.marketo.lists.field_tests import date_test, value_test
from airflow_provider_mkt.sandbox.marketo.lists.rules import Filter, InvalidRules, SmartList
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time

LeadTest = Callable[[Lead], bool]

NOT = "Not "
ACTIVITIES = {
    "Was Sent Email": kinds.SEND_EMAIL,
    "Was Delivered Email": kinds.EMAIL_DELIVERED,
    "Email Bounced": kinds.EMAIL_BOUNCED,
    "Email Bounced Soft": kinds.EMAIL_BOUNCED_SOFT,
    "Unsubscribed from Email": kinds.UNSUBSCRIBE_EMAIL,
    "Opened Email": kinds.OPEN_EMAIL,
    "Clicked Link in Email": kinds.CLICK_EMAIL,
}
"""Filters on activities, each also with "Not " before its name."""


def members(state: MarketoState, smart_list: SmartList | None) -> list[Lead]:
    """Return the leads of a smart list; of none, an empty or an invalid one: nobody."""
    return [] if smart_list is None else [lead for lead in tested(state, smart_list) if lead is not None]


def tested(state: MarketoState, smart_list: SmartList) -> Iterator[Lead | None]:
    """Test every lead that may be in a smart list; yield those that are, and None for each of the others."""
    try:
        test = _test_of(state, smart_list, ())
    except InvalidRules:
        return
    for lead in list(_candidates(state, smart_list)):
        yield lead if test(lead) else None


def problem(state: MarketoState, smart_list: SmartList) -> str:
    """Return why the user interface marks a smart list as invalid; empty when it does not."""
    try:
        _test_of(state, smart_list, ())
    except InvalidRules as error:
        return str(error)
    return ""


def _candidates(state: MarketoState, smart_list: SmartList) -> Iterable[Lead]:
    """Return the leads to test: those of one static list, if all must be in it, else all leads."""
    if smart_list.match == rules.ALL:
        for one in smart_list.filters:
            if (one.name, one.operator) == (rules.MEMBER_OF_LIST, rules.IN) and len(one.values) == 1:
                chosen = state.lists[number_of(state, one)[0]]
                found = (state.leads.get(lead_id) for lead_id in chosen.members)
                return [lead for lead in found if lead]
    return state.leads


def _test_of(state: MarketoState, smart_list: SmartList, outer: tuple[int, ...]) -> LeadTest:
    if smart_list.triggers:
        # A list with a trigger belongs to a trigger campaign and has no members.
        msg = "it has a trigger"
        raise InvalidRules(msg)
    if smart_list.id in outer:
        msg = f"smart list {smart_list.id} contains itself"
        raise InvalidRules(msg)
    inside = (*outer, smart_list.id)
    return rules.combine(smart_list, [_filter_test(state, one, inside) for one in smart_list.filters])


def _filter_test(state: MarketoState, one: Filter, outer: tuple[int, ...]) -> LeadTest:
    if one.name == rules.MEMBER_OF_LIST:
        lists = [state.lists[number] for number in number_of(state, one)]
        return _membership(one, {lead_id for chosen in lists for lead_id in chosen.members})
    if one.name == rules.MEMBER_OF_PROGRAM:
        return _membership(one, _program_members(state, one))
    if one.name == rules.MEMBER_OF_SMART_LIST:
        nested = [state.smart_lists[number].smart_list for number in number_of(state, one)]
        tests = [_test_of(state, each, outer) for each in nested]
        inside = _operator(one, rules.IN, rules.NOT_IN) == rules.IN
        return lambda lead: any(test(lead) for test in tests) is inside
    if one.name.removeprefix(NOT) in ACTIVITIES:
        return _activity_test(state, one)
    return _field_test(state, one)


def _membership(one: Filter, people: set[int]) -> LeadTest:
    inside = _operator(one, rules.IN, rules.NOT_IN) == rules.IN
    return lambda lead: (lead.id in people) is inside


def _program_members(state: MarketoState, one: Filter) -> set[int]:
    tests = [
        value_test("string", each.operator, each.values, state.now())
        for each in one.constraints
        if each.name == rules.PROGRAM_STATUS
    ]
    if len(tests) != len(one.constraints):
        msg = f"'{one.name}' has no such constraint"
        raise InvalidRules(msg)
    programs = [state.programs[number] for number in number_of(state, one)]
    return {
        member.lead_id
        for program in programs
        for member in program.members.values()
        if all(test(member.status) for test in tests)
    }


def _activity_test(state: MarketoState, one: Filter) -> LeadTest:
    name, now = one.name.removeprefix(NOT), state.now()
    emails = set() if _operator(one, "is", rules.IS_ANY) == rules.IS_ANY else set(number_of(state, one))
    minimum, dated = 1, []
    for each in one.constraints:
        if each.name == rules.DATE_OF_ACTIVITY:
            dated.append(date_test(each.operator, each.values, now))
        elif each.name == rules.NUMBER_OF_TIMES and each.values and each.values[0].isdigit():
            minimum = int(each.values[0])
        else:
            msg = f"'{one.name}' has no constraint '{each.name}' with these values"
            raise InvalidRules(msg)

    def counts(row: Activity) -> bool:
        about = not row.skipped and (not emails or row.primary_id in emails)
        return about and all(test(lead_time(row.date)) for test in dated)

    times: dict[int, int] = {}
    for row in filter(counts, state.log.all(ACTIVITIES[name])):
        times[row.lead_id] = times.get(row.lead_id, 0) + 1
    wanted = not one.name.startswith(NOT)
    return lambda lead: (times.get(lead.id, 0) >= minimum) is wanted


def _field_test(state: MarketoState, one: Filter) -> LeadTest:
    wanted = one.name.lower()
    field = next(
        (
            each
            for each in state.leads.schema.visible()
            if wanted in (each.display_name.lower(), each.name.lower())
        ),
        None,
    )
    if field is None or one.constraints:
        msg = f"there is no filter '{one.name}'"
        raise InvalidRules(msg)
    test = value_test(field.data_type, one.operator, tuple(map(str, one.values)), state.now())
    name = field.name
    return lambda lead: test(state.leads.value(lead, name))


def _operator(one: Filter, *known: str) -> str:
    if one.operator not in known:
        msg = f"'{one.name}' has no operator '{one.operator}'"
        raise InvalidRules(msg)
    return one.operator


def number_of(state: MarketoState, one: Filter) -> list[int]:
    """Return the ids of the assets that a filter refers to.

    :raises InvalidRules: one of them does not exist, or there is none.
    """
    assets = assets_of(state, one.name)
    found = []
    for value in one.values:
        number = value if isinstance(value, int) else find_by_name(state, one.name, value)
        if number not in assets:
            msg = f"'{one.name}' refers to '{value}', which does not exist"
            raise InvalidRules(msg)
        found.append(number)
    if not found:
        msg = f"'{one.name}' refers to nothing"
        raise InvalidRules(msg)
    return found


def assets_of(state: MarketoState, filter_name: str) -> dict[int, Asset]:
    """Return the assets that a filter can refer to, by id."""
    known: dict[str, dict[int, Asset]] = {
        rules.MEMBER_OF_LIST: dict(state.lists),
        rules.MEMBER_OF_PROGRAM: dict(state.programs),
        rules.MEMBER_OF_SMART_LIST: dict(state.smart_lists),
    }
    about_email = filter_name.removeprefix(NOT) in ACTIVITIES
    return dict(state.emails) if about_email else known.get(filter_name, {})


def find_by_name(state: MarketoState, filter_name: str, text: str) -> int:
    """Return the id of an asset by its name, or by its number as text; 0 when there is none."""
    for number, asset in assets_of(state, filter_name).items():
        if text in (str(number), asset.name, full_name(state, asset)):
            return number
    return 0


def full_name(state: MarketoState, asset: Asset) -> str:
    """Return the name of an asset as rules show it, with its program as `Program.Asset`."""
    program = state.program_of(asset.folder)
    return f"{program.name}.{asset.name}" if program else asset.name
