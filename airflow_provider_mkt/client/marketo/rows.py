"""Rows of Marketo's responses, as far as they are documented. Marketo omits empty fields."""

from __future__ import annotations

from typing import TypedDict

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.json_types import JsonDict


class Place(TypedDict, total=False):
    """The folder of an asset. Programs and emails have ``value``, other assets ``id``."""

    type: str
    id: int
    value: int
    folderName: str


class LeadField(TypedDict, total=False):
    """A field of leads, program members or companies, as the schema calls return it."""

    name: str
    displayName: str
    description: str
    dataType: str
    length: int
    isHidden: bool
    isHtmlEncodingInEmail: bool
    isSensitive: bool
    isCustom: bool
    isApiCreated: bool


class OnRest(TypedDict, total=False):
    """A field's name over REST."""

    name: str
    readOnly: bool


class FieldOfLead(TypedDict, total=False):
    """A lead field with its numeric id. Without ``rest`` it is not available in the REST API."""

    id: int
    displayName: str
    dataType: str
    length: int
    rest: OnRest
    soap: OnRest


class DescribedField(TypedDict, total=False):
    name: str
    displayName: str
    dataType: str
    length: int
    updateable: bool
    crmManaged: bool


class Description(TypedDict, total=False):
    """The schema of a record type. ``searchableFields`` are sets of fields that can be searched."""

    name: str
    displayName: str
    description: str
    createdAt: str
    updatedAt: str
    idField: str
    dedupeFields: list[str]
    searchableFields: list[list[str]]
    relationships: list[Relationship]
    fields: list[DescribedField]


class BulkImport(TypedDict, total=False):
    """A bulk import: Queued, Importing, Complete or Failed.

    The counters are present as soon as Marketo has them."""

    batchId: int
    importId: str
    status: str
    numOfLeadsProcessed: int
    numOfRowsFailed: int
    numOfRowsWithWarning: int
    message: str


class ListMembership(TypedDict):
    listId: int
    createdAt: str
    updatedAt: str


class ProgramMembership(TypedDict, total=False):
    """``stream`` and ``nurtureCadence`` only for engagement programs."""

    id: int
    progressionStatus: str
    isExhausted: bool
    acquiredBy: bool
    reachedSuccess: bool
    membershipDate: str
    updatedAt: str
    stream: str
    nurtureCadence: str


class CampaignMembership(TypedDict):
    smartCampaignId: int
    createdAt: str
    updatedAt: str


class Partition(TypedDict, total=False):
    id: int
    name: str
    description: str


class ListRow(TypedDict, total=False):
    """A static list, as the lead database API returns it."""

    id: int
    name: str
    description: str
    programName: str
    workspaceName: str
    createdAt: str
    updatedAt: str


class StaticList(TypedDict, total=False):
    """A static list, as the asset API returns it."""

    id: int
    name: str
    description: str
    folder: Place
    workspace: str
    url: str
    computedUrl: str
    createdAt: str
    updatedAt: str


class SmartList(TypedDict, total=False):
    """A smart list. ``rules`` (match type, triggers and filters) only if requested."""

    id: int
    name: str
    description: str
    folder: Place
    workspace: str
    url: str
    rules: JsonDict
    createdAt: str
    updatedAt: str


class TagType(TypedDict, total=False):
    """A tag type. Lists are text such as ``[North, South]``; ``allowableValues`` only in reads by name."""

    tagType: str
    applicableProgramTypes: str
    required: bool
    allowableValues: str


class Status(TypedDict, total=False):
    """A program status of a channel. Step 0 is "Not in Program"; members only move to higher steps."""

    name: str
    description: str
    step: int
    hidden: bool
    success: bool
    type: str


class Channel(TypedDict, total=False):
    id: int
    name: str
    applicableProgramType: str
    progressionStatuses: list[Status]
    createdAt: str
    updatedAt: str


class Folder(TypedDict, total=False):
    id: int
    name: str
    description: str
    folderId: Place
    folderType: str
    parent: Place | None
    path: str
    isArchive: bool
    isSystem: bool
    workspace: str
    url: str
    createdAt: str
    updatedAt: str


class Content(TypedDict):
    """An asset in a folder: its id and its type."""

    id: int
    type: str


class Token(TypedDict, total=False):
    """A My Token. ``name`` is without ``{{my.}}``."""

    name: str
    type: str
    value: str
    computedUrl: str


class Campaign(TypedDict, total=False):
    """A campaign, as the lead database API returns it."""

    id: int
    name: str
    description: str
    type: str
    active: bool
    programId: int
    programName: str
    workspaceName: str
    createdAt: str
    updatedAt: str


class Program(TypedDict, total=False):
    """A program. Dates only for email programs and events; tags and costs only if requested."""

    id: int
    name: str
    description: str
    type: str
    channel: str
    folder: Place
    status: str
    workspace: str
    url: str
    tags: list[JsonDict]
    costs: list[JsonDict]
    startDate: str
    endDate: str
    headStart: bool
    sfdcId: str
    sfdcName: str
    createdAt: str
    updatedAt: str


class SmartCampaign(TypedDict, total=False):
    """A smart campaign, as the asset API returns it."""

    id: int
    name: str
    description: str
    type: str
    status: str
    isSystem: bool
    isActive: bool
    isRequestable: bool
    isCommunicationLimitEnabled: bool
    recurrence: JsonDict
    qualificationRuleType: str
    qualificationRuleInterval: int
    qualificationRuleUnit: str
    maxMembers: int
    smartListId: int
    flowId: int
    parentProgramId: int
    folder: Place
    workspace: str
    computedUrl: str
    createdAt: str
    updatedAt: str


class Header(TypedDict, total=False):
    """A header of an email: ``Text`` with its value, or ``DynamicContent``."""

    type: str
    value: str


class Email(TypedDict, total=False):
    """One version of an email."""

    id: int
    name: str
    description: str
    subject: Header
    fromName: Header
    fromEmail: Header
    replyEmail: Header
    folder: Place
    operational: bool
    textOnly: bool
    publishToMSI: bool
    webView: bool
    status: str
    template: int
    workspace: str
    isOpenTrackingDisabled: bool
    version: int
    autoCopyToText: bool
    ccFields: list[JsonDict]
    preHeader: str
    url: str
    createdAt: str
    updatedAt: str


class DesignerEmail(TypedDict, total=False):
    """An email of the Email Designer. Its ``id`` is a text; ``data`` only in reads by id."""

    id: str
    name: str
    description: str
    status: str
    state: str
    externalId: str
    headers: JsonDict
    settings: JsonDict
    appData: JsonDict
    metadata: JsonDict
    templateId: str
    data: JsonDict


class UsedBy(TypedDict, total=False):
    """An asset that uses another one."""

    id: str
    name: str
    contentType: str
    channel: str
    externalId: str
    appData: JsonDict


class UsedByCount(TypedDict, total=False):
    """How many assets use one."""

    id: str
    name: str
    count: int
    used: bool


class EmailSection(TypedDict, total=False):
    """A section or a module of an email.

    The ``value`` of a text section is a list of its HTML and its plain text."""

    htmlId: str
    parentHtmlId: str
    contentType: str
    value: Json
    index: int
    isLocked: bool


class EmailPreview(TypedDict, total=False):
    id: int
    status: str
    content: str


class EmailVariable(TypedDict, total=False):
    """A variable of an email. ``moduleId`` only for module variables."""

    name: str
    value: str
    moduleScope: bool
    moduleId: str


class CcField(TypedDict, total=False):
    """A field whose email address can receive a copy."""

    attributeId: str
    objectName: str
    displayName: str
    apiName: str


class Attribute(TypedDict, total=False):
    name: str
    apiName: str
    value: Json


class Activity(TypedDict, total=False):
    """An activity of a lead. ``marketoGUID`` is its unique key."""

    id: int
    marketoGUID: str
    leadId: int
    activityDate: str
    activityTypeId: int
    campaignId: int
    primaryAttributeValueId: int
    primaryAttributeValue: str
    attributes: list[Attribute]
    fields: list[JsonDict]


class ActivityAttribute(TypedDict, total=False):
    name: str
    apiName: str
    description: str
    dataType: str
    isPrimary: bool


class ActivityType(TypedDict, total=False):
    """An activity type. ``apiName`` only for custom types; ``status`` only in calls that return drafts."""

    id: int
    name: str
    apiName: str
    description: str
    triggerName: str
    filterName: str
    status: str
    primaryAttribute: ActivityAttribute
    attributes: list[ActivityAttribute]
    createdAt: str
    updatedAt: str


class UserCount(TypedDict):
    userId: str
    count: int


class ErrorCount(TypedDict):
    errorCode: str
    count: int


class Usage(TypedDict, total=False):
    """Number of API calls of one day."""

    date: str
    total: int
    users: list[UserCount]


class Errors(TypedDict, total=False):
    """Number of API errors of one day."""

    date: str
    total: int
    errors: list[ErrorCount]


class Company(TypedDict, total=False):
    """A company, with the requested fields as further keys."""

    seq: int
    id: int
    externalCompanyId: str
    company: str
    createdAt: str
    updatedAt: str


class ObjectRecord(TypedDict, total=False):
    """A record of an opportunity, a role, a named account or a custom object.

    The requested fields are further keys."""

    seq: int
    marketoGUID: str
    createdAt: str
    updatedAt: str


class SalesPerson(TypedDict, total=False):
    """A sales person, with the requested fields as further keys."""

    seq: int
    id: int
    externalSalesPersonId: str
    email: str
    createdAt: str
    updatedAt: str


class RelatedTo(TypedDict, total=False):
    """The object that a link field leads to, and its field."""

    name: str
    field: str


class Relationship(TypedDict, total=False):
    """A link of a custom object. Responses have ``relatedTo``, and some ``object`` in its place."""

    field: str
    type: str
    relatedTo: RelatedTo
    object: RelatedTo


class ObjectType(Description, total=False):
    """A custom object type. ``state`` and ``version`` only in the calls of its schema."""

    apiName: str
    pluralName: str
    state: str
    version: str


class LinkableObject(TypedDict, total=False):
    """An object that custom objects can be linked to, and the fields that a link can lead to."""

    name: str
    displayName: str
    fields: list[DescribedField]


class DependentAsset(TypedDict, total=False):
    """An asset that uses a custom object type."""

    assetType: str
    assetId: int
    assetName: str
    usedFields: list[str]


class NamedAccountList(TypedDict, total=False):
    """A list of named accounts. One whose ``type`` is not ``default`` cannot be changed."""

    seq: int
    marketoGUID: str
    name: str
    type: str
    updateable: bool
    createdAt: str
    updatedAt: str


class ObjectImport(TypedDict, total=False):
    """A bulk import of custom objects: Queued, Importing, Complete or Failed."""

    batchId: int
    status: str
    objectApiName: str
    operation: str
    numOfObjectsProcessed: int
    numOfRowsFailed: int
    numOfRowsWithWarning: int
    importTime: str
    message: str


class Asset(TypedDict):
    """The response of writes that return only an id."""

    id: int
