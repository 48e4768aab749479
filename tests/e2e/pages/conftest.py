"""A real Chromium in front of the real system, in both languages, on a phone and on a wide screen.

Whatever a test does, no page may complain in the console, ask another host, be wider than the screen or break a rule of
axe-core. How it looked at the end is kept in screenshots/.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from shared.services import ROOT
from tests.e2e.conftest import System

expect.set_options(timeout=20_000)  # milliseconds: a busy machine is slow, not wrong
CHROMIUM = shutil.which("chromium")
LOCALES = {"en": "en-US", "ko": "ko-KR"}
WIDTHS = {"phone": 390, "wide": 1440}
SCREENSHOTS = ROOT / "screenshots"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run()).violations.map((found) =>
    `${found.id}: ${found.nodes.map((node) => node.target).slice(0, 3).join(" ")}: ${found.nodes[0].failureSummary}`)"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert "CI" not in os.environ, "CI must have a browser: apt-get install chromium"
        pytest.skip("the pages are tested in Debian's browser, which is not here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(language, width) for language in LOCALES for width in WIDTHS], ids="-".join)
def page(request: pytest.FixtureRequest, browser: Browser, system: System) -> Iterator[Page]:
    language, width = request.param
    context = browser.new_context(
        base_url=system.url,
        locale=LOCALES[language],
        viewport={"width": WIDTHS[width], "height": 900},
        color_scheme="dark" if language == "ko" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    complaints = listen(page, system, request.node.get_closest_marker("trouble") is not None)
    yield page
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{re.sub('[^a-z0-9-]+', '-', request.node.name)}.png", full_page=True)
    complaints += look_at(page)
    context.close()
    assert not complaints, "\n".join(complaints)


def listen(page: Page, system: System, trouble: bool) -> list[str]:
    """What goes wrong on the page, as it goes. A browser complains of each 4xx and 5xx, which `trouble` allows."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (trouble and "Failed to load resource" in message.text):
            complaints.append(f"console: {message.text}")

    def on_request(asked: Request) -> None:
        if not asked.url.startswith((system.url, "data:", "blob:")):
            complaints.append(f"another host is asked: {asked.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    return complaints


def look_at(page: Page) -> list[str]:
    """What is wrong with how the page is now."""
    page.evaluate(AXE)
    complaints: list[str] = page.evaluate(VIOLATIONS)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        complaints.append("the page is wider than the screen")
    return complaints
