"""What Marketo wraps its rows in, and how it writes times."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from calls.shapes import Shape, Time, also, shape
from pydantic import AfterValidator, StringConstraints


def _day(text: str) -> str:
    dt.date.fromisoformat(text)
    return text


Moment = Time
"""A time in the lead database, such as ``2026-01-31T09:00:00Z``."""
AssetTime = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\+0000$")]
DATE = Annotated[str, AfterValidator(_day)]
_REQUEST_ID = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4,5}#[0-9a-f]+$")]

NO_RESULT = shape("Done", requestId=_REQUEST_ID, success=Literal[True])
_WARNED = {"warnings": list[str | shape("Warning", code=int, message=str)]}


def answer(row: Shape) -> Shape:
    """Rows in one piece."""
    return also(NO_RESULT, f"AnswerOf{row.__name__}", _WARNED, result=list[row])


def pages(row: Shape, **required: Any) -> Shape:
    """A page of rows; the token is there while there is another page, or always where it is required."""
    maybe = {"nextPageToken": str, "moreResult": bool}
    left = {name: kind for name, kind in maybe.items() if name not in required}
    return also(answer(row), f"PageOf{row.__name__}", left, **required)


def asset(row: Shape) -> Shape:
    """Rows of the asset API, which leaves out ``result`` when it finds nothing."""
    return also(
        NO_RESULT, f"AssetsOf{row.__name__}", {"result": list[row]}, errors=list[str], warnings=list[str]
    )
