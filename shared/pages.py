"""The pages: files a browser loads as they are, and what it is told never to load.

A page is a client of the public API like any other. Nothing is built, and no other host is asked for anything.
"""

import re
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.services import ROOT

SHARED = Path(__file__).parent / "web"
# Nothing but our own files and our own answers; `data:` and `blob:` are pictures that the page made itself.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked again each time, and answered 304: a new version is seen at once
}
SOURCE = re.compile(r"[\w/]+\.(py|md)")


class Files(StaticFiles):
    """A folder's files, with what a browser must know of them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        if path.endswith(".svg"):  # the browser asks for the icon whenever the address changes
            response.headers["Cache-Control"] = "max-age=3600"
        return response


class Code(Files):
    """The source that answers, to be read: of the files that are it, as plain text."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path if SOURCE.fullmatch(path) else "", scope)
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response


def add_page(app: FastAPI, prefix: str, folder: Path) -> None:
    """A page at `prefix`/, made by main.js and style.css of `folder`, whose files are below `prefix`/web/.

    What pages share, the empty index.html that loads the two among it, is below `prefix`/web/shared/.
    """
    common = Files(directory=SHARED)

    async def page(request: Request) -> Response:
        return await common.get_response("index.html", request.scope)

    app.mount(f"{prefix}/web/shared", common)
    app.mount(f"{prefix}/web", Files(directory=folder))
    app.add_api_route(f"{prefix}/", page, include_in_schema=False)


def add_service_page(app: FastAPI, name: str) -> None:
    """The page of a service, its code, and the ways to it: without the last slash, or by the port alone."""
    folder = ROOT / "services" / name

    async def lead_there() -> RedirectResponse:
        return RedirectResponse(f"{name}/")  # relative: right behind any gateway

    own = folder / "web"
    add_page(app, f"/{name}", own if own.is_dir() else SHARED / "service")
    app.mount(f"/{name}/code", Code(directory=folder, check_dir=False))
    app.add_api_route(f"/{name}", lead_there, include_in_schema=False)
    app.add_api_route("/", lead_there, include_in_schema=False)
