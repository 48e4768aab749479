"""The front page: how each service is, what it draws, where to go."""

import os
import signal

import pytest
from playwright.sync_api import Page, expect

from shared.services import names
from tests.e2e.conftest import System
from tests.e2e.test_system import process_of

pytestmark = pytest.mark.e2e


def test_every_service_has_its_card_with_a_picture_it_drew_now(page: Page) -> None:
    page.goto("/")
    for name in names():
        leaf = page.get_by_role("region", name=name)
        expect(leaf.get_by_role("img")).to_be_visible()
        expect(leaf.locator("figure").first).to_be_visible()
        assert leaf.get_by_role("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_links_lead_where_they_say(page: Page) -> None:
    page.goto("/")
    leaf = page.get_by_role("region", name="ratings")
    expect(leaf.locator("a")).to_have_count(6)
    for link in leaf.locator("a").all():
        assert page.request.get(str(link.evaluate("link => link.href"))).ok


def test_the_reader_can_switch_the_language_and_it_is_remembered(page: Page) -> None:
    page.goto("/")
    page.locator("header select").first.select_option("ko")
    expect(page.get_by_role("heading", level=1)).to_have_text("Triptych: 딥러닝 수업 세 편")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Triptych: 딥러닝 수업 세 편")
    assert page.evaluate("document.documentElement.lang") == "ko"


@pytest.mark.trouble
def test_a_service_that_is_down_is_said_to_be_and_shown_again_when_it_is_back(page: Page, system: System) -> None:
    os.kill(process_of(system, "ratings"), signal.SIGKILL)
    page.goto("/")
    leaf = page.get_by_role("region", name="ratings")
    expect(leaf.locator(".trouble")).to_be_visible(timeout=10_000)
    expect(leaf.get_by_role("button")).to_be_visible()
    expect(leaf.get_by_role("img")).to_be_visible(timeout=60_000)
