"""The documentation site in headless Chromium.

Only some of its pages are built, because all of them take half a minute. ``MKT_DOCS_SITE`` may name the
folder of a site that is built already.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from standalone.browsers import WITH_BROWSER, seen

pytestmark = WITH_BROWSER

ROOT = Path(__file__).parents[2]
PAGES = ("index", "quickstart", "benchmarks", "reference/operators-emails", "genindex")
SOURCES = (*(f"{name}.md" for name in PAGES[:3]), "reference/operators.rst", f"{PAGES[3]}.rst")


class _Files(SimpleHTTPRequestHandler):
    """Serves the site, and keeps what it could not answer."""

    missing: list[str]

    def __init__(self, *arguments: Any, missing: list[str], **options: Any) -> None:
        self.missing = missing
        super().__init__(*arguments, **options)

    def log_message(self, *arguments: Any) -> None:
        """Log nothing."""

    def send_error(self, *arguments: Any, **options: Any) -> None:
        self.missing.append(self.path)
        super().send_error(*arguments, **options)


class Site:
    """The site, served on this machine.

    :param url: its address.
    :param missing: paths that were requested and are not there.
    """

    def __init__(self, url: str, missing: list[str]) -> None:
        self.url, self.missing = url, missing

    def page(self, name: str) -> str:
        """Return the address of a page."""
        return f"{self.url}/{name}.html"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if given := os.environ.get("MKT_DOCS_SITE"):
        return Path(given)
    folder = tmp_path_factory.mktemp("site")
    pages = f"include_patterns={','.join(SOURCES)}"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-d",
            folder / "doctrees",
            "-D",
            pages,
            "docs",
            folder / "site",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return folder / "site"


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[Site]:
    missing: list[str] = []
    handler = partial(_Files, directory=str(built), missing=missing)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{server.server_port}", missing)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def everything_is_there(browser: webdriver.Chrome, site: Site) -> Iterator[None]:
    """Fail a test whose pages had an error on the console, or requested what is not there."""
    browser.get_log("browser")
    yield
    assert [one["message"] for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
    assert site.missing == []


def test_the_menu_leads_to_a_guide(browser: webdriver.Chrome, site: Site) -> None:
    browser.get(site.page("index"))
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith("airflow-provider-mkt")
    menu = browser.find_element(By.CSS_SELECTOR, ".sidebar-tree")
    menu.find_element(By.LINK_TEXT, "Five minutes to the first run").click()
    seen(lambda: browser.current_url == site.page("quickstart"))
    assert "Five minutes to the first run" in browser.find_element(By.TAG_NAME, "h1").text
    current = browser.find_element(By.CSS_SELECTOR, ".sidebar-tree .current-page")
    assert current.text == "Five minutes to the first run"


def test_the_search_box_finds_an_operator_with_its_parameters(browser: webdriver.Chrome, site: Site) -> None:
    browser.get(site.page("quickstart"))
    box = browser.find_element(By.CSS_SELECTOR, "input.sidebar-search")
    box.send_keys("PublishEmailOperator", Keys.ENTER)
    name = "airflow_provider_mkt.operators.emails.PublishEmailOperator"
    address = f"{site.page('reference/operators-emails')}#{name}"
    seen(lambda: browser.find_element(By.CSS_SELECTOR, f"#search-results a[href$='#{name}']")).click()
    seen(lambda: browser.current_url == address)

    entry = browser.find_element(By.XPATH, f"//dl[dt[@id='{name}']]")
    signature = entry.find_element(By.TAG_NAME, "dt").text
    assert re.search(r"^class PublishEmailOperator\(\s*\*,\s*conn_id,\s*email_id=None,", signature)
    assert "send_key='auto'" in signature
    fields = {one.text for one in entry.find_elements(By.CSS_SELECTOR, ".field-list li strong")}
    assert {"conn_id", "wait_for_completion", "max_recipients"} <= fields
    assert "wait_for_completion (bool) -- wait until the email is sent" in entry.text
    table = "//section[@id='publishemailoperator']//table"
    keys = browser.find_elements(By.XPATH, f"{table}//td[1]")
    assert {"published", "state", "scheduled_for", "job"} <= {one.text for one in keys}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_all_of_itself_and_its_links_answer(
    browser: webdriver.Chrome, site: Site, name: str
) -> None:
    browser.get(site.page(name))
    loaded: list[str] = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [one for one in loaded if not one.startswith((site.url, "data:"))] == []
    broken = (
        "return [...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src)"
    )
    assert browser.execute_script(broken) == []
    wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(wider) == 0

    links: list[str] = browser.execute_script("return [...document.links].map(link => link.href)")
    addresses = {link.partition("#")[0] for link in links if link.startswith(site.url)}
    assert site.page("index") in addresses
    with httpx.Client() as client:
        answers = {one: client.head(one).status_code for one in addresses}
    assert set(answers.values()) == {200}, answers
