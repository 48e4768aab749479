"""A body that may be a form with a file, or JSON: what is read of it, and how each wrong one is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import Field

from shared import schemas
from shared.bodies import read_form, read_json
from shared.problems import add_problem_handlers

FILE = ("file", ("own.npy", b"\x00\xff bytes"))


class Asked(schemas.Request):
    number: int = Field(ge=0)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    add_problem_handlers(app)

    @app.post("/")
    async def read(request: Request) -> dict[str, Any]:
        form = await read_form(request)
        if form is None:
            return {"number": (await read_json(request, Asked)).number}
        return {"file": list(form.file), "fields": form.fields}

    with TestClient(app) as client:
        yield client


def refusal(answer: Any, status: int) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    detail: str = answer.json()["detail"]
    return detail


def test_a_forms_file_comes_as_it_was_and_its_fields_as_text(client: TestClient) -> None:
    answer = client.post("/", files=[FILE], data={"tokens": '["a"]', "layer": "3"})
    assert answer.json() == {"file": list(b"\x00\xff bytes"), "fields": {"tokens": '["a"]', "layer": "3"}}


def test_a_form_without_a_file_says_what_it_has(client: TestClient) -> None:
    other = ("picture", ("a.png", b"a"))
    assert "no file named `file`; its fields are: picture" in refusal(client.post("/", files=[other]), 422)


def test_a_file_sent_as_a_text_is_no_file(client: TestClient) -> None:
    answer = client.post("/", files=[("tokens", (None, "a")), ("file", (None, "text"))])
    assert "no file named `file`; its fields are: tokens, file" in refusal(answer, 422)


@pytest.mark.parametrize("twice", [FILE, ("tokens", (None, "a"))])
def test_a_field_named_twice_is_refused(client: TestClient, twice: Any) -> None:
    answer = client.post("/", files=[FILE, ("tokens", (None, "a")), twice])
    assert f"names a field twice; its fields are: file, tokens, {twice[0]}" in refusal(answer, 422)


def test_a_second_file_is_refused_by_name(client: TestClient) -> None:
    answer = client.post("/", files=[FILE, ("more", ("b.npy", b"b"))])
    assert "the one file `file`, not more" in refusal(answer, 422)


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_read_by_whatever_way_its_name_is_written(client: TestClient, media: str) -> None:
    assert client.post("/", content=b'{"number": 3}', headers={"Content-Type": media}).json() == {"number": 3}


@pytest.mark.parametrize("media", ["text/plain", "text/plain; of=json", "application/x-www-form-urlencoded"])
def test_json_that_came_as_something_else_is_415(client: TestClient, media: str) -> None:
    answer = client.post("/", content=b'{"number": 3}', headers={"Content-Type": media})
    assert f"the body came as {media}; send JSON or a form" in refusal(answer, 415)


@pytest.mark.parametrize("body", [b'{"number": 3', b"", b"\xff", b'{"number": 3} more'])
def test_broken_json_is_400(client: TestClient, body: bytes) -> None:
    answer = client.post("/", content=body, headers={"Content-Type": "application/json"})
    assert "the body is not JSON" in refusal(answer, 400)


def test_an_unknown_field_is_named_and_so_is_its_place(client: TestClient) -> None:
    answer = client.post("/", json={"number": 3, "colour": "red"})
    assert "body.colour: unknown field" in refusal(answer, 422)
    assert [one["field"] for one in answer.json()["errors"]] == ["body.colour"]


def test_a_value_that_cannot_be_is_refused_as_everywhere(client: TestClient) -> None:
    assert "body.number: Input should be greater than or equal to 0 (given: -1)" in refusal(
        client.post("/", json={"number": -1}), 422
    )
