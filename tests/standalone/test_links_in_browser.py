"""The buttons of tasks, and the assets page, on the pages of a running Airflow, in headless Chromium."""

from __future__ import annotations

from urllib.parse import quote

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from standalone.browsers import WITH_BROWSER, log_in, seen, until
from standalone.service import Standalone

from airflow_provider_mkt import __version__
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo.assets import APP

pytestmark = WITH_BROWSER


class TaskPage:
    """The page *Details* of a task."""

    def __init__(self, browser: webdriver.Chrome, airflow: Standalone, run_id: str, task: str) -> None:
        self._browser = browser
        log_in(browser, airflow)
        browser.get(f"{airflow.url}/dags/links/runs/{run_id}/tasks/{task}/details")

    def buttons(self) -> dict[str, str]:
        """Return the addresses behind the buttons that lead out of Airflow, by their text."""
        try:
            links = self._browser.find_elements(By.CSS_SELECTOR, "a[target='_blank']")
            found = {link.text: str(link.get_attribute("href")) for link in links}
        except WebDriverException:
            return {}
        return {text: address for text, address in found.items() if text.startswith(_BUTTONS)}

    def wait_for(self, expected: dict[str, str]) -> None:
        """Wait until the page has these buttons, and no other one of ours."""
        try:
            until(lambda: self.buttons() == expected)
        except AssertionError:
            assert self.buttons() == expected


_BUTTONS = ("HubSpot", "Marketo", "Results", "Rejects", "Approval", "Email")
_HUBSPOT = "https://app.hubspot.com"


def test_a_task_links_to_what_it_created(
    browser: webdriver.Chrome, airflow: Standalone, linked: str, approvals: Sandbox
) -> None:
    (email,) = [one for one in approvals.hubspot.state.emails.all() if one.name == "linked"]
    page = TaskPage(browser, airflow, linked, "plain")
    page.wait_for({"HubSpot email": f"{_HUBSPOT}/email/{hubspot.PORTAL_ID}/edit/{email.id}/content"})


def test_a_task_that_was_resumed_still_has_its_link(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    page = TaskPage(browser, airflow, linked, "import")
    page.wait_for({"HubSpot import": f"{_HUBSPOT}/import/{hubspot.PORTAL_ID}"})


def test_each_mapped_task_has_a_link_of_its_own(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    for index, email_id in enumerate(("180000000002", "180000000005")):
        page = TaskPage(browser, airflow, linked, f"mapped/mapped/{index}")
        page.wait_for({"HubSpot email": f"{_HUBSPOT}/email/{hubspot.PORTAL_ID}/edit/{email_id}/content"})


def test_a_failed_task_links_to_its_list_and_its_rejects(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    rejects = airflow.returned("links", linked, "failed")["rejects"]
    page = TaskPage(browser, airflow, linked, "failed")
    page.wait_for(
        {
            "HubSpot list": f"{_HUBSPOT}/contacts/{hubspot.PORTAL_ID}/objectLists/101/filters",
            "Rejects file": f"https://files.example.com{quote(rejects.removeprefix('file://'))}",
        }
    )


def test_a_deferred_task_keeps_the_address_that_marketo_gave_it(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    expected = {"Marketo email": f"{APP}/#EM3002A1"}
    TaskPage(browser, airflow, linked, "deferred").wait_for(expected)
    airflow.trigger("links_later")
    until(lambda: airflow.task("links", linked, "deferred")["state"] == "success")
    TaskPage(browser, airflow, linked, "deferred").wait_for(expected)


def test_the_assets_page_has_the_data_set(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    log_in(browser, airflow)
    browser.get(f"{airflow.url}/assets")
    seen(lambda: f"hubspot://{hubspot.PORTAL_ID}/emails" in browser.find_element(By.TAG_NAME, "body").text)


def test_the_log_says_where_what_and_why_a_lead_was_rejected(
    browser: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    log_in(browser, airflow)
    browser.get(f"{airflow.url}/dags/links/runs/{linked}/tasks/failed")
    account = f"HubSpot account {hubspot.PORTAL_ID}, connection 'hubspot_approvals': "
    lines = (
        f"{account}leads=a list of 1, list_id='101'",
        "Rejects by reason: NOT_FOUND: 1. All of them are in file://",
    )
    for line in lines:
        seen(lambda: line in browser.find_element(By.TAG_NAME, "body").text)  # noqa: B023


def test_the_page_of_providers_names_this_one_and_its_documentation(
    browser: webdriver.Chrome, airflow: Standalone
) -> None:
    log_in(browser, airflow)
    browser.get(f"{airflow.url}/providers")
    row = "//tr[.//*[contains(text(), 'airflow-provider-mkt')]]"
    text = seen(lambda: browser.find_element(By.XPATH, row).text)
    assert __version__ in text
    assert "Syncs, imports and exports leads and other records" in text
    link = browser.find_element(By.XPATH, f"{row}//a").get_attribute("href")
    assert "airflow.apache.org" not in str(link)
