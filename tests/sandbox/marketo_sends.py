"""Send in Marketo's sandbox, and read what came of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from marketo_tools import Api

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings

PROGRAM = f"/asset/v1/program/{seed.EMAIL_PROGRAM}"
LONG = 10**9
SENT, DELIVERED, BOUNCED, UNSUBSCRIBED, OPENED, CLICKED, BOUNCED_SOFT = 6, 7, 8, 9, 10, 11, 27


class Sender(Api):
    """An API client that also uses the control API."""

    def control(self, what: str, body: Any) -> Any:
        response = self.client.post(f"/_sandbox/{what}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def configure(self, **settings: Any) -> None:
        self.control("settings", settings)

    def person(self, lead_id: int, **change: Any) -> Any:
        (changed,) = self.control("people", {"id": lead_id, **change})["people"]
        return changed

    def audience(self, *filters: dict[str, Any], program: int = seed.EMAIL_PROGRAM, **rules: Any) -> Any:
        """Set the smart list of a program, as in the user interface."""
        return self.control(
            "assets", {"type": "program", "id": program, "smart_list": {"filters": filters, **rules}}
        )

    def schedule(self, seconds: float = 3600, **more: Any) -> Any:
        """Set the dates of the email program, and approve it."""
        now = self.sandbox.clock.now()
        for name, after in (("startDate", seconds), ("endDate", seconds + 30 * 86_400)):
            more[name] = f"{now + timedelta(seconds=after):%Y-%m-%dT%H:%M:%S+0000}"
        assert self.form(f"{PROGRAM}.json", **more)["success"]
        return self.form(f"{PROGRAM}/approve.json")

    def send(self) -> list[int]:
        """Send the email program now, and return the leads that got the email."""
        assert self.schedule()["success"]
        self.advance(3700)
        return self.mailed()

    def mailed(self) -> list[int]:
        return [int(row.person) for row in self.sandbox.marketo.outbox if row.outcome != "dropped"]

    def dropped(self) -> dict[int, str | None]:
        return {
            int(row.person): row.reason for row in self.sandbox.marketo.outbox if row.outcome == "dropped"
        }

    def counts(self, *types: int) -> dict[int, int]:
        """Return how many activities of each type are visible."""
        return dict(Counter(row["activityTypeId"] for row in self.activities(*types)))

    def run_campaign(self, campaign: int = seed.BATCH_CAMPAIGN) -> None:
        assert self.post(f"/v1/campaigns/{campaign}/schedule.json")["success"]
        self.advance(310)
        self.sandbox.marketo.state.run_due_work()

    def sends(self) -> list[dict[str, Any]]:
        return list(self.sandbox.marketo.snapshot()["sends"])


def sign_in(sandbox: Sandbox) -> Sender:
    """Return a client whose token outlives all moves of the clock."""
    sandbox.marketo.settings.token_seconds = LONG
    return Sender(sandbox)


def fresh(sender: Sender) -> Sender:
    """Reset the instance and its settings."""
    marketo = sender.sandbox.marketo
    marketo.reset()
    for name, value in MarketoSettings(token_seconds=LONG):
        setattr(marketo.settings, name, value)
    return sender


def one_filter(name: str, operator: str, *values: Any, **constraint: Any) -> dict[str, Any]:
    """Return a filter; `status` or `date` add its constraint."""
    named = {"status": "Program Status", "date": "Date of Activity", "times": "Min. Number of Times"}
    constraints = [
        {"name": named[key], "operator": operator_, "values": [value]}
        for key, (operator_, value) in constraint.items()
    ]
    return {"name": name, "operator": operator, "values": list(values), "constraints": constraints}
