"""The page of attention: a sentence is seen as it is typed, and one number followed from embedding to output."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages.words import say

pytestmark = pytest.mark.e2e

# Waits for the picture of the sentence that was typed: the one before it is that of the first sentence.
PICTURED = """async () => {
    while (performance.getEntriesByName("first-picture").length < 2) await new Promise((done) => setTimeout(done, 50));
}"""
LONG = " ".join(f"the train number {number} left the station on time" for number in range(55))


def test_a_sentence_is_seen_as_it_is_typed_and_every_head_can_be_opened(page: Page) -> None:
    page.goto("/attention/")
    expect(page.locator(".matrix .box")).to_be_visible()
    page.get_by_role("textbox").first.fill("I opened an account at the bank")
    expect(page).to_have_url(re.compile("account"))
    heads = page.locator(".heads button")
    expect(heads).to_have_count(72)
    heads.nth(15).click()
    expect(page).to_have_url(re.compile("layer=1.*head=3"))


def test_the_arrow_keys_walk_over_the_matrix_and_each_weight_is_read_out(page: Page) -> None:
    page.goto("/attention/?text=when+you+play+the+game")
    box = page.locator(".matrix .box")
    expect(box).to_be_visible()
    expect(page.locator(".heads button")).to_have_count(72)
    box.press("ArrowDown")
    readout = page.locator("p.readout").first
    said = readout.inner_text()
    box.press("ArrowDown")
    expect(readout).not_to_have_text(said)


def test_the_walk_shows_the_newsletters_figures_in_order_with_their_corrections(page: Page) -> None:
    page.goto("/attention/?view=walk&walk=toy&row=3&column=5")
    steps = page.locator("section.step")
    expect(steps.first).to_be_visible()
    figures = page.locator("section.step .figure")
    numbers = [int(re.findall(r"\d+", one)[0]) for one in figures.all_inner_texts()]
    drawn = [5, 6, 7, 8, 9, 10, 14, 15, 17, 18, 19, 20, 21]
    assert [figure for figure in dict.fromkeys(numbers) if figure in drawn] == drawn
    expect(page.locator("#step-scores .worked")).to_contain_text("=")
    expect(page.locator("#step-scale")).to_contain_text("1.732")


def test_two_sentences_stand_beside_each_other_with_their_difference(page: Page) -> None:
    page.goto("/attention/?view=compare&text=the+train+left+the+station&other=the+train+left+the+platform")
    expect(page.locator("#view-compare canvas").first).to_be_visible()
    expect(page.locator("#view-compare")).to_contain_text("platform")


def test_measures_are_shown_with_their_checks(page: Page) -> None:
    page.goto("/attention/?view=measure&text=the+train+left")
    expect(page.locator("#view-measure .measure")).to_have_count(6, timeout=60_000)


def test_a_sentence_of_512_tokens_is_drawn_and_stays_fluid(page: Page) -> None:
    page.goto("/attention/")
    page.get_by_role("textbox").first.fill(LONG)
    expect(page).to_have_url(re.compile("number\\+54"))
    expect(page.locator(".heads button")).to_have_count(72)
    page.evaluate(PICTURED)


def test_what_is_seen_can_be_taken_home(page: Page) -> None:
    page.goto("/attention/?text=when+you+play")
    expect(page.locator(".heads button")).to_have_count(72)
    with page.expect_download() as taken:
        page.get_by_role("button", name="JSON").click()
    assert b'"weights"' in taken.value.path().read_bytes()


@pytest.mark.trouble
def test_an_empty_sentence_is_answered_in_words(page: Page) -> None:
    page.goto("/attention/")
    page.get_by_role("textbox").first.fill(" ")
    expect(page.locator("main")).to_contain_text(say(page, "no_text"))
