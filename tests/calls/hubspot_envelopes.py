"""What HubSpot wraps its rows in, and the row that two families share."""

from __future__ import annotations

from calls.shapes import Shape, Time, also, shape, words

from airflow_provider_mkt.client.hubspot.versions import PROFILES

STATUSES = words("CANCELED COMPLETE PENDING PROCESSING")
NEXT = shape("NextPage", after=str)
PAGING = shape("Paging", {"next": NEXT, "prev": shape("PreviousPage", before=str)})


def page(row: Shape) -> Shape:
    return shape(f"PageOf{row.__name__}", {"paging": PAGING}, results=list[row])


def counted(row: Shape) -> Shape:
    return also(page(row), f"CountedPageOf{row.__name__}", total=int)


def batch(row: Shape) -> Shape:
    failure = shape("Failure", category=str, message=str)
    return shape(
        f"BatchOf{row.__name__}",
        {"requestedAt": Time, "errors": list[failure], "numErrors": int},
        status=STATUSES,
        startedAt=Time,
        completedAt=Time,
        results=list[row],
    )


def undated_and_dated(undated: Shape, dated: Shape) -> dict[str, Shape]:
    """An answer whose dated paths differ from the v3 and v4 ones."""
    return {"v3": undated, **{profile: dated for profile in PROFILES if profile != "v3"}}


def except_in_march(shape: Shape, march: Shape) -> dict[str, Shape]:
    """An answer that differs in version 2026-03 alone."""
    return {**dict.fromkeys(PROFILES, shape), "2026-03": march}


LIST = shape(
    "List",
    {
        "createdAt": Time,
        "updatedAt": Time,
        "deletedAt": Time,
        "filtersUpdatedAt": Time,
        "createdById": str,
        "updatedById": str,
        "size": int,
        "filterBranch": dict,
    },
    listId=str,
    listVersion=int,
    name=str,
    objectTypeId=str,
    processingStatus=str,
    processingType=words("MANUAL DYNAMIC SNAPSHOT"),
)
