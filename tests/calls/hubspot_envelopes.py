"""What HubSpot wraps its rows in, and the row that two families share."""

from __future__ import annotations

from calls.shapes import Shape, Time, also, shape, words

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
