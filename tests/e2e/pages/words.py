"""The page's own words in the language it is in, so that a test reads the same in both."""

from playwright.sync_api import Page

TOLD = """async ([key, values]) =>
    (await import(new URL("web/shared/language.js", location.href))).t(key, values)"""


def say(page: Page, key: str, **values: object) -> str:
    told: str = page.evaluate(TOLD, [key, values])
    return told
