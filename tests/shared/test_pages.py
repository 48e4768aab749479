"""A page is files as they are; what it may load is said with every one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from shared.pages import HEADERS, add_page
from shared.problems import add_problem_handlers


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "main.js").write_text("1;")
    app = FastAPI()
    add_problem_handlers(app)
    add_page(app, "/toy", tmp_path)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/toy/", "/toy/web/main.js", "/toy/web/shared/dom.js"])
def test_every_file_says_what_may_be_loaded_and_is_asked_for_anew(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", ["/toy/", "/toy/web/main.js"])
def test_what_did_not_change_is_not_sent_again(client: TestClient, path: str) -> None:
    again = client.get(path, headers={"If-None-Match": client.get(path).headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_above_the_folder_is_a_file_of_the_page(client: TestClient) -> None:
    for path in ("/toy/web/../secret", "/toy/web/%2e%2e/secret", "/toy/web/none.js"):
        assert client.get(path).status_code == 404
