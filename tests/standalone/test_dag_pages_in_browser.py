"""The text of an example DAG, and the form that starts a run of it, on the pages of a running Airflow."""

from __future__ import annotations

from selenium import webdriver
from selenium.webdriver.common.by import By
from standalone.browsers import WITH_BROWSER, log_in, seen
from standalone.service import Standalone

pytestmark = WITH_BROWSER


class DagPage:
    """The page of the newsletter's DAG."""

    def __init__(self, browser: webdriver.Chrome, airflow: Standalone) -> None:
        self._browser = browser
        airflow.until(
            lambda: airflow.get("/dags/newsletter_hubspot") is not None, 600, "Airflow does not know it"
        )
        log_in(browser, airflow)
        browser.get(f"{airflow.url}/dags/newsletter_hubspot")

    def opened(self, button: str, text: str) -> str:
        """Click a button, wait until what it opens has a text, and return all of its text."""

        def shown() -> str:
            found = "\n".join(
                one.text for one in self._browser.find_elements(By.CSS_SELECTOR, "[role=dialog]")
            )
            if not found.strip():
                self._browser.find_element(By.CSS_SELECTOR, f"button[aria-label='{button}']").click()
            return found if text in found else ""

        return str(seen(shown))


def test_the_page_of_an_example_has_its_text(browser: webdriver.Chrome, airflow: Standalone) -> None:
    text = DagPage(browser, airflow).opened("Dag Docs", "The monthly newsletter")
    assert "nobody gets mail until a person has approved it" in text


def test_the_form_of_a_run_has_titles_and_texts(browser: webdriver.Chrome, airflow: Standalone) -> None:
    form = DagPage(browser, airflow).opened("Trigger Dag", "Subject line")
    for text in ("Issue", "one email for each", "Folder for files", "Most recipients"):
        assert text in form
    assert "work_dir" not in form
