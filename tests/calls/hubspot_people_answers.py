"""The answers of HubSpot as documented, by call: contacts, lists, imports and exports."""

from __future__ import annotations

from typing import Any

from calls.hubspot_envelopes import LIST, STATUSES, batch, counted, page
from calls.shapes import NOTHING, Time, also, shape, words

from airflow_provider_mkt.client.hubspot.versions import PROFILES

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

FOUND_LIST = also(LIST, "FoundList", additionalProperties=dict[str, str])
FOUND_LISTS = shape("FoundLists", hasMore=bool, offset=int, total=int, lists=list[FOUND_LIST])
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

PROPERTY = shape(
    "Property",
    {
        "archived": bool,
        "archivedAt": Time,
        "calculated": bool,
        "calculationFormula": str,
        "createdAt": Time,
        "createdUserId": str,
        "currencyPropertyName": str,
        "dataSensitivity": words("highly_sensitive non_sensitive sensitive"),
        "displayOrder": int,
        "externalOptions": bool,
        "formField": bool,
        "hasUniqueValue": bool,
        "hidden": bool,
        "hubspotDefined": bool,
        "modificationMetadata": shape(
            "Changeable",
            {"readOnlyOptions": bool},
            archivable=bool,
            readOnlyDefinition=bool,
            readOnlyValue=bool,
        ),
        "referencedObjectType": str,
        "showCurrencySymbol": bool,
        "updatedAt": Time,
        "updatedUserId": str,
    },
    name=str,
    label=str,
    type=str,
    fieldType=str,
    groupName=str,
    description=str,
    options=list[
        shape("Option", {"description": str, "displayOrder": int}, label=str, value=str, hidden=bool)
    ],
)

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

EXPORT_ERROR = shape(
    "ExportError",
    {"status": str, "category": str, "context": dict[str, list[str]], "errors": list[dict], "links": dict},
    message=str,
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
    "exports.get": shape(
        "Export",
        {"exportName": str, "recordCount": int},
        id=str,
        exportType=str,
        objectType=str,
        objectProperties=list[str],
        exportState=words(
            "CANCELED CONFLICT DEFERRED DELETED DONE ENQUEUED FAILED PENDING_APPROVAL PROCESSING"
        ),
        createdAt=Time,
        updatedAt=Time,
    ),
    "exports.start": shape("StartedExport", {"links": dict[str, str]}, id=str),
    "exports.status": shape(
        "ExportTask",
        {"result": str, "errors": list[EXPORT_ERROR], "numErrors": int, "requestedAt": Time},
        status=STATUSES,
        startedAt=Time,
        completedAt=Time,
    ),
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
    "lists.list": {**dict.fromkeys(PROFILES, FOUND_LISTS), "2026-09": counted(FOUND_LIST)},
    "lists.search": FOUND_LISTS,
    "lists.size_history": shape(
        "SizeHistory", sizeHistory=list[shape("SizeThen", size=int, timestamp=Time)], editHistory=list[Time]
    ),
    "lists.update_filters": CHANGED_LIST,
}
