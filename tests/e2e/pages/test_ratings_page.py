"""The page of ratings: a newcomer gives stars and sees what comes of each; a user of the data is looked at."""

import re

import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect

from tests.e2e.pages.words import say

pytestmark = pytest.mark.e2e


def recommended(page: Page) -> Locator:
    return page.locator("ol.recommended > li")


def first_title(page: Page) -> str:
    return recommended(page).first.locator(".name strong").inner_text()


def rate(page: Page, title: str, stars: int) -> None:
    """By the keyboard alone: type, take the first that is found, give stars."""
    box = page.get_by_role("combobox", name=say(page, "search_rate"))
    box.fill(title)
    expect(page.get_by_role("listbox").get_by_role("option").first).to_contain_text(title)
    box.press("Enter")
    given = page.locator("ul.own fieldset.stars", has=page.get_by_text(title))
    given.get_by_role("radio").nth(stars - 1).press("Space")


def asks_of(answer: Response, movie_id: int) -> bool:
    return f'"movie_id":{movie_id}' in (answer.request.post_data or "")


def test_recommendations_change_with_each_star_and_the_address_keeps_them(page: Page) -> None:
    page.goto("/ratings/")
    expect(recommended(page)).to_have_count(10)
    stranger = first_title(page)
    rate(page, "Star Wars", 5)
    expect(page).to_have_url(re.compile(r"rated=.*50%3A5"))
    expect(recommended(page).first.locator(".name strong")).not_to_have_text(stranger)
    with page.expect_response(lambda answer: "recommend" in answer.url and asks_of(answer, 183)):
        rate(page, "Alien", 1)
    expect(page).to_have_url(re.compile(r"rated=.*183%3A1"))
    expect(page.locator(".recommendations .answer")).not_to_have_attribute("aria-busy", "true")
    page.wait_for_load_state("networkidle")
    shown = [one.inner_text() for one in recommended(page).locator(".name strong").all()]
    page.reload()
    expect(recommended(page)).to_have_count(10)
    assert [one.inner_text() for one in recommended(page).locator(".name strong").all()] == shown


def test_a_prediction_says_its_interval_its_parts_and_what_pushed_it(page: Page) -> None:
    page.goto("/ratings/?rated=50:5,172:4&tab=why&movie=181")
    explained = page.locator(".explained")
    expect(explained).to_contain_text("Return of the Jedi")
    expect(explained).to_contain_text("Star Wars")
    expect(explained).to_contain_text("The Empire Strikes Back")


def test_a_users_test_of_the_newsletter_stands_beside_chance(page: Page) -> None:
    page.goto("/ratings/?user=1&tab=test")
    expect(page.locator(".tested table")).to_be_visible()
    expect(page.locator(".tested")).to_contain_text(say(page, "in_both"))


@pytest.mark.trouble
def test_somebody_who_is_not_there_is_said_in_words(page: Page) -> None:
    page.goto("/ratings/?user=99999")
    expect(page.locator(".recommendations .trouble")).to_contain_text("99999")


def test_the_model_is_shown_with_its_figures_and_pictures(page: Page) -> None:
    page.goto("/ratings/?tab=model")
    expect(page.locator("#view-model .figures figure").first).to_be_visible()
    picture = page.locator("#view-model img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)


@pytest.mark.trouble
def test_an_overload_is_said_in_words_and_asked_again_by_itself(page: Page) -> None:
    overloaded = iter([True])

    def answer(route: Route) -> None:
        if next(overloaded, False):
            route.fulfill(status=429, headers={"Retry-After": "2"}, json={"detail": "64 requests are being answered"})
        else:
            route.continue_()

    page.route("**/ratings/recommend", answer)
    page.goto("/ratings/")
    expect(page.locator(".recommendations .trouble")).to_contain_text("64 requests are being answered")
    expect(recommended(page)).to_have_count(10)
    expect(page.locator(".recommendations .trouble")).to_have_count(0)
