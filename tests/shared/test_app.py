"""What create_app adds: readiness, problems, one log line a request."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient
from pydantic import BaseModel

from shared.app import create_app, loaded_engine
from shared.artifacts import ArtifactMissing
from shared.engine import Card
from shared.logs import JsonLines
from shared.problems import NotFound
from shared.settings import ServiceSettings


class Body(BaseModel):
    number: int


class ToyEngine:
    device = "cpu"
    sha256 = "0" * 64
    collectors = ()

    def card(self) -> Card:
        raise NotFound("the toy has no card")

    def examples(self) -> dict[str, object]:
        return {"number": 42}


def toy_router() -> APIRouter:
    router = APIRouter(prefix="/toy")

    @router.get("/number/{number}")
    def number(number: int, engine: Annotated[Any, Depends(loaded_engine)]) -> int:
        return number

    @router.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(0.5)

    @router.post("/double")
    def double(body: Body) -> int:
        return 2 * body.number

    @router.get("/broken")
    def broken() -> int:
        raise KeyError("secret")

    return router


@contextmanager
def toy(load: Any = ToyEngine, max_in_flight: int = 64) -> Iterator[TestClient]:
    settings = ServiceSettings(port=0, max_in_flight=max_in_flight)
    with TestClient(
        create_app(name="toy", summary="A toy.", router=toy_router(), settings=settings, load=load)
    ) as client:
        yield client


def wait_for(client: TestClient, status: int) -> None:
    while client.get("/toy/health/ready").status_code != status:
        time.sleep(0.01)


def test_until_the_model_is_loaded_it_is_alive_but_not_ready() -> None:
    gate = threading.Event()

    def load() -> ToyEngine:
        gate.wait(10)
        return ToyEngine()

    with toy(load) as client:
        assert client.get("/toy/health/live").status_code == 200
        for path in ("health/ready", "number/1"):
            answer = client.get(f"/toy/{path}")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        gate.set()
        wait_for(client, 200)
        assert client.get("/toy/number/1").json() == 1


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    def load() -> ToyEngine:
        raise ArtifactMissing("run `make train`")

    with toy(load) as client:
        time.sleep(0.1)
        answer = client.get("/toy/health/ready")
        assert answer.status_code == 503
        assert "could not be loaded: ArtifactMissing: run `make train`" in answer.json()["detail"]


def test_examples_in_the_docs_exist_in_the_loaded_data() -> None:
    with toy() as client:
        wait_for(client, 200)
        (parameter,) = client.get("/toy/openapi.json").json()["paths"]["/toy/number/{number}"]["get"]["parameters"]
        assert parameter["example"] == 42


def test_an_unforeseen_error_is_a_problem_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with toy() as client:
        answer = client.get("/toy/broken", headers={"X-Request-ID": "find-me"})
    assert (answer.status_code, answer.json()["request_id"]) == (500, "find-me")
    assert "secret" not in answer.text
    assert any(getattr(record, "request_id", "") == "find-me" and record.exc_info for record in caplog.records)


def test_a_wrong_type_names_the_field_and_what_was_given() -> None:
    with toy() as client:
        answer = client.get("/toy/number/seven")
    assert answer.status_code == 422
    assert "path.number" in answer.json()["detail"]
    assert "'seven'" in answer.json()["detail"]


def test_every_request_is_one_json_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "access"), toy() as client:
        wait_for(client, 200)
        caplog.clear()
        client.get("/toy/number/7", headers={"X-Request-ID": "line"})
    (record,) = [record for record in caplog.records if record.name == "access"]
    line = json.loads(JsonLines().format(record))
    assert {
        "service": "toy",
        "method": "GET",
        "path": "/toy/number/7",
        "status": 200,
        "request_id": "line",
    }.items() <= line.items()
    assert line["bytes"] == 1
    assert line["ms"] > 0


def test_head_is_get_without_the_body() -> None:
    with toy() as client:
        wait_for(client, 200)
        head, get = client.head("/toy/number/7"), client.get("/toy/number/7")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == "1"


def test_more_requests_than_may_wait_are_429_at_once_and_health_still_answers() -> None:
    with toy(max_in_flight=1) as client:
        wait_for(client, 200)
        waiting = threading.Thread(target=client.get, args=("/toy/slow",))
        waiting.start()
        time.sleep(0.1)
        answer = client.get("/toy/number/7")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert client.get("/toy/health/live").status_code == 200
        waiting.join()
        assert client.get("/toy/number/7").status_code == 200


def test_json_that_came_as_something_else_is_415_and_says_what_to_send() -> None:
    with toy() as client:
        answer = client.post("/toy/double", content=b'{"number": 1}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "came as text/plain; send JSON" in answer.json()["detail"]


def test_a_body_that_is_not_utf_8_is_400_and_says_so() -> None:
    with toy() as client:
        answer = client.post("/toy/double", content=b'{"number": "\xff"}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "not UTF-8" in answer.json()["detail"]


def test_no_answer_sends_the_client_past_the_gateway() -> None:
    with toy() as client:
        assert client.get("/toy", follow_redirects=False).headers["location"] == "toy/"
        assert client.get("/toy/number/7/", follow_redirects=False).status_code == 404
