"""The errors a client can meet, each with its status, and the one place that turns them into JSON (RFC 9457).

Problem                 500  something of ours broke
 ├ BadRequest           400  the request cannot be read
 ├ NotFound             404  what was asked for does not exist
 ├ NotAcceptable        406  none of the accepted media types is offered
 ├ TooLarge             413  the body is over a limit
 ├ UnsupportedMedia     415  the body is of a kind we do not read
 ├ Unprocessable        422  the body is readable, its values are not usable
 ├ TooMany              429  ask again later
 ├ BadGateway           502  a service answered something that is not HTTP
 ├ Unavailable          503  not ready, or a service is down
 ├ TimedOut             504  a service is too slow
 └ InsufficientStorage  507  the disk is full
"""

import re
import reprlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
# The names of RFC 9110; Python had older ones until 3.13.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# repr would write out all of a list of a million numbers, to keep 80 characters of it.
brief = reprlib.Repr()
brief.maxlist, brief.maxdict, brief.maxstring, brief.maxother, brief.maxlevel = 20, 20, 100, 100, 3
# Where a field may be of several types, pydantic puts the type it tried into the place, as if it were a field:
# int, constrained-str, list[int], function-after[readable(), str].
TRIED = re.compile(r"int|float|str|bool|none|constrained-\w+|[\w-]+\[.*\]", re.DOTALL)


class Problem(Exception):
    """An error with a status; `detail` says what was asked, what is known and what to do."""

    status = 500

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(Problem):
    status = 400


class NotFound(Problem):
    status = 404


class NotAcceptable(Problem):
    status = 406


class TooLarge(Problem):
    status = 413


class UnsupportedMedia(Problem):
    status = 415


class Unprocessable(Problem):
    status = 422


class TooMany(Problem):
    status = 429


class BadGateway(Problem):
    status = 502


class Unavailable(Problem):
    status = 503


class TimedOut(Problem):
    status = 504


class InsufficientStorage(Problem):
    status = 507


class ProblemBody(BaseModel):
    """The body of every error, as `application/problem+json` (RFC 9457, section 3)."""

    type: str = Field(description="A name for the kind of problem.", examples=["urn:triptych:not-found"])
    title: str = Field(description="The kind of problem in words.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", ge=400, le=599, examples=[404])
    detail: str = Field(description="What was asked, what is known, what to do.")
    request_id: str | None = Field(description="Also in the X-Request-ID header and in the log.")


def problem_response(
    status: int, detail: str, request_id: str | None, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    title = TITLES.get(status) or HTTPStatus(status).phrase
    body = {"type": "urn:triptych:" + title.lower().replace(" ", "-"), "title": title, "status": status}
    body |= {"detail": detail, "request_id": request_id} | extra
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def describe(error: Mapping[str, Any]) -> str:
    """One validation error in a sentence: where it is, what is wrong, what was given."""
    where, given = place_of(error), f" (given: {shorten(error.get('input'))})" if error["type"] != "missing" else ""
    message = "unknown field; see the docs for the known ones" if error["type"] == "extra_forbidden" else said(error)
    return f"{where}: {message}{given}" if where else f"{message}{given}"


def place_of(error: Mapping[str, Any]) -> str:
    """The names of fields, and indices, that lead to a validation error; empty when it is about all that was sent."""
    *way, last = (str(part) for part in error["loc"] or [""])
    names = [part for part in way if not TRIED.fullmatch(part)]
    # Of an unknown or a missing field the last name is the client's or ours, whatever it looks like.
    if error["type"] in ("extra_forbidden", "missing") or not TRIED.fullmatch(last):
        names.append(last)
    return ".".join(map(cut, names))


def said(error: Mapping[str, Any]) -> str:
    """pydantic's words, or ours without pydantic's heading."""
    return cut(str(error["msg"]).removeprefix("Value error, "), 500)


def shorten(value: Any, limit: int = 80) -> str:
    """A value as Python writes it, or the beginning of that."""
    return cut(brief.repr(value), limit)


def cut(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def validation_detail(errors: Sequence[Mapping[str, Any]], shown: int = 5) -> str:
    more = f"; and {len(errors) - shown} more" if len(errors) > shown else ""
    return "; ".join(describe(error) for error in errors[:shown]) + more


def add_problem_handlers(app: FastAPI) -> None:
    """Answer the errors of `app` as problems: ours, and the framework's own."""

    async def on_problem(request: Request, error: Problem) -> Response:
        return respond(request, error.status, error.detail, error.headers, **error.extra)

    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        errors = list(error.errors())
        if errors and errors[0]["type"] == "json_invalid":
            reason = errors[0].get("ctx", {}).get("error", "it cannot be parsed")
            place = errors[0]["loc"][-1]
            where = f" at character {place}" if isinstance(place, int) else ""
            return respond(request, 400, f"the body is not JSON: {reason}{where}")
        media = cut(request.headers.get("content-type", "nothing"))
        if errors and tuple(errors[0]["loc"]) == ("body",) and isinstance(errors[0].get("input"), bytes):
            return respond(request, 415, f"the body came as {media}; send JSON, with Content-Type: application/json")
        fields = [{"field": place_of(e), "message": describe(e)} for e in errors[:20]]
        return respond(request, 422, validation_detail(errors), errors=fields)

    async def on_http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            return not_offered(request)
        return respond(request, error.status_code, http_detail(request, error), error.headers)

    app.exception_handlers |= {
        Problem: on_problem,
        RequestValidationError: on_invalid,
        HTTPException: on_http,
    }


def respond(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    return problem_response(status, detail, request_id_of(request), headers, **extra)


def request_id_of(request: Request) -> str | None:
    request_id: str | None = request.scope.get("state", {}).get("request_id")
    return request_id


def not_offered(request: Request) -> Response:
    """405, with all methods of that path (RFC 9110, section 15.5.6); the framework names those of one route."""
    allowed = ", ".join(method for method in METHODS if is_offered(request, method))
    return respond(request, 405, f"{asked(request)} is not offered; {allowed} is", {"Allow": allowed})


def is_offered(request: Request, method: str) -> bool:
    scope = dict(request.scope, method=method)
    return any(route.matches(scope)[0] == Match.FULL for route in request.app.routes)


def asked(request: Request) -> str:
    return cut(f"{request.method} {request.url.path}", 200)


def http_detail(request: Request, error: HTTPException) -> str:
    """The framework's own errors, in the words of the other problems."""
    match error.status_code:
        case 400 if error.detail == "There was an error parsing the body":
            return "the body cannot be read: it is not UTF-8, is nested too deeply, or has a number that is too long"
        case 404:
            return f"nothing at {asked(request)}; the docs list what there is"
    return str(error.detail)
