"""Rows of Marketo's answers, as far as they are documented. The platform leaves out what is empty."""

from __future__ import annotations

from typing import Any, TypedDict


class Place(TypedDict, total=False):
    """Where an asset is; programs and emails write ``value``, the rest ``id``."""

    type: str
    id: int
    value: int
    folderName: str


class LeadField(TypedDict, total=False):
    """A field of leads, program members or companies, as the schema calls tell it."""

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
    """A field of leads by its number; without ``rest`` it cannot be used over REST."""

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
    """What a kind of record is made of. ``searchableFields`` are sets of fields to filter by."""

    name: str
    displayName: str
    description: str
    createdAt: str
    updatedAt: str
    idField: str
    dedupeFields: list[str]
    searchableFields: list[list[str]]
    fields: list[DescribedField]


class BulkImport(TypedDict, total=False):
    """A bulk import: Queued, Importing, Complete or Failed. The counts come once there are some."""

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
    """A static list, as the lead database tells it."""

    id: int
    name: str
    description: str
    programName: str
    workspaceName: str
    createdAt: str
    updatedAt: str


class StaticList(TypedDict, total=False):
    """A static list, as the asset API tells it."""

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
    """A smart list. Its rules only where asked for: how they match, triggers, and filters."""

    id: int
    name: str
    description: str
    folder: Place
    workspace: str
    url: str
    rules: dict[str, Any]
    createdAt: str
    updatedAt: str


class TagType(TypedDict, total=False):
    """A type of tags. Its lists are text, as in ``[North, South]``; its values only where it is named."""

    tagType: str
    applicableProgramTypes: str
    required: bool
    allowableValues: str


class Status(TypedDict, total=False):
    """A program status of a channel. Step 0 is "Not in Program"; a member only goes up."""

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
    """What a folder holds: an id and the kind of asset it is."""

    id: int
    type: str


class Token(TypedDict, total=False):
    """A My Token. Its name has no ``{{my.}}`` here."""

    name: str
    type: str
    value: str
    computedUrl: str


class Campaign(TypedDict, total=False):
    """A campaign, as the lead database tells it."""

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
    """A program. Dates only for email programs and events; tags and costs only where asked for."""

    id: int
    name: str
    description: str
    type: str
    channel: str
    folder: Place
    status: str
    workspace: str
    url: str
    tags: list[dict[str, Any]]
    costs: list[dict[str, Any]]
    startDate: str
    endDate: str
    headStart: bool
    sfdcId: str
    sfdcName: str
    createdAt: str
    updatedAt: str


class SmartCampaign(TypedDict, total=False):
    """A smart campaign, as the asset API tells it."""

    id: int
    name: str
    description: str
    type: str
    status: str
    isSystem: bool
    isActive: bool
    isRequestable: bool
    isCommunicationLimitEnabled: bool
    recurrence: dict[str, Any]
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
    ccFields: list[dict[str, Any]]
    preHeader: str
    url: str
    createdAt: str
    updatedAt: str


class EmailSection(TypedDict, total=False):
    """A section of an email, or a module; the value of a text is a list of its HTML and its text."""

    htmlId: str
    parentHtmlId: str
    contentType: str
    value: Any
    index: int
    isLocked: bool


class EmailPreview(TypedDict, total=False):
    id: int
    status: str
    content: str


class EmailVariable(TypedDict, total=False):
    """A variable of an email. ``moduleId`` only for those of a module."""

    name: str
    value: str
    moduleScope: bool
    moduleId: str


class CcField(TypedDict, total=False):
    """A field whose address can get a copy."""

    attributeId: str
    objectName: str
    displayName: str
    apiName: str


class Attribute(TypedDict, total=False):
    name: str
    apiName: str
    value: Any


class Activity(TypedDict, total=False):
    """One thing that happened to a lead. ``marketoGUID`` is what identifies it."""

    id: int
    marketoGUID: str
    leadId: int
    activityDate: str
    activityTypeId: int
    campaignId: int
    primaryAttributeValueId: int
    primaryAttributeValue: str
    attributes: list[Attribute]
    fields: list[dict[str, Any]]


class ActivityAttribute(TypedDict, total=False):
    name: str
    apiName: str
    description: str
    dataType: str
    isPrimary: bool


class ActivityType(TypedDict, total=False):
    """``apiName`` only for custom types; ``status`` only where drafts are told."""

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
    """Calls of one day."""

    date: str
    total: int
    users: list[UserCount]


class Errors(TypedDict, total=False):
    """Errors of one day."""

    date: str
    total: int
    errors: list[ErrorCount]


class Company(TypedDict, total=False):
    """A company; the fields asked for are among its keys."""

    seq: int
    id: int
    externalCompanyId: str
    company: str
    createdAt: str
    updatedAt: str


class Asset(TypedDict):
    """What a write that makes or removes nothing else tells."""

    id: int
