"""The answers of HubSpot as documented, by call: contacts, lists and imports."""

from __future__ import annotations

from typing import Any

from calls.hubspot_envelopes import LIST, STATUSES, batch, counted, page
from calls.shapes import NOTHING, Time, also, shape, words

VALUE = shape(
    "Value",
    {"sourceId": str, "sourceLabel": str, "updatedByUserId": int},
    value=str,
    timestamp=Time,
    sourceType=str,
)
CONTACT = shape(
    "Contact",
    {"archivedAt": Time, "objectWriteTraceId": str, "propertiesWithHistory": dict[str, list[VALUE]]},
    id=str,
    properties=dict[str, str | None],
    createdAt=Time,
    updatedAt=Time,
    archived=bool,
)
ASSOCIATED = page(shape("AssociatedId", id=str, type=str))
CONTACT_AND_MORE = also(CONTACT, "ContactAndMore", {"associations": dict[str, ASSOCIATED]})
UPSERTED = also(CONTACT, "Upserted", new=bool)

ONE_LIST = shape("OneList", list=LIST)
CHANGED_LIST = shape("ChangedList", updatedList=LIST)
MEMBERS = page(shape("Member", recordId=str, membershipTimestamp=Time))
CHANGES = shape("Changes", recordsIdsAdded=list[str], recordIdsRemoved=list[str], recordIdsMissing=list[str])
MEMBERSHIP = shape(
    "Membership",
    {"firstAddedTimestamp": Time, "lastAddedTimestamp": Time, "isPublicList": bool},
    listId=str,
    listVersion=int,
)
FOLDER = shape(
    "Folder",
    folder=shape(
        "FolderNode", {"name": str}, id=str, parentFolderId=str, childNodes=list[dict], childLists=list[int]
    ),
)
MAPPING = shape("Mapping", legacyListId=str, listId=str)
PLAN = shape("Plan", {"convertedAt": Time, "requestedConversionTime": dict}, listId=str)

ROW_ERROR = shape(
    "RowError",
    {"errorMessage": str, "invalidValue": str, "knownColumnNumber": int, "objectTypeId": str},
    id=str,
    createdAt=int,
    errorType=str,
    sourceData=shape(
        "Row",
        additionalRowData=list[str],
        containsEncryptedProperties=bool,
        fileId=int,
        lineNumber=int,
        rowData=list[str],
    ),
)
IMPORT = shape(
    "Import",
    {"importName": str, "importRequestJson": dict, "importSource": str, "updatedAt": Time},
    id=str,
    createdAt=Time,
    mappedObjectTypeIds=list[str],
    metadata=shape(
        "ImportFacts",
        counters=dict[str, int],
        fileIds=list[str],
        objectLists=list[shape("ImportedTo", listId=str, objectType=str)],
    ),
    optOutImport=bool,
    state=words("CANCELED DEFERRED DONE FAILED PROCESSING REVERTED STARTED"),
)

PEOPLE: dict[str, Any] = {
    "contact_merging.merge": CONTACT,
    "contacts.gdpr_delete": NOTHING,
    "contact_search.search": counted(CONTACT),
    "contact_search.search_all": counted(CONTACT),
    "contacts.archive": NOTHING,
    "contacts.archive_batch": NOTHING,
    "contacts.create": CONTACT,
    "contacts.create_batch": batch(CONTACT),
    "contacts.get": CONTACT_AND_MORE,
    "contacts.list": page(CONTACT_AND_MORE),
    "contacts.batch_read": batch(CONTACT),
    "contacts.update": CONTACT,
    "contacts.update_batch": batch(CONTACT),
    "contacts.upsert_batch": batch(UPSERTED),
    "imports.cancel": shape(
        "Action", {"requestedAt": Time}, startedAt=Time, completedAt=Time, status=STATUSES
    ),
    "imports.errors": page(ROW_ERROR),
    "imports.get": IMPORT,
    "imports.list": page(IMPORT),
    "imports.start": IMPORT,
    "list_conversions.cancel": NOTHING,
    "list_conversions.get": PLAN,
    "list_conversions.on_date": PLAN,
    "list_conversions.when_inactive": PLAN,
    "list_folders.create": FOLDER,
    "list_folders.delete": NOTHING,
    "list_folders.get": FOLDER,
    "list_folders.move": FOLDER,
    "list_folders.move_list": NOTHING,
    "list_folders.rename": FOLDER,
    "list_legacy_ids.get": MAPPING,
    "list_legacy_ids.batch_read": shape(
        "Mappings", legacyListIdsToIdsMapping=list[MAPPING], missingLegacyListIds=list[str]
    ),
    "list_memberships.add": CHANGES,
    "list_memberships.add_and_remove": CHANGES,
    "list_memberships.add_from": NOTHING,
    "list_memberships.by_join_time": MEMBERS,
    "list_memberships.members": MEMBERS,
    "list_memberships.of_record": page(MEMBERSHIP),
    "list_memberships.batch_read": batch(
        shape("RecordsLists", objectTypeId=str, recordId=str, recordListMemberships=list[MEMBERSHIP])
    ),
    "list_memberships.remove": CHANGES,
    "list_memberships.remove_all": NOTHING,
    "lists.by_name": ONE_LIST,
    "lists.create": ONE_LIST,
    "lists.delete": NOTHING,
    "lists.get": ONE_LIST,
    "lists.batch_read": shape("Lists", lists=list[LIST]),
    "lists.rename": CHANGED_LIST,
    "lists.restore": NOTHING,
    "lists.search": shape(
        "FoundLists",
        hasMore=bool,
        offset=int,
        total=int,
        lists=list[also(LIST, "FoundList", additionalProperties=dict[str, str])],
    ),
    "lists.size_history": shape(
        "SizeHistory", sizeHistory=list[shape("SizeThen", size=int, timestamp=Time)], editHistory=list[Time]
    ),
    "lists.update_filters": CHANGED_LIST,
}
