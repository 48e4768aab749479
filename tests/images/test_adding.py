"""Adding, renaming and removing anchors through the real app: at once searchable, durable, never half."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from services.images.app import build
from services.images.settings import Settings
from tests.conftest import ready
from tests.images.pictures import encoded, picture_of
from tests.images.test_api import SEARCH, detail_of

ANCHORS = "/images/anchors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[TestClient]:
    """An app with a state of its own: what is added here is nobody else's."""
    with ready(build(Settings(state_dir=folder)), "images") as client:
        yield client


def added(client: TestClient, seed: int, name: str = "mine.png") -> dict[str, object]:
    answer = client.post(ANCHORS, files={"file": (name, picture_of(seed))})
    assert answer.status_code == 201, answer.text
    (item,) = answer.json()["items"]
    return dict(item)


def test_an_added_picture_is_found_by_the_next_search(own: TestClient) -> None:
    anchor = added(own, 1)
    first = own.post(SEARCH, content=picture_of(1)).json()["matches"][0]
    assert (first["id"], first["similarity"], first["name"]) == (anchor["id"], 1.0, "mine")
    assert own.get(str(anchor["url"])).content == picture_of(1)


def test_its_id_is_what_is_in_it(own: TestClient) -> None:
    assert added(own, 2)["id"] == hashlib.sha256(picture_of(2)).hexdigest()[:16]


def test_the_same_file_twice_is_one(own: TestClient) -> None:
    added(own, 3)
    size = own.get(ANCHORS).json()["total"]
    again = own.post(ANCHORS, files={"file": ("another name.png", picture_of(3))})
    assert (again.status_code, again.json()["items"][0]["known"]) == (200, True)
    assert again.json()["items"][0]["name"] == "mine"
    assert own.get(ANCHORS).json()["total"] == size


def test_two_uploads_of_the_same_file_at_once_are_one(own: TestClient) -> None:
    def send(_: int) -> dict[str, object]:
        return dict(own.post(ANCHORS, files={"file": ("twin.png", picture_of(4))}).json()["items"][0])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert len({answer["id"] for answer in answers}) == 1
    assert [answer["known"] for answer in answers].count(False) == 1


def test_many_files_come_in_one_form_and_a_broken_one_is_named(own: TestClient) -> None:
    files = [("file", (f"{seed}.png", picture_of(seed))) for seed in (10, 11)]
    answer = own.post(ANCHORS, files=[*files, ("file", ("notes.txt", b"Dear all,"))])
    assert answer.status_code == 201
    assert [item["file"] for item in answer.json()["items"]] == ["10.png", "11.png"]
    (refused,) = answer.json()["refused"]
    assert refused["file"] == "notes.txt"
    assert "not a picture" in refused["detail"]


def test_nothing_but_broken_files_is_refused_with_each_reason(own: TestClient) -> None:
    two = [("file", ("notes.txt", b"Dear all,")), ("file", ("half.png", picture_of(12)[:200]))]
    detail = detail_of(own.post(ANCHORS, files=two), 422)
    assert "notes.txt: " in detail
    assert "half.png: " in detail


def test_one_broken_file_is_refused_as_a_search_would_refuse_it(own: TestClient) -> None:
    detail_of(own.post(ANCHORS, content=b"Dear all,"), 415)


def test_a_raw_body_is_added_under_the_name_it_is_given(own: TestClient) -> None:
    answer = own.post(ANCHORS, params={"file": "pear.png", "name": "a pear"}, content=picture_of(5))
    (item,) = answer.json()["items"]
    assert (item["file"], item["name"]) == ("pear.png", "a pear")


def test_a_file_name_is_a_name_and_no_path(own: TestClient) -> None:
    assert added(own, 6, "../../etc/passwd.png")["file"] == "passwd.png"


def test_a_name_without_letters_is_refused_and_control_characters_are_left_out(own: TestClient) -> None:
    anchor = added(own, 13, "a\x1b[31m red\nmedlar.png")
    assert str(anchor["name"]).isprintable()
    assert "no letters" in detail_of(own.patch(f"{ANCHORS}/{anchor['id']}", json={"name": " \x00"}), 422)


def test_a_removed_picture_is_gone_from_the_next_search(own: TestClient) -> None:
    anchor = added(own, 7)
    assert own.delete(f"{ANCHORS}/{anchor['id']}").json()["name"] == "mine"
    assert own.post(SEARCH, content=picture_of(7)).json()["matches"][0]["id"] != anchor["id"]
    for tail in ("", "/file", "/thumbnail", "/similar"):
        assert own.get(f"{ANCHORS}/{anchor['id']}{tail}").status_code == 404


def test_what_is_not_there_cannot_be_removed(own: TestClient) -> None:
    assert "no anchor 0000000000000000" in detail_of(own.delete(f"{ANCHORS}/0000000000000000"), 404)


def test_a_removed_picture_can_come_again(own: TestClient) -> None:
    anchor = added(own, 8)
    own.delete(f"{ANCHORS}/{anchor['id']}")
    assert added(own, 8)["id"] == anchor["id"]


def test_an_anchor_gets_another_name(own: TestClient) -> None:
    anchor = added(own, 9)
    renamed = own.patch(f"{ANCHORS}/{anchor['id']}", json={"name": "a quince"}).json()
    assert renamed["name"] == "a quince"
    assert [item["id"] for item in own.get(ANCHORS, params={"query": "QUINCE"}).json()["items"]] == [anchor["id"]]


def test_what_was_added_and_removed_is_so_after_a_restart(own: TestClient, folder: Path) -> None:
    stays, goes = added(own, 20), added(own, 21)
    default = own.get(ANCHORS, params={"query": "red apple"}).json()["items"][0]
    for gone in (goes, default):
        own.delete(f"{ANCHORS}/{gone['id']}")
    with ready(build(Settings(state_dir=folder)), "images") as again:
        assert again.post(SEARCH, content=picture_of(20)).json()["matches"][0]["id"] == stays["id"]
        assert again.get(f"{ANCHORS}/{goes['id']}").status_code == 404
        assert again.get(f"{ANCHORS}/{default['id']}").status_code == 404


def test_the_first_frame_of_an_animation_is_what_is_indexed(own: TestClient) -> None:
    frames = [Image.open(io.BytesIO(picture_of(seed))).convert("RGB") for seed in (30, 31)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    own.post(ANCHORS, files={"file": ("moving.gif", buffer.getvalue())})
    still = encoded(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB"), "PNG")
    assert own.post(SEARCH, content=still).json()["matches"][0]["file"] == "moving.gif"


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1)])
def test_a_picture_of_any_shape_is_taken(own: TestClient, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(size).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    raw = encoded(Image.fromarray(pixels), "PNG")
    item = own.post(ANCHORS, files={"file": ("odd.png", raw)}).json()["items"][0]
    assert (item["width"], item["height"]) == size
    assert own.get(item["thumbnail_url"]).status_code == 200
