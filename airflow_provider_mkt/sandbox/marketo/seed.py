"""What a new sandbox holds, under ids that examples and tests can name."""

from datetime import UTC, datetime

from airflow_provider_mkt.sandbox.clock import Clock
from airflow_provider_mkt.sandbox.marketo.accounts import Accounts, ApiUser
from airflow_provider_mkt.sandbox.marketo.permissions import EVERYTHING, READ_ASSETS, READ_LEAD
from airflow_provider_mkt.sandbox.marketo.settings import Settings
from airflow_provider_mkt.sandbox.marketo.world import campaigns as steps
from airflow_provider_mkt.sandbox.marketo.world import programs as kinds
from airflow_provider_mkt.sandbox.marketo.world.activity_types import NEW_LEAD
from airflow_provider_mkt.sandbox.marketo.world.campaigns import BATCH, REQUESTED, TRIGGER, SmartCampaign
from airflow_provider_mkt.sandbox.marketo.world.channels import NOT_IN_PROGRAM, Channel, Status
from airflow_provider_mkt.sandbox.marketo.world.emails import Email, Version
from airflow_provider_mkt.sandbox.marketo.world.folders import Folder, Place
from airflow_provider_mkt.sandbox.marketo.world.instance import Instance
from airflow_provider_mkt.sandbox.marketo.world.leads import Partition
from airflow_provider_mkt.sandbox.marketo.world.lists import Form, OwnSmartList, StaticList
from airflow_provider_mkt.sandbox.marketo.world.programs import PAUSED, Program, SmartList, Stream
from airflow_provider_mkt.sandbox.marketo.world.tags import TagType
from airflow_provider_mkt.sandbox.marketo.world.tokens import MyToken

SEEDED_AT = datetime(2025, 1, 6, 9, tzinfo=UTC)

# Credentials of a program that listens on loopback only; they guard nothing.
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
READER_ID, READER_SECRET = "sandbox-reader", "sandbox-reader-secret"

DEFAULT_PARTITION, EMEA_PARTITION = "Default", "EMEA"
ANNA, BEN, CARLA, DAVID, ELIF = 1001, 1002, 1003, 1004, 1005
STRING_KEY, INTEGER_KEY, MEMBER_FIELD = "customerNumber", "loyaltyId", "seatChoice"

ROOT_FOLDER, PROGRAM_FOLDER, CAMPAIGN_FOLDER, EMAIL_FOLDER = 1, 11, 12, 13
EMAIL_CHANNEL, NURTURE_CHANNEL, DEFAULT_CHANNEL, EVENT_CHANNEL = 101, 102, 103, 104
NURTURE_PROGRAM, EMAIL_PROGRAM, DEFAULT_PROGRAM = 2001, 2002, 2003
FIRST_STREAM, SECOND_STREAM = "First Steps", "Deep Dive"
APPROVED_EMAIL, DRAFT_EMAIL, NEWSLETTER_EMAIL = 3001, 3002, 3003
REQUEST_CAMPAIGN, BATCH_CAMPAIGN, INACTIVE_CAMPAIGN = 4001, 4002, 4003
TAG_TYPE, TAG_VALUES = "Region", ("EMEA", "North", "South")
STATIC_LIST, SMART_LIST, FORM, TEMPLATE = 6001, 6501, 7001, 8001

_PEOPLE = (
    ("anna.berg@example.com", "Anna", "Berg", 1),
    ("ben.ito@example.com", "Ben", "Ito", 1),
    ("carla.neri@example.com", "Carla", "Neri", 1),
    ("david.osei@example.com", "David", "Osei", 1),
    ("elif.kaya@example.com", "Elif", "Kaya", 2),
)


def accounts(settings: Settings) -> Accounts:
    """Return an API user who may do everything, and one who may only read leads and assets."""
    return Accounts(
        [
            ApiUser("airflow@example.com", CLIENT_ID, CLIENT_SECRET, EVERYTHING, frozenset({1, 2})),
            ApiUser("reader@example.com", READER_ID, READER_SECRET, frozenset({READ_LEAD, READ_ASSETS})),
        ],
        settings,
    )


def plant(clock: Clock, seed: int, users: Accounts) -> Instance:
    """Make a new instance. All of it is fixed: there is nothing to draw from `seed`."""
    partitions = [
        Partition(1, DEFAULT_PARTITION, "Where leads go unless told otherwise"),
        Partition(2, EMEA_PARTITION),
    ]
    world = Instance(clock, seed, users, partitions)
    world.templates = frozenset({TEMPLATE})
    world.tag_types = (TagType(TAG_TYPE, TAG_VALUES),)
    world.leads.schema.add_custom(STRING_KEY, "Customer Number", "string")
    world.leads.schema.add_custom(INTEGER_KEY, "Loyalty Id", "integer")
    world.member_schema.add_custom(MEMBER_FIELD, "Seat Choice", "string")
    _plant_leads(world)
    _plant_folders(world)
    _plant_channels(world)
    _plant_programs(world)
    _plant_emails(world)
    _plant_campaigns(world)
    home = Place(DEFAULT_PROGRAM, "Program")
    world.forms[FORM] = Form(
        FORM,
        "Newsletter Sign-up",
        home,
        SEEDED_AT,
        SEEDED_AT,
        ("email", "firstName", "lastName", STRING_KEY),
        (MEMBER_FIELD,),
        DEFAULT_PROGRAM,
    )
    return world


def _plant_leads(world: Instance) -> None:
    for number, (email, first, last, partition_id) in enumerate(_PEOPLE, 1):
        partition = next(one for one in world.leads.partitions if one.id == partition_id)
        lead = world.leads.insert(
            {
                "email": email,
                "firstName": first,
                "lastName": last,
                STRING_KEY: f"C-{number:04}",
                INTEGER_KEY: 70_000 + number,
            },
            partition,
            SEEDED_AT,
        )
        attributes: dict[str, object] = {"Source Type": "New person", "Created Date": "2025-01-06"}
        world.log.add(NEW_LEAD, lead.id, SEEDED_AT, attributes)
    members = dict.fromkeys((ANNA, BEN, CARLA), SEEDED_AT)
    world.lists[STATIC_LIST] = StaticList(
        STATIC_LIST,
        "Newsletter Readers",
        Place(CAMPAIGN_FOLDER, "Folder"),
        SEEDED_AT,
        SEEDED_AT,
        members,
        description="Who gets the newsletter",
    )
    world.smart_lists[SMART_LIST] = OwnSmartList(
        SMART_LIST,
        "Readers of the Newsletter",
        Place(PROGRAM_FOLDER, "Folder"),
        SEEDED_AT,
        SEEDED_AT,
        STATIC_LIST,
    )


def _plant_folders(world: Instance) -> None:
    root = Place(ROOT_FOLDER, "Folder")
    names = {
        ROOT_FOLDER: "Marketing Activities",
        PROGRAM_FOLDER: "Programs",
        CAMPAIGN_FOLDER: "Campaigns",
        EMAIL_FOLDER: "Emails",
    }
    for number, name in names.items():
        system = number == ROOT_FOLDER
        world.folders[number] = Folder(number, name, root, SEEDED_AT, SEEDED_AT, system=system)


def _plant_channels(world: Instance) -> None:
    nowhere = Status(NOT_IN_PROGRAM, 0)
    table = {
        EMAIL_CHANNEL: ("Email Send", kinds.EMAIL, ("Sent", "Opened", "Clicked")),
        NURTURE_CHANNEL: ("Nurture", kinds.ENGAGEMENT, ("Member", "Engaged", "Influenced")),
        DEFAULT_CHANNEL: ("Default", kinds.DEFAULT, ("Member", "Responded", "Converted")),
        EVENT_CHANNEL: ("Roadshow", kinds.EVENT, ("Invited", "Registered", "Attended")),
    }
    for number, (name, kind, words) in table.items():
        last = len(words)
        moves = tuple(Status(word, step * 10, step == last) for step, word in enumerate(words, 1))
        world.channels[number] = Channel(number, name, kind, (nowhere, *moves), SEEDED_AT)


def _plant_programs(world: Instance) -> None:
    place = Place(PROGRAM_FOLDER, "Folder")
    for number, name, kind, channel in (
        (NURTURE_PROGRAM, "Welcome Nurture", kinds.ENGAGEMENT, NURTURE_CHANNEL),
        (EMAIL_PROGRAM, "November Newsletter", kinds.EMAIL, EMAIL_CHANNEL),
        (DEFAULT_PROGRAM, "Website Contacts", kinds.DEFAULT, DEFAULT_CHANNEL),
    ):
        world.programs[number] = Program(
            number, name, place, SEEDED_AT, SEEDED_AT, kind, world.channels[channel]
        )
    nurture = world.programs[NURTURE_PROGRAM]
    nurture.on, nurture.streams = True, (Stream(1, FIRST_STREAM), Stream(2, SECOND_STREAM))
    world.programs[EMAIL_PROGRAM].smart_list = SmartList(EMAIL_PROGRAM * 10 + 1, "Readers", STATIC_LIST)
    for number in (EMAIL_PROGRAM, DEFAULT_PROGRAM):
        world.tokens.put(Place(number, "Program"), MyToken("Headline", "text", "News of the month"))


def _plant_emails(world: Instance) -> None:
    folder = Place(EMAIL_FOLDER, "Folder")
    for number, name, place, subject, approved in (
        (APPROVED_EMAIL, "Welcome", folder, "Welcome aboard", True),
        (DRAFT_EMAIL, "Spring Offer", folder, "Spring is here", False),
        (NEWSLETTER_EMAIL, "Newsletter", Place(EMAIL_PROGRAM, "Program"), "{{my.Headline}}", True),
    ):
        version = Version(subject, "Example Ltd", "news@example.com", "reply@example.com")
        email = Email(number, name, place, SEEDED_AT, SEEDED_AT, TEMPLATE)
        email.approved, email.draft = (version, None) if approved else (None, version)
        world.emails[number] = email


def _plant_campaigns(world: Instance) -> None:
    folder, program = Place(CAMPAIGN_FOLDER, "Folder"), Place(DEFAULT_PROGRAM, "Program")
    world.campaigns[REQUEST_CAMPAIGN] = SmartCampaign(
        REQUEST_CAMPAIGN,
        "Add to Welcome Nurture",
        folder,
        SEEDED_AT,
        SEEDED_AT,
        TRIGGER,
        trigger=REQUESTED,
        flow=(
            steps.AddToEngagementProgram(NURTURE_PROGRAM, SECOND_STREAM),
            steps.SendEmail(APPROVED_EMAIL),
        ),
        active=True,
        description="Puts people into the second stream and welcomes them",
    )
    world.campaigns[BATCH_CAMPAIGN] = SmartCampaign(
        BATCH_CAMPAIGN,
        "Monthly Digest",
        program,
        SEEDED_AT,
        SEEDED_AT,
        BATCH,
        SmartList(BATCH_CAMPAIGN * 10 + 1, "Readers", STATIC_LIST),
        flow=(steps.SendEmail(APPROVED_EMAIL),),
        program_id=DEFAULT_PROGRAM,
    )
    world.campaigns[INACTIVE_CAMPAIGN] = SmartCampaign(
        INACTIVE_CAMPAIGN,
        "Pause Welcome Nurture",
        folder,
        SEEDED_AT,
        SEEDED_AT,
        TRIGGER,
        trigger=REQUESTED,
        flow=(steps.ChangeCadence(NURTURE_PROGRAM, PAUSED),),
    )
