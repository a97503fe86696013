"""Named accounts and their lists in the state."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def snapshot(state: MarketoState) -> JsonObject:
    return {"namedAccounts": len(state.named_accounts), "namedAccountLists": len(state.account_lists)}
