"""Small ASGI apps that stand behind the gateway as services."""

import asyncio
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends every piece of the body back as soon as it comes."""
    await begin(send)
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": True})
    await send({"type": "http.response.body"})


async def ticks(scope: Scope, receive: Receive, send: Send) -> None:
    """Three pieces, 0.2 s apart."""
    await begin(send)
    for number in range(3):
        await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
        await asyncio.sleep(0.2)
    await send({"type": "http.response.body"})


async def sleep(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(2)
    await answer(send, {})


async def break_off(scope: Scope, receive: Receive, send: Send) -> None:
    """Promises more than it sends, then fails."""
    await begin(send, [(b"content-length", b"100")])
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ConnectionResetError


async def seen(scope: Scope, receive: Receive, send: Send) -> None:
    """What arrived: path, query and headers, as they were on the wire."""
    headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    await answer(
        send,
        {"path": scope["raw_path"].decode(), "query": scope["query_string"].decode(), "headers": headers},
        [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"connection", b"x-private"), (b"x-private", b"1")],
    )


async def ready(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, {"status": "ready"})


ANSWERS: dict[str, ASGIApp] = {
    "echo": echo,
    "ticks": ticks,
    "sleep": sleep,
    "break": break_off,
    "seen": seen,
    "ready": ready,
}


async def toy(scope: Scope, receive: Receive, send: Send) -> None:
    """A service by the last word of its path; `seen` when there is no such word."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await ANSWERS.get(scope["path"].rsplit("/", 1)[-1], seen)(scope, receive, send)


async def begin(send: Send, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers or []})


async def answer(send: Send, value: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await begin(send, headers)
    await send({"type": "http.response.body", "body": orjson.dumps(value)})
