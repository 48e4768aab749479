"""What a client reads of a request that is refused: the names of its fields, and no more of it than it needs."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from shared import schemas
from shared.problems import add_problem_handlers, place_of, shorten, validation_detail


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


class Inner(schemas.Request):
    name: str


class Asked(schemas.Request):
    word: int | Annotated[str, AfterValidator(not_blank)] = 0
    place: Annotated[int, Field(ge=0)] | Annotated[str, Field(max_length=3)] | None = None
    numbers: list[int] | dict[str, int] = Field([])
    lists: list[int] = Field([])
    inner: list[Inner] = Field([])

    @model_validator(mode="after")
    def not_both(self) -> Self:
        if self.word and self.place:
            raise ValueError("send either `word` or `place`")
        return self


def errors_of(**asked: Any) -> list[dict[str, Any]]:
    with pytest.raises(ValidationError) as caught:
        Asked(**asked)
    return [dict(error) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"word": 1.5}, "word"),
        ({"word": " "}, "word"),
        ({"place": "long"}, "place"),
        ({"place": -1}, "place"),
        ({"numbers": 3}, "numbers"),
        ({"lists": [1, "x"]}, "lists.1"),
        ({"inner": [{"name": "a"}, {"name": 3}]}, "inner.1.name"),
        ({"inner": [{}]}, "inner.0.name"),
        ({"inner": [{"name": "a", "str": 1}]}, "inner.0.str"),
        ({"int": 1}, "int"),
        ({"list[int]": 1}, "list[int]"),
    ],
)
def test_a_place_is_the_names_of_fields_and_indices(asked: Any, place: str) -> None:
    assert {place_of(error) for error in errors_of(**asked)} == {place}


def test_what_is_wrong_with_all_of_it_has_no_place() -> None:
    assert validation_detail(errors_of(word=1, place=1)).startswith("send either `word` or `place` (given: ")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    add_problem_handlers(app)

    @app.post("/body")
    def body(asked: Asked) -> int:
        return 0

    class Listed(BaseModel):
        place: Annotated[int, Field(ge=0)] | Annotated[str, Field(max_length=3)] = 0

    @app.get("/query")
    def query(asked: Annotated[Listed, Query()]) -> int:
        return 0

    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    "asked",
    [
        {"x" * 1_000_000: 1},
        {"word": {"x" * 1_000_000: 1}},
        {"inner": [{"name": "a", "x" * 1_000_000: 1}]},
        {"place": "x" * 1_000_000},
        {"inner": [[["x" * 100] * 100] * 100] * 10},
    ],
)
def test_a_refusal_is_short_however_long_the_request(client: TestClient, asked: Any) -> None:
    answer = client.post("/body", json=asked)
    assert answer.status_code == 422
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/" + "x" * 10_000, {}, 404), ("/body", {"Content-Type": "x" * 10_000}, 415)],
)
def test_a_long_path_or_header_is_not_sent_back_whole(
    client: TestClient, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.post(path, content=b"{}", headers=headers)
    assert answer.status_code == status
    assert len(answer.json()["detail"]) < 300


def test_each_wrong_field_has_an_entry_of_its_own(client: TestClient) -> None:
    errors = client.post("/body", json={"word": 1.5, "colour": "red"}).json()["errors"]
    assert {error["field"] for error in errors} == {"body.word", "body.colour"}


def test_a_query_parameter_is_named_as_the_query_names_it(client: TestClient) -> None:
    errors = client.get("/query?place=long").json()["errors"]
    assert {error["field"] for error in errors} == {"query.place"}


@pytest.mark.parametrize("value", ["x" * 5000, list(range(5000)), {"k" * 5000: 1}, 10**4000])
def test_a_shortened_value_keeps_its_beginning(value: Any) -> None:
    assert len(shorten(value)) <= 81
    assert shorten(value)[:3] == repr(value)[:3]


def test_a_short_value_is_shown_whole() -> None:
    assert shorten({"a": [1, "b"]}) == "{'a': [1, 'b']}"
