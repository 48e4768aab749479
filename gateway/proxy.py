"""The hot path: forwards one request to the service its path names, streamed both ways. Raw ASGI, no framework.

DESIGN.md, "The gateway's path", says why aiohttp and not httpx; `python -m gateway.bench` measures it.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping

import aiohttp
import yarl
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from gateway.settings import Settings
from shared.problems import BadGateway, BadRequest, NotFound, TimedOut, Unavailable

Headers = Iterable[tuple[bytes, bytes]]

# Headers of one connection, never of the message (RFC 9110, 7.6.1); Expect is answered here, where the body is read.
HOP_BY_HOP = frozenset(
    b"connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
# What we say ourselves upstream: a client must not be able to speak in our name.
OURS = frozenset(b"host x-request-id x-forwarded-for x-forwarded-host x-forwarded-proto forwarded".split())
# uvicorn adds its own to what the service's uvicorn sent; the request id is added on the way out.
SAID_TWICE = frozenset(b"date server x-request-id".split())

# A slash or a dot in disguise could lead a request past the prefix that chose its service.
DISGUISED = re.compile(rb"%2f|%5c|%00|(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)


def open_session(settings: Settings) -> aiohttp.ClientSession:
    """One pool of connections for every service. It outlives requests and is outlived by the services' keep-alive."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, limit_per_host=settings.max_connections, keepalive_timeout=30),
        timeout=aiohttp.ClientTimeout(
            connect=settings.queue_seconds, sock_connect=settings.connect_seconds, sock_read=settings.answer_seconds
        ),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trust_env=False,
    )


class Proxy:
    """The ASGI app behind every path the gateway does not answer itself."""

    def __init__(self, services: Mapping[str, str]) -> None:
        self.services = {name: url.rstrip("/") for name, url in services.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self.service_of(scope)
        scope["state"]["route"] = f"/{name}"
        body = Body(receive)
        try:
            await self.forward(name, scope, body, send)
        except (aiohttp.ClientError, TimeoutError) as error:
            if body.answer:
                raise  # Half an answer is out: only cutting the connection tells the client so.
            if body.refused:
                raise body.refused from error
            raise problem_of(name, error) from error

    def service_of(self, scope: Scope) -> str:
        if DISGUISED.search(scope["raw_path"]):
            raise BadRequest(
                f"the path {scope['raw_path'].decode('latin-1')} hides a slash, a dot or a NUL; write it plainly"
            )
        name: str = scope["path"].split("/", 2)[1]
        if name not in self.services:
            known = ", ".join(f"/{service}/" for service in self.services) or "none"
            asked = f"{scope['method']} {scope['path']}"
            raise NotFound(f"nothing at {asked}; the services are {known}, and /docs lists what they offer")
        return name

    async def forward(self, name: str, scope: Scope, body: "Body", send: Send) -> None:
        session: aiohttp.ClientSession = scope["app"].state.session
        async with session.request(
            scope["method"],
            yarl.URL(self.services[name] + target_of(scope), encoded=True),
            headers=request_headers(scope),
            data=body.chunks() if has_body(scope) else None,
            allow_redirects=False,
        ) as answer:
            body.answer = answer
            headers = response_headers(answer.raw_headers)
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


class Body:
    """The client's body on its way through, and what happened to it there."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.refused: HTTPException | None = None
        self.answer: aiohttp.ClientResponse | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            try:
                message = await self.receive()
            except HTTPException as error:  # Over the limit; aiohttp would wrap it beyond recognition.
                self.refused = error
                self.abort()
                raise
            if message["type"] == "http.disconnect":
                self.abort()
                raise ConnectionResetError("the client went away")
            yield message.get("body", b"")
            if not message.get("more_body"):
                return

    def abort(self) -> None:
        """A service that already answers would wait for the rest of the body for ever."""
        if self.answer:
            self.answer.close()


def target_of(scope: Scope) -> str:
    """Path and query exactly as the client wrote them: a service sees the same request as at its own port."""
    query: bytes = scope["query_string"]
    target: bytes = scope["raw_path"] + (b"?" + query if query else b"")
    return target.decode("latin-1")


def has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def request_headers(scope: Scope) -> list[tuple[str, str]]:
    headers: Headers = scope["headers"]
    dropped = (HOP_BY_HOP | connection_options(headers)) | OURS
    kept = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name not in dropped]
    host = dict(headers).get(b"host", b"").decode("latin-1")
    client = scope["client"][0] if scope.get("client") else "unknown"
    ours = {"X-Request-ID": scope["state"]["request_id"], "X-Forwarded-For": client}
    ours |= {"X-Forwarded-Host": host, "X-Forwarded-Proto": scope["scheme"]}
    return kept + list(ours.items())


def response_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    lowered = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | connection_options(lowered) | SAID_TWICE
    return [(name, value) for name, value in lowered if name not in dropped]


def connection_options(headers: Headers) -> frozenset[bytes]:
    """Names listed in `Connection` are hop-by-hop too, but the framing of the body is not the client's to remove."""
    named = b",".join(value for name, value in headers if name == b"connection")
    return frozenset(option.strip().lower() for option in named.split(b",")) - {b"content-length", b"authorization"}


def problem_of(name: str, error: Exception) -> Unavailable | TimedOut | BadGateway:
    retry = {"Retry-After": "1"}
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(
            f"the service {name} is down or has no connection free; the others go on, try again in a moment",
            headers=retry,
        )
    if isinstance(error, TimeoutError):
        return TimedOut(f"the service {name} did not answer in time; ask for less at once, or try again", headers=retry)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return Unavailable(f"the service {name} went away while it was asked; try again in a moment", headers=retry)
    return BadGateway(f"the service {name} answered something that is not HTTP")
