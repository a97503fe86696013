"""Ids and credentials of a new instance, fixed so that examples and tests can name them."""

from datetime import UTC, datetime

SEEDED_AT = datetime(2025, 1, 6, 9, tzinfo=UTC)

# The sandbox listens on loopback only; these credentials protect nothing.
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
MACHINE_TYPE, ENROLLMENT_TYPE = "machine_c", "enrollment_c"
