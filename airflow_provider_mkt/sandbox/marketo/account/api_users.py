"""The API users of a new instance."""

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.permissions import EVERYTHING, READ_ASSETS, READ_LEAD
from airflow_provider_mkt.sandbox.marketo.seed import CLIENT_ID, CLIENT_SECRET, READER_ID, READER_SECRET

API_USERS = (
    ApiUser("airflow@example.com", CLIENT_ID, CLIENT_SECRET, EVERYTHING, frozenset({1, 2})),
    ApiUser("reader@example.com", READER_ID, READER_SECRET, frozenset({READ_LEAD, READ_ASSETS})),
)
"""One with all permissions, and one that can only read leads and assets."""
