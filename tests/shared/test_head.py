"""HEAD through a real server."""

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.middleware import HeadAsGet
from tests.conftest import running


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_head_announces_the_length_and_leaves_the_connection_usable() -> None:
    app = HeadAsGet(Starlette(routes=[Route("/", hello, methods=["GET"])]))
    with running(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(3):
            head = client.head("/")
            assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")
            assert client.get("/").text == "hello"
