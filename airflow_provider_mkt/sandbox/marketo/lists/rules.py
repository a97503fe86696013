"""The rules of smart lists: filters, and how they are combined. Only the user interface can set them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

ALL, ANY, ADVANCED = "all", "any", "advanced"
"""Values of `filterMatchType`. `all` is in Adobe's example, the others are not documented."""

IN, NOT_IN = "in", "not in"
MEMBER_OF_LIST, MEMBER_OF_PROGRAM, MEMBER_OF_SMART_LIST = (
    "Member of List",
    "Member of Program",
    "Member of Smart List",
)
PROGRAM_STATUS = "Program Status"
DATE_OF_ACTIVITY, NUMBER_OF_TIMES = "Date of Activity", "Min. Number of Times"
IS_ANY = "is any"

_TOKEN = re.compile(r"\s*(\d+|\(|\)|and\b|or\b)", re.IGNORECASE)

RowT = TypeVar("RowT")


class InvalidRules(Exception):
    """A smart list that Marketo marks as invalid, which has no members."""


@dataclass(frozen=True)
class Constraint:
    """A condition of a filter beside its main one, such as the date of the activity."""

    name: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """One filter.

    :param name: what it is about: membership, an activity, or the display name of a lead field.
    :param values: what it compares with; lists, programs and emails are numbers.
    """

    name: str
    operator: str
    values: tuple[str | int, ...] = ()
    constraints: tuple[Constraint, ...] = ()


@dataclass
class SmartList:
    """The rules of a smart list of its own, or of a program or campaign. Without filters nobody is in it."""

    id: int
    name: str
    filters: tuple[Filter, ...] = ()
    match: str = ALL
    logic: str = ""
    """With `advanced`, which filters must hold, by number: `1 and (2 or 3)`."""
    triggers: tuple[str, ...] = ()

    def numbers(self, filter_name: str) -> set[int]:
        """Return the assets that filters of a name refer to."""
        named = (one for one in self.filters if one.name == filter_name)
        return {value for one in named for value in one.values if isinstance(value, int)}


def member_of_list(list_id: int, operator: str = IN) -> Filter:
    return Filter(MEMBER_OF_LIST, operator, (list_id,))


def combine(rules: SmartList, tests: list[Callable[[RowT], bool]]) -> Callable[[RowT], bool]:
    """Return one test from those of the filters.

    :raises InvalidRules: they cannot be combined in this way.
    """
    if not tests:
        msg = "it has no filter"
        raise InvalidRules(msg)
    if rules.match == ALL:
        return lambda row: all(test(row) for test in tests)
    if rules.match == ANY:
        return lambda row: any(test(row) for test in tests)
    if rules.match != ADVANCED:
        msg = f"unknown match type '{rules.match}'"
        raise InvalidRules(msg)
    return _Logic(rules.logic, tests).parse()


class _Logic(Generic[RowT]):
    """The logic of advanced filters. `and` and `or` are only mixed with parentheses, as in the interface."""

    def __init__(self, text: str, tests: list[Callable[[RowT], bool]]) -> None:
        self._tests = tests
        self._tokens = list(_tokens(text))
        self._used: set[int] = set()

    def parse(self) -> Callable[[RowT], bool]:
        test = self._group()
        if self._tokens:
            raise _invalid(f"'{self._tokens[0]}' is not expected")
        if len(self._used) != len(self._tests):
            raise _invalid("it does not name each filter")
        return test

    def _group(self) -> Callable[[RowT], bool]:
        parts = [self._operand()]
        word = ""
        while self._tokens and self._tokens[0] in ("and", "or"):
            if word and self._tokens[0] != word:
                raise _invalid("'and' and 'or' are mixed without parentheses")
            word = self._tokens.pop(0)
            parts.append(self._operand())
        holds = all if word == "and" else any
        return lambda row: holds(test(row) for test in parts)

    def _operand(self) -> Callable[[RowT], bool]:
        part = self._tokens.pop(0) if self._tokens else ""
        if part == "(":
            inner = self._group()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise _invalid("a parenthesis is not closed")
            return inner
        if not part.isdigit() or not 1 <= int(part) <= len(self._tests):
            raise _invalid(f"'{part}' is not the number of a filter")
        self._used.add(int(part))
        return self._tests[int(part) - 1]


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise _invalid(f"'{text[position:].strip()}'")
        yield found[1].lower()
        position = found.end()


def _invalid(problem: str) -> InvalidRules:
    return InvalidRules(f"invalid logic: {problem}")
