"""The page of images: any picture finds its like and says why; pictures come and go; all of them lie on a map."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from shared.services import ROOT
from tests.e2e.pages.words import say

pytestmark = pytest.mark.e2e

APPLE = ROOT / "data" / "images" / "anchor" / "1F34E.png"
MATCHES = "li.match"


def picture(seed: int) -> FilePayload:
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"name": f"noise {seed}.png", "mimeType": "image/png", "buffer": file.getvalue()}


def chosen(page: Page, *files: FilePayload) -> None:
    """Chooses files where the part of the page that is seen asks for some."""
    page.locator("[role=tabpanel]:not([hidden]) input[type=file]").first.set_input_files(list(files))


def test_a_picture_finds_itself_and_its_like(page: Page) -> None:
    page.goto("/images/")
    chosen(page, {"name": "apple.png", "mimeType": "image/png", "buffer": APPLE.read_bytes()})
    expect(page.locator(MATCHES)).to_have_count(12)
    expect(page.locator(MATCHES).first).to_contain_text("red apple")
    expect(page.locator(MATCHES).first).to_contain_text("1.000")


def test_a_link_shows_a_pair_with_the_map_of_what_makes_it_similar(page: Page) -> None:
    page.goto("/images/?anchor=cefbfc131de63d91")
    expect(page.locator(MATCHES)).to_have_count(12)
    page.locator(f"{MATCHES} button.picture").nth(1).click()
    expect(page).to_have_url(re.compile("pair="))
    expect(page.get_by_role("dialog").locator("canvas.heated")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("dialog").locator("canvas.heated")).to_have_count(2)


def test_words_find_pictures(page: Page) -> None:
    page.goto("/images/?text=a+red+fruit")
    expect(page.locator(MATCHES)).to_have_count(12)
    expect(page.locator(MATCHES).first).to_contain_text("apple")


def test_what_was_added_is_found_and_can_be_removed_and_brought_back(page: Page) -> None:
    page.goto("/images/?tab=anchors")
    chosen(page, picture(1), {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Dear all,"}, picture(2))
    expect(page.locator(".outcomes li")).to_have_count(3)
    expect(page.locator(".outcomes")).to_contain_text("notes.txt")
    page.goto("/images/?tab=anchors&filter=noise")
    expect(page.locator("#view-anchors .grid img")).to_have_count(2)
    for left in (1, 0):
        page.locator("#view-anchors .grid button").first.click()
        page.get_by_role("dialog").get_by_role("button", name=say(page, "remove")).click()
        page.get_by_role("dialog").last.get_by_role("button", name=say(page, "remove")).last.click()
        expect(page.locator("#view-anchors .grid img")).to_have_count(left)


def test_things_that_look_alike_stand_together(page: Page) -> None:
    page.goto("/images/?tab=duplicates&tier=alike")
    expect(page.locator(".group").first).to_be_visible(timeout=30_000)


def test_the_map_can_be_wandered_by_keys_and_searched_from(page: Page) -> None:
    page.goto("/images/?tab=map")
    plane = page.locator("#view-map canvas")
    expect(page.locator("#view-map")).to_contain_text(say(page, "map_middle"))
    plane.press("+")
    expect(page).to_have_url(re.compile("zoom="))
    plane.press("ArrowRight")
    expect(page).to_have_url(re.compile("at="))
    plane.press("Enter")
    expect(page.locator(MATCHES)).to_have_count(12)


@pytest.mark.trouble
def test_what_is_no_picture_is_refused_in_words(page: Page) -> None:
    page.goto("/images/")
    chosen(page, {"name": "fake.png", "mimeType": "image/png", "buffer": b"Dear all,"})
    expect(page.locator(".trouble")).to_be_visible()
