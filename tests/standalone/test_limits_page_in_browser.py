"""The page *Marketing platforms* in a running Airflow, in headless Chromium."""

from __future__ import annotations

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from standalone.browsers import WITH_BROWSER, log_in, seen, until
from standalone.service import Standalone

from airflow_provider_mkt.sandbox.hubspot import seed as hubspot

pytestmark = WITH_BROWSER


@pytest.fixture
def page(browser: webdriver.Chrome, airflow: Standalone) -> webdriver.Chrome:
    """The browser, logged in, on Airflow's home page."""
    log_in(browser, airflow)
    browser.get(airflow.url)
    return browser


def _open_from_the_menu(page: webdriver.Chrome) -> None:
    """Open the page as a person does, and go into its frame."""
    seen(lambda: page.find_element(By.XPATH, "//button[normalize-space()='Browse']")).click()
    seen(lambda: page.find_element(By.XPATH, "//*[@role='menu']//*[text()='Marketing platforms']")).click()
    page.switch_to.frame(
        seen(lambda: page.find_element(By.CSS_SELECTOR, "iframe[title='Marketing platforms']"))
    )


def _text(page: webdriver.Chrome) -> str:
    return page.find_element(By.TAG_NAME, "main").text


def test_the_page_is_in_the_menu_and_shows_accounts_and_tasks(
    page: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    _open_from_the_menu(page)
    text = seen(lambda: text if f"HubSpot {hubspot.PORTAL_ID}" in (text := _text(page)) else "")
    assert "Calls against the limit" in text
    assert "links.import" in text
    # HubSpot states them with each answer, so a task of a second is enough.
    assert "Calls of the day that are left, over the last 24 hours" in text
    # Drawn, and not only described.
    bars = seen(lambda: page.find_elements(By.CSS_SELECTOR, "svg.chart rect.calls"))
    assert all(bar.size["height"] > 0 for bar in bars)
    # Chromium warns of the frame's settings, which are Airflow's.
    log = [one for one in page.get_log("browser") if one["level"] == "SEVERE"]
    assert [one for one in log if "marketing-platforms" in one["message"]] == []


def test_a_link_leads_airflow_to_the_task(page: webdriver.Chrome, airflow: Standalone, linked: str) -> None:
    _open_from_the_menu(page)

    # The page has links to the tasks of other runs, too.
    task = f"/dags/links/runs/{linked}/tasks/import"

    def leads_to_the_task() -> bool:
        if task in page.current_url:
            return True
        # Again where the page refreshed itself between the look and the click, and its rows moved.
        page.find_element(By.CSS_SELECTOR, f"a[href*='{task}']").click()
        return False

    seen(leads_to_the_task)


def test_the_page_follows_the_theme_of_airflow(
    page: webdriver.Chrome, airflow: Standalone, linked: str
) -> None:
    _open_from_the_menu(page)

    def background() -> str:
        return str(page.execute_script("return getComputedStyle(document.body).backgroundColor"))

    for theme in ("dark", "light"):
        page.execute_script(
            "const page = window.parent.document.documentElement.classList;"
            "page.remove('dark', 'light'); page.add(arguments[0])",
            theme,
        )
        expected = "rgb(18, 18, 18)" if theme == "dark" else "rgb(255, 255, 255)"
        until(lambda: background() == expected)  # noqa: B023


def test_the_page_refreshes_itself(page: webdriver.Chrome, airflow: Standalone, linked: str) -> None:
    _open_from_the_menu(page)
    first = seen(lambda: page.find_element(By.CSS_SELECTOR, "main > p.note").text)
    seen(lambda: page.find_element(By.CSS_SELECTOR, "main > p.note").text != first)
