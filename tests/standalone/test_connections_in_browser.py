"""The connection form and its *Test* button on the pages of a running Airflow, in headless Chromium."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from standalone.browsers import WITH_BROWSER, log_in, seen
from standalone.service import Standalone

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

pytestmark = WITH_BROWSER

# A message is on the page for some seconds only.
KEEP_MESSAGES = """
window.messages = [];
new MutationObserver(() => {
    for (const one of document.querySelectorAll("[data-scope=toast][data-part=root]"))
        if (!window.messages.includes(one.innerText)) window.messages.push(one.innerText);
}).observe(document.body, {childList: true, subtree: true, characterData: true});
"""


class Connections:
    """The page *Connections*, and the form of one connection."""

    def __init__(self, browser: webdriver.Chrome, airflow: Standalone, conn_id: str) -> None:
        self._browser, self._conn_id = browser, conn_id
        log_in(browser, airflow)
        browser.get(f"{airflow.url}/connections")
        browser.execute_script(KEEP_MESSAGES)

    def add(self, title: str) -> None:
        """Open an empty form, and choose the type of the connection."""
        self._click_until_seen("//button[contains(., 'Add Connection')]", self._dialog)
        seen(lambda: self.field("connection_id")).send_keys(self._conn_id)
        types = self._dialog().find_element(By.CSS_SELECTOR, "input[role=combobox]")
        types.send_keys(title)
        seen(lambda: self._dialog().find_element(By.CSS_SELECTOR, "[role=option]"))
        types.send_keys(Keys.ENTER)
        seen(lambda: self.field("host"))

    def edit(self) -> None:
        """Open the form of the connection as it is stored."""
        self._click_until_seen(self._button("Edit"), self._dialog)
        seen(lambda: self.field("host").get_attribute("value"))

    def field(self, name: str) -> WebElement:
        """Return a field of the form."""
        return self._dialog().find_element(By.NAME, name)

    def fill(self, **values: str) -> None:
        """Write into fields of the form, in place of what they hold."""
        for name, value in values.items():
            seen(lambda: self._write(name, value))  # noqa: B023

    def values(self, *names: str) -> dict[str, str | None]:
        """Return what fields of the form hold."""
        return {name: self.field(name).get_attribute("value") for name in names}

    def text(self) -> str:
        """Return all text of the form, with that of the fields of Extra, which are closed at first."""
        return str(self._dialog().get_attribute("textContent"))

    def open_extra(self) -> None:
        """Show the fields of Extra in place of the others."""
        button = "//*[@role='dialog']//button[normalize-space()='Extra Fields']"
        self._click_until_seen(
            button,
            lambda: self._browser.find_element(By.XPATH, button).get_attribute("aria-expanded") == "true",
        )

    def save(self) -> None:
        """Save the form, and wait until it is closed."""
        button = "//*[@role='dialog']//button[normalize-space()='Save']"
        seen(lambda: self._browser.find_element(By.XPATH, button).is_enabled())
        self._click(button)
        seen(lambda: not self._browser.find_elements(By.CSS_SELECTOR, "[role=dialog]"))

    def wait_for_row(self, text: str) -> None:
        """Wait until the row of the connection has a cell with *text*: *Test* sends what the row shows."""
        cell = f"//tr[.//td[.='{self._conn_id}']]//td[.='{text}']"
        seen(lambda: self._browser.find_element(By.XPATH, cell))

    def test(self) -> str:
        """Click *Test*, and return the message that appears."""
        # The message of an earlier test goes by itself.
        toasts = "[data-scope=toast][data-part=root]"
        seen(lambda: not self._browser.find_elements(By.CSS_SELECTOR, toasts))
        self._browser.execute_script("window.messages = []")

        def message() -> str:
            found: list[str] = self._browser.execute_script("return window.messages")
            tested = [one for one in found if one.startswith("Test Connection")]
            if not tested:
                # Again where the table was rendered between the look and the click.
                self._click(self._button("Test"))
            return tested[0] if tested else ""

        return str(seen(message))

    def _write(self, name: str, value: str) -> bool:
        # The section of the form that it is in may still open.
        self.field(name).send_keys(Keys.CONTROL, "a")
        self.field(name).send_keys(value)
        return self.field(name).get_attribute("value") == value

    def _dialog(self) -> WebElement:
        return self._browser.find_element(By.CSS_SELECTOR, "[role=dialog]")

    def _button(self, label: str) -> str:
        return f"//tr[.//td[.='{self._conn_id}']]//button[@aria-label='{label} Connection']"

    def _click_until_seen(self, path: str, look: Callable[[], object]) -> None:
        """Click, and wait for what it opens. A click is repeated where the page was rendered meanwhile."""

        def opened() -> object:
            with suppress(WebDriverException):
                if found := look():
                    return found
            self._click(path)
            return look()

        seen(opened)

    def _click(self, path: str) -> None:
        self._browser.find_element(By.XPATH, path).click()


def test_a_connection_is_made_tested_and_read_again(
    browser: webdriver.Chrome, airflow: Standalone, sandbox: Sandbox
) -> None:
    page = Connections(browser, airflow, "form_hubspot")
    page.add("HubSpot")
    labels = page.text()
    for label in ("API host", "OAuth client id", "Service key or OAuth client secret", "Port"):
        assert label in labels
    assert "Schema" not in labels
    for label in ("Refresh token", "API version", "Calls per 10 seconds", "Recipients per send"):
        assert label in labels
    assert "Left for other software. Long tasks pause before they use them" in labels
    assert "443" in str(page.field("port").get_attribute("placeholder"))
    page.fill(host=sandbox.hubspot.url, password=hubspot.TOKEN)
    page.open_extra()
    page.fill(element_daily_reserve="250", element_max_recipients="50")
    page.save()

    # The button sends port 0 for an empty port, and the server takes that for another address.
    assert page.test() == "Test Connection Failed\nBad Request"

    page.edit()
    kept = page.values("host", "port", "element_daily_reserve", "element_max_recipients")
    assert kept == {
        "host": sandbox.hubspot.url,
        "port": "",
        "element_daily_reserve": "250",
        "element_max_recipients": "50",
    }
    assert hubspot.TOKEN not in str(page.values("password"))
    page.fill(port="443")
    page.save()
    page.wait_for_row("443")
    message = page.test()
    assert message.startswith(f"Test Connection Successful\nHubSpot account {hubspot.PORTAL_ID} (")
    assert "calls left today" in message

    stored = airflow.get("/connections/form_hubspot")
    assert stored is not None
    assert (stored["port"], stored["conn_type"]) == (443, "hubspot")

    page.edit()
    page.fill(password="wrong")
    page.save()
    message = page.test()
    assert message.startswith("Test Connection Failed\nhubspot account_info.details: Authentication")
    assert "HTTP 401" in message


def test_a_connection_of_marketo_is_tested(
    browser: webdriver.Chrome, airflow: Standalone, sandbox: Sandbox
) -> None:
    page = Connections(browser, airflow, "form_marketo")
    page.add("Marketo Engage")
    labels = page.text()
    for label in ("Munchkin id or REST endpoint", "Client id", "Client secret", "Calls per 20 seconds"):
        assert label in labels
    page.fill(host=sandbox.marketo.url, port="443", login=marketo.CLIENT_ID, password="wrong")
    page.save()
    message = page.test()
    assert message.startswith("Test Connection Failed\nmarketo ")
    assert "HTTP 401" in message

    page.edit()
    page.fill(password=marketo.CLIENT_SECRET)
    page.save()
    message = page.test()
    assert message.startswith("Test Connection Successful\nMarketo instance ")
    assert "calls used today" in message
