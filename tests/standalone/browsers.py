"""Where Chromium is, and waiting for what its pages show."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from standalone.service import Standalone, pause

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
WITH_BROWSER = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="Chromium is not installed; on Debian: apt-get install chromium chromium-driver",
)

SECONDS = 600.0

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--window-size=1400,2000",
    # One process for all pages, which has Airflow's scripts compiled, and none of pages that were left.
    "--renderer-process-limit=1",
    "--process-per-site",
    "--disable-features=BackForwardCache,SpareRendererForSitePerProcess",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One Chromium for all tests."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The Chromium, which shows nothing after the test: Airflow's pages draw and send requests all along."""
    yield chromium
    chromium.get("about:blank")


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until a page or Airflow's API shows something."""
    began = time.monotonic()
    deadline = began + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not true within {seconds} s"
        pause(began)
        began = time.monotonic()


def seen(look: Callable[[], Any]) -> Any:
    """Wait until *look* finds something, and return it. It may fail while a page renders again."""
    found: list[Any] = []

    def found_something() -> bool:
        try:
            found[:] = [look()]
        except WebDriverException:
            return False
        return bool(found[0])

    until(found_something)
    return found[0]


def log_in(browser: webdriver.Chrome, airflow: Standalone) -> None:
    """Log in as the first user, without the page for it: each page of Airflow takes a second of CPU time."""
    cookie = {"name": "_token", "value": str(airflow.token("bob")), "url": airflow.url}
    browser.execute_cdp_cmd("Network.setCookie", cookie)
