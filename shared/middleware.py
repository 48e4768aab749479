"""What happens around every request: an id, one JSON line in the log, metrics. Pure ASGI."""

import logging
import re
import time
import uuid
from collections.abc import MutableMapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import problem_response

# nginx's number for a client that did not wait for its answer; only the log and the metrics see it.
CLIENT_WENT_AWAY = 499

VALID_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")

access_log = logging.getLogger("access")
error_log = logging.getLogger("error")


class RequestId:
    """Takes the client's X-Request-ID when it is harmless, makes one otherwise; returns it; keeps it in the state."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = given_id(scope) or uuid.uuid4().hex.encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self.app(scope, receive, send_with_id)


def given_id(scope: Scope) -> bytes | None:
    given: bytes | None = dict(scope["headers"]).get(b"x-request-id")
    return given if given and VALID_ID.fullmatch(given) else None


class BodyLimit:
    """Refuses a body over the limit: from its declared length, or while it is read when it comes in chunks.

    Starlette has such a limit too; it answers in plain text and outside of the request id and the log.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and declared_length(scope) > self.max_body_bytes:
            raise self.too_large()
        await self.app(scope, self.counted(receive) if scope["type"] == "http" else receive, send)

    def counted(self, receive: Receive) -> Receive:
        total = 0

        async def receive_counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self.max_body_bytes:
                raise self.too_large()
            return message

        return receive_counted

    def too_large(self) -> HTTPException:
        # An HTTPException, because FastAPI turns any other error met while it reads a body into a 400.
        return HTTPException(413, f"the body is over the limit of {self.max_body_bytes:,} bytes; send less at once")


class InFlightLimit:
    """Refuses what would have to wait too long: 429 at once is better than a queue without an end."""

    def __init__(self, app: ASGIApp, most: int, exempt: re.Pattern[str]) -> None:
        self.app = app
        self.most = most
        self.exempt = exempt  # paths that are never refused
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.exempt.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        if self.in_flight >= self.most:
            detail = f"{self.in_flight} requests are being answered, which is the most; ask again in a moment"
            raise HTTPException(429, detail, {"Retry-After": "1"})
        self.in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight -= 1


class HeadAsGet:
    """HEAD is answered as GET is, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            scope["method"] = "HEAD"  # Or the server would wait for the body that Content-Length announces.
            await send(message if message["type"] == "http.response.start" else {**message, "body": b""})

        scope["method"] = "GET"
        try:
            await self.app(scope, receive, send_head)
        finally:
            scope["method"] = "HEAD"


def declared_length(scope: Scope) -> int:
    length: bytes = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


class Metrics:
    """The numbers of one process, in a registry of its own."""

    def __init__(self, name: str) -> None:
        self.registry = CollectorRegistry()
        labels = ["service", "method", "route", "status"]
        self.requests = Counter("http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram("http_request_seconds", "Time to the last byte.", labels[:3], registry=self.registry)
        self.in_flight = Gauge(
            "http_requests_in_flight", "Requests being answered.", ["service"], registry=self.registry
        )
        self.name = name
        self.added: list[Collector] = []

    def register(self, collectors: Sequence[Collector]) -> None:
        """More numbers of the same process; those of an engine that was loaded before make room."""
        for collector in self.added:
            self.registry.unregister(collector)
        self.added = [*collectors]
        for collector in self.added:
            self.registry.register(collector)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(self.name, method, route, str(status)).inc()
        self.seconds.labels(self.name, method, route).observe(seconds)


class Telemetry:
    """One JSON line and one observation a request; an error nobody foresaw becomes a problem instead of a traceback."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen: dict[str, int] = {"status": 0, "bytes": 0}

        async def watch(message: Message) -> None:
            seen["status"] = seen["status"] or message.get("status", 0)
            seen["bytes"] += len(message.get("body", b""))
            await send(message)

        start = time.perf_counter()
        try:
            with self.metrics.in_flight.labels(self.metrics.name).track_inprogress():
                await self.answer(scope, receive, watch, seen)
        finally:
            self.note(scope, seen, time.perf_counter() - start)

    async def answer(self, scope: Scope, receive: Receive, send: Send, seen: dict[str, int]) -> None:
        request_id = scope["state"]["request_id"]
        try:
            await self.app(scope, receive, send)
        except HTTPException as error:  # Of a middleware; those of endpoints were answered further in.
            await problem_response(error.status_code, error.detail, request_id, error.headers)(scope, receive, send)
        except ClientDisconnect:  # Nobody is left to tell.
            seen["status"] = seen["status"] or CLIENT_WENT_AWAY
        except Exception:  # Whatever it is, the client gets a problem and the log the traceback.
            error_log.exception("unforeseen error", extra={"request_id": request_id})
            if seen["status"]:
                raise  # Half an answer is out: the server must cut the connection, or it would look whole.
            detail = "something broke on our side; the request_id finds it in the log"
            await problem_response(500, detail, request_id)(scope, receive, send)

    def note(self, scope: Scope, seen: dict[str, int], seconds: float) -> None:
        line = {"method": scope["method"], "path": scope["path"], "status": seen["status"], "bytes": seen["bytes"]}
        line |= {"ms": round(seconds * 1e3, 2), "request_id": scope["state"]["request_id"]}
        access_log.info("request", extra={"service": self.metrics.name, **line})
        self.metrics.observe(scope["method"], route_of(scope), seen["status"], seconds)


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The route's template, never the path: a label for every movie would fill the memory of whoever collects."""
    return str(getattr(scope.get("route"), "path", None) or scope["state"].get("route", "unknown"))
