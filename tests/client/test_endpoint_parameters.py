"""The decorator that checks the arguments of endpoints by their annotated types."""

from __future__ import annotations

import datetime as dt
import inspect
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest

from airflow_provider_mkt.client.call import Call, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import (
    Check,
    Names,
    NumericId,
    PathText,
    Text,
    UtcTime,
    argument_checks,
    at_least,
    between,
    endpoint,
    items,
    items_or_empty,
    one_of,
    text,
    text_or_empty,
)
from airflow_provider_mkt.client.registry import PLATFORMS, endpoints


@endpoint
def things(
    thing_id: NumericId,
    size: Annotated[int, between(1, 100)] | None = None,
    *,
    archived: bool = False,
    draft: bool | None = None,
    kind: Literal["a", "b"] = "a",
    state: Annotated[str, one_of("on", "off")] = "on",
    name: Text | None = None,
    short: Annotated[str, text(3)] = "x",
    note: Annotated[str, text_or_empty(3)] = "",
    names: Names = (),
    ids: Annotated[Sequence[NumericId], items_or_empty(2)] = (),
    needed: Annotated[Sequence[Text], items(2)] = ("x",),
    since: UtcTime | None = None,
    segment: PathText = "x",
    count: Annotated[int, at_least(1)] = 1,
    anything: Any = None,
) -> Call[dict[str, Any]]:
    """Return a call that reads back the arguments that the endpoint got."""
    given = dict(locals())
    if kind == "b":
        raise InvalidInput("kind", "cannot be b")
    return Call("test_endpoint_parameters.things", Route("GET", "x"), lambda _: given, Replay.SAFE)


def arguments(*args: Any, **kwargs: Any) -> dict[str, Any]:
    given: dict[str, Any] = things(*args, **kwargs).read({})
    return given


def test_an_endpoint_gets_its_arguments_in_their_normal_form() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    given = arguments(
        "7", 5, ids=["1", 2], names=("a", "b"), since=dt.datetime(2026, 1, 1, 2, tzinfo=zone), anything=[1]
    )
    assert (given["thing_id"], given["size"], given["ids"], given["names"]) == (7, 5, [1, 2], ["a", "b"])
    assert given["since"] == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert given["since"].tzinfo is dt.UTC
    assert given["anything"] == [1]


def test_none_is_accepted_only_where_the_type_says_so() -> None:
    assert arguments(7, None, draft=None, name=None, since=None)["size"] is None
    for parameter in ("archived", "kind", "state", "short", "note", "names", "ids", "segment", "count"):
        with pytest.raises(InvalidInput) as refusal:
            things(7, **{parameter: None})
        assert refusal.value.field == parameter


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"thing_id": "x"}, "thing_id"),
        ({"size": 101}, "size"),
        ({"size": True}, "size"),
        ({"archived": "false"}, "archived"),
        ({"draft": 0}, "draft"),
        ({"kind": "c"}, "kind"),
        ({"state": "unknown"}, "state"),
        ({"name": " "}, "name"),
        ({"short": "four"}, "short"),
        ({"short": ""}, "short"),
        ({"note": "four"}, "note"),
        ({"names": ["a", "b,c"]}, "names[1]"),
        ({"names": "abc"}, "names"),
        ({"ids": [1, 2, 3]}, "ids"),
        ({"ids": [1, "x"]}, "ids[1]"),
        ({"ids": "12"}, "ids"),
        ({"needed": []}, "needed"),
        ({"needed": ["a", ""]}, "needed[1]"),
        ({"since": dt.datetime(2026, 1, 1)}, "since"),
        ({"segment": ".."}, "segment"),
        ({"count": 0}, "count"),
        ({"kind": "b"}, "kind"),
    ],
)
def test_an_invalid_argument_is_named_with_its_call(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        things(**{"thing_id": 7, **wrong})
    assert (refusal.value.field, refusal.value.call) == (field, "test_endpoint_parameters.things")
    assert refusal.value.__cause__ is None


def test_the_error_of_a_name_with_a_comma_says_why() -> None:
    with pytest.raises(InvalidInput, match="has a comma, which separates names"):
        things(7, names=["Fair, Autumn"])


def test_positional_arguments_are_checked_as_well() -> None:
    with pytest.raises(InvalidInput) as refusal:
        things(7, 0)
    assert refusal.value.field == "size"


def test_missing_and_surplus_arguments_are_type_errors() -> None:
    for args, kwargs in (((), {}), ((7, 5, 3), {}), ((7,), {"other": 1}), ((7,), {"thing_id": 7})):
        with pytest.raises(TypeError):
            things(*args, **kwargs)


def test_an_error_with_the_name_of_another_call_keeps_it() -> None:
    def refuse(field: str, value: object) -> object:
        raise InvalidInput(field, "is wrong", call="other.call")

    @endpoint
    def single(value: Annotated[str, Check(refuse)]) -> Call[None]:
        raise AssertionError

    # The annotation of a nested function cannot be resolved by name.
    single.__wrapped__.__annotations__["value"] = Annotated[str, Check(refuse)]  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput) as refusal:
        single("x")
    assert refusal.value.call == "other.call"


def test_annotations_are_evaluated_at_the_first_call_and_not_at_import() -> None:
    @endpoint
    def broken(value: DoesNotExist) -> Call[None]:  # type: ignore[name-defined]  # noqa: F821
        raise AssertionError

    with pytest.raises(NameError):
        broken("x")


def test_a_check_in_a_union_of_several_types_is_an_error() -> None:
    def function(value: NumericId | Sequence[str]) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="annotate the whole union"):
        argument_checks(function)


def test_the_annotations_of_every_endpoint_can_be_evaluated() -> None:
    for platform in PLATFORMS:
        for name, function in endpoints(platform):
            checked = argument_checks(inspect.unwrap(function))
            assert set(checked) <= set(inspect.signature(function).parameters), name


def test_the_parameter_types_import_no_pydantic() -> None:
    code = "import sys, airflow_provider_mkt.client.parameters; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
