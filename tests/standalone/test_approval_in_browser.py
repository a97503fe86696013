"""A person approves an email on the pages of a running Airflow, in headless Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from standalone.browsers import WITH_BROWSER, log_in, until
from standalone.service import Standalone

from airflow_provider_mkt.sandbox import Sandbox

pytestmark = WITH_BROWSER

RUNS = {
    "approved": "approval",
    "rejected": "approval",
    "timed out": "approval_in_time",
    "of ada": "approval_of_ada",
}


@pytest.fixture(scope="module")
def runs(airflow: Standalone) -> dict[str, str]:
    """Start all runs at once. Returns their ids by the email's name."""
    return {name: airflow.trigger(dag_id, {"name": name}) for name, dag_id in RUNS.items()}


class Page:
    """The page *Required Actions* of a task.

    :param name: name of the email, which is that of the run.
    """

    def __init__(
        self, browser: webdriver.Chrome, airflow: Standalone, runs: dict[str, str], name: str
    ) -> None:
        self.airflow, self.dag_id, self.run_id = airflow, RUNS[name], runs[name]
        self._browser = browser
        log_in(browser, airflow)
        until(lambda: self.state("approve") not in ("", "none", "scheduled", "queued", "running"))
        browser.get(f"{airflow.url}/dags/{self.dag_id}/runs/{self.run_id}/tasks/approve/required_actions")
        until(lambda: f"Send '{name}' to 5 people?" in self.text())

    def state(self, task: str) -> str:
        """Return the state of a task; empty before it has one."""
        found = self.airflow.tasks(self.dag_id, self.run_id).get(task)
        return str(found["state"]).lower() if found and found["state"] else ""

    def text(self) -> str:
        """Return the text that a person sees; empty while the page is being replaced."""
        try:
            return self._browser.find_element(By.TAG_NAME, "body").text
        except WebDriverException:
            return ""

    def find(self, selector: str) -> WebElement:
        """Wait for an element."""
        until(lambda: bool(self._browser.find_elements(By.CSS_SELECTOR, selector)))
        return self._browser.find_element(By.CSS_SELECTOR, selector)

    def choose(self, option: str) -> None:
        """Press the button of an option."""
        button = self.find(f"[data-testid='hitl-option-{option}']")
        self._browser.execute_script("arguments[0].scrollIntoView()", button)
        until(button.is_enabled)
        button.click()

    def outcome(self) -> Any:
        """Return the outcome of the task once it has ended."""
        until(lambda: self.state("approve") in ("success", "failed"))
        return self.airflow.returned(self.dag_id, self.run_id, "approve")


def sent(box: Sandbox, name: str) -> int:
    """Return how often the email of that name was sent."""
    (email,) = [one for one in box.hubspot.state.emails.all() if one.name == name]
    return len(email.sends)


def test_the_preview_is_seen_and_approved_with_a_note(
    browser: webdriver.Chrome, airflow: Standalone, runs: dict[str, str], approvals: Sandbox
) -> None:
    page = Page(browser, airflow, runs, "approved")
    seen = page.text()
    for line in ("Subject News of the month", "From Example Ltd news@example.com", "account 4242424"):
        assert line in seen.replace("\n", " ")
    # The email's own tokens are text, and addresses are masked.
    assert "{{ unsubscribe_link }}" in seen
    assert "a***@e***.com" in seen
    assert "ada@example.com" not in seen
    assert page.state("publish") in ("", "none")
    page.find("input[name='element_note']").send_keys("seen by legal")
    page.choose("Approve")
    outcome = page.outcome()
    assert (outcome["approved"], outcome["approved_by"], outcome["note"]) == (
        True,
        "bob",
        "seen by legal",
    )
    assert f"fingerprint {outcome['fingerprint']}" in seen
    until(lambda: page.state("publish") == "success")
    assert sent(approvals, "approved") == 1
    published = airflow.returned(page.dag_id, page.run_id, "publish")
    assert published["approval"]["by"] == "bob"


def test_a_rejected_email_is_not_sent(
    browser: webdriver.Chrome, airflow: Standalone, runs: dict[str, str], approvals: Sandbox
) -> None:
    page = Page(browser, airflow, runs, "rejected")
    page.choose("Reject")
    assert page.outcome()["approved"] is False
    until(lambda: page.state("publish") == "skipped")
    until(lambda: "Response received" in page.text())
    assert sent(approvals, "rejected") == 0


def test_only_an_assigned_user_can_approve(
    browser: webdriver.Chrome, airflow: Standalone, runs: dict[str, str], approvals: Sandbox
) -> None:
    page = Page(browser, airflow, runs, "of ada")
    refused = airflow.answer(page.dag_id, page.run_id, "approve", "Approve")
    assert (refused.status_code, "not a respondent" in refused.text) == (403, True)
    assert page.state("approve") == "awaiting_input"
    assert sent(approvals, "of ada") == 0
    assert airflow.answer(page.dag_id, page.run_id, "approve", "Approve", user="ada").status_code == 200
    assert page.outcome()["approved_by"] == "ada"
    until(lambda: page.state("publish") == "success")


def test_without_an_answer_in_time_nothing_is_sent(
    browser: webdriver.Chrome, airflow: Standalone, runs: dict[str, str], approvals: Sandbox
) -> None:
    page = Page(browser, airflow, runs, "timed out")
    outcome = page.outcome()
    assert (outcome["approved"], outcome["timed_out"], outcome["approved_by"]) == (False, True, None)
    until(lambda: page.state("publish") == "upstream_failed")
    assert page.state("approve") == "failed"
    assert sent(approvals, "timed out") == 0
