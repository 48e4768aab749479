"""Every sentence of a page is there in English and in Korean, with the same places for values."""

import pytest
from playwright.sync_api import Page

from shared.services import ROOT

pytestmark = pytest.mark.e2e

FILES = sorted(
    [*ROOT.glob("services/*/web/words*.js"), *ROOT.glob("gateway/web/words*.js"), ROOT / "shared/web/words.js"]
)
# The keys whose two texts are not two, or have other {places}.
UNEQUAL = """async (address) => {
    const places = (text) => [...text.matchAll(/\\{\\w+\\}/g)].map(String).sort().join();
    const wrong = ([, texts]) => texts.length !== 2 || !texts.every(Boolean) || places(texts[0]) !== places(texts[1]);
    const words = Object.values(await import(address)).filter((found) => typeof found === "object");
    return words.flatMap(Object.entries).filter(wrong).map(([key]) => key);
}"""


def address_of(file: str) -> str:
    """Where the gateway has a file of the repository."""
    owner, *_, name = file.split("/")
    return {"services": f"/{file.removeprefix('services/')}", "gateway": f"/web/{name}"}.get(
        owner, f"/web/shared/{name}"
    )


def test_both_languages_say_the_same(page: Page) -> None:
    page.goto("/")
    for file in FILES:
        assert page.evaluate(UNEQUAL, address_of(file.relative_to(ROOT).as_posix())) == [], file
