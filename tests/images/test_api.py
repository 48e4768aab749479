"""The endpoints through the real app: answers, both forms of body, and bad input."""

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from PIL import Image

from tests.images.pictures import encoded, png_bomb

PNG = {"Content-Type": "image/png"}
SEARCH = "/images/search"


def detail_of(answer: Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    detail: str = answer.json()["detail"]
    return detail


def test_an_indexed_file_finds_itself_with_one(client: TestClient, apple: bytes) -> None:
    answer = client.post(SEARCH, content=apple, headers=PNG).json()
    first, *others = answer["matches"]
    assert (first["file"], first["name"], first["similarity"]) == ("1F34E.png", "red apple", 1.0)
    assert len(others) == 4
    assert answer["index_size"] == client.get("/images/anchors").json()["total"]


def test_matches_come_most_similar_first(client: TestClient, apple: bytes) -> None:
    matches = client.post(SEARCH, params={"k": 20}, content=apple, headers=PNG).json()["matches"]
    similarities = [match["similarity"] for match in matches]
    assert len(matches) == 20
    assert similarities == sorted(similarities, reverse=True)
    assert all(-1 <= similarity <= 1 for similarity in similarities)


def test_a_form_is_answered_as_a_raw_body(client: TestClient, apple: bytes) -> None:
    raw = client.post(SEARCH, content=apple, headers={"Content-Type": "application/octet-stream"})
    form = client.post(SEARCH, files={"file": ("my apple.png", apple, "image/png")})
    assert raw.status_code == form.status_code == 200
    assert raw.json() == form.json()


def test_what_is_in_the_file_counts_not_what_it_is_called(client: TestClient, noise: Image.Image) -> None:
    answer = client.post(SEARCH, content=encoded(noise, "BMP"), headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200


def test_the_whole_index_can_be_asked_for(client: TestClient, apple: bytes) -> None:
    size = client.get("/images/anchors").json()["total"]
    matches = client.post(SEARCH, params={"k": size}, content=apple).json()["matches"]
    assert len({match["id"] for match in matches}) == size


def test_accept_png_gives_the_contact_sheet(client: TestClient, apple: bytes) -> None:
    answers = [client.post(SEARCH, content=apple, headers={"Accept": "image/png"}) for _ in range(2)]
    assert answers[0].headers["content-type"] == "image/png"
    sheet = Image.open(io.BytesIO(answers[0].content))
    assert sheet.width > 3 * sheet.height  # the query and five matches in a row
    assert answers[0].content == answers[1].content


def test_anchors_are_listed_in_parts(client: TestClient) -> None:
    first = client.get("/images/anchors", params={"limit": 3}).json()
    second = client.get("/images/anchors", params={"limit": 2, "offset": 1}).json()
    assert first["items"][1:] == second["items"]
    assert (second["limit"], second["offset"], second["total"]) == (2, 1, first["total"])
    assert "OpenMoji" in first["attribution"]


def test_anchors_are_found_by_a_part_of_their_name(client: TestClient) -> None:
    found = client.get("/images/anchors", params={"query": "APPLE"}).json()
    assert [anchor["name"] for anchor in found["items"]] == ["pineapple", "red apple", "green apple"]
    assert client.get("/images/anchors", params={"query": "no such thing"}).json()["total"] == 0


def test_an_anchor_leads_to_its_file_and_thumbnail(client: TestClient, apple: bytes) -> None:
    match = client.post(SEARCH, content=apple).json()["matches"][0]
    anchor = client.get(f"/images/anchors/{match['id']}").json()
    assert anchor == {key: match[key] for key in anchor}
    assert client.get(anchor["url"]).content == apple
    thumbnail = client.get(anchor["thumbnail_url"])
    assert thumbnail.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(thumbnail.content)).size == (96, 96)


@pytest.mark.parametrize("part", ["file", "thumbnail"])
def test_a_picture_the_client_has_is_not_sent_again(client: TestClient, part: str) -> None:
    url = f"/images/anchors/{client.get('/images/anchors').json()['items'][0]['id']}/{part}"
    first = client.get(url)
    assert "max-age" in first.headers["cache-control"]
    again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_anchor_is_most_similar_to_itself(client: TestClient, apple: bytes) -> None:
    match = client.post(SEARCH, content=apple).json()["matches"][0]
    similar = client.get(f"/images/anchors/{match['id']}/similar", params={"k": 5}).json()
    searched = client.post(SEARCH, content=apple).json()
    assert [one["id"] for one in similar["matches"]] == [one["id"] for one in searched["matches"]]
    assert similar["matches"][0]["similarity"] == 1
    assert all(one["probability"] is None for one in similar["matches"])  # it was calibrated on searches


def test_the_docs_show_a_file_picker_and_say_that_raw_bodies_work(client: TestClient) -> None:
    content = client.get("/images/openapi.json").json()["paths"][SEARCH]["post"]["requestBody"]["content"]
    assert next(iter(content)) == "multipart/form-data"
    assert content["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"
    assert {"image/*", "application/octet-stream"} < set(content)


def test_the_card_names_the_artists_and_what_was_never_seen(client: TestClient) -> None:
    card = client.get("/images/card").json()
    assert "OpenMoji" in card["licence"]
    assert "CC BY-SA 4.0" in card["licence"]
    assert card["sizes"]["identities never seen"] > 500


# Bad input


def test_a_text_file_is_answered_415_with_what_is_read(client: TestClient) -> None:
    detail = detail_of(client.post(SEARCH, content=b"Dear all,", headers={"Content-Type": "text/plain"}), 415)
    assert "b'Dear all'" in detail
    assert "image/png, image/jpeg, image/webp, image/gif, image/bmp" in detail


@pytest.mark.parametrize("form", [True, False])
def test_an_empty_picture_is_answered_422(client: TestClient, form: bool) -> None:
    answer = client.post(SEARCH, files={"file": ("", b"")}) if form else client.post(SEARCH)
    assert "empty" in detail_of(answer, 422) or "no file" in answer.json()["detail"]


def test_a_truncated_jpeg_is_answered_422(client: TestClient, noise: Image.Image) -> None:
    whole = encoded(noise, "JPEG")
    detail = detail_of(client.post(SEARCH, content=whole[: len(whole) // 2]), 422)
    assert "the JPEG file is cut off or damaged" in detail


def test_a_small_file_of_a_huge_picture_is_answered_422(client: TestClient) -> None:
    detail = detail_of(client.post(SEARCH, content=png_bomb(13_000)), 422)
    assert "13000 x 13000 pixels; at most 25,000,000" in detail


@pytest.mark.parametrize("accept", ["application/json", "image/png"])
@pytest.mark.parametrize("k", [-1, 0, 100_000])
def test_k_outside_the_index_is_answered_422_with_the_range(
    client: TestClient, apple: bytes, k: int, accept: str
) -> None:
    detail = detail_of(client.post(SEARCH, params={"k": k}, content=apple, headers={"Accept": accept}), 422)
    assert f"k is {k}" in detail
    assert " 1 to " in detail


def test_a_contact_sheet_has_a_limit_of_its_own(client: TestClient, apple: bytes) -> None:
    answer = client.post(SEARCH, params={"k": 51}, content=apple, headers={"Accept": "image/png"})
    assert "shows 1 to 50" in detail_of(answer, 422)


def test_k_must_be_a_number(client: TestClient, apple: bytes) -> None:
    assert "k" in detail_of(client.post(SEARCH, params={"k": "five"}, content=apple), 422)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_the_limit_is_answered_413(client: TestClient, chunked: bool) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield bytes(1_000_000)

    detail = detail_of(client.post(SEARCH, content=chunks() if chunked else bytes(11_000_000)), 413)
    assert "10,000,000 bytes" in detail


def test_a_form_over_the_limit_is_answered_413(client: TestClient) -> None:
    detail_of(client.post(SEARCH, files={"file": bytes(11_000_000)}), 413)


@pytest.mark.parametrize("tail", ["", "/file", "/thumbnail", "/similar"])
def test_an_unknown_anchor_is_answered_404(client: TestClient, tail: str) -> None:
    detail = detail_of(client.get(f"/images/anchors/0000000000000000{tail}"), 404)
    assert "no anchor 0000000000000000" in detail
    assert "/images/anchors" in detail


def test_an_accept_that_cannot_be_met_is_answered_406(client: TestClient, apple: bytes) -> None:
    detail = detail_of(client.post(SEARCH, content=apple, headers={"Accept": "text/csv"}), 406)
    assert "application/json, image/png" in detail


def test_a_form_with_more_than_the_file_is_refused_by_name(client: TestClient, apple: bytes) -> None:
    answer = client.post("/images/search", files={"file": ("a.png", apple)}, data={"k": "3"})
    assert answer.status_code == 422
    assert "files named `file` only, not k" in answer.json()["detail"]


def test_a_form_without_a_file_is_answered_422_with_its_fields(client: TestClient, apple: bytes) -> None:
    assert "fields are: picture" in detail_of(client.post(SEARCH, files={"picture": apple}), 422)
    assert "no file named `file`" in detail_of(client.post(SEARCH, files={"x": (None, "file")}), 422)


def test_a_broken_form_is_answered_400(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    assert "boundary" in detail_of(client.post(SEARCH, content=b"no parts", headers=headers), 400)


def test_an_unknown_parameter_is_refused_by_name(client: TestClient, apple: bytes) -> None:
    assert "top" in detail_of(client.post(SEARCH, params={"top": 5}, content=apple), 422)


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 1001}, {"offset": -1}])
def test_a_part_of_the_list_out_of_range_is_answered_422(client: TestClient, params: dict[str, int]) -> None:
    assert next(iter(params)) in detail_of(client.get("/images/anchors", params=params), 422)
