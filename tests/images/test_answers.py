"""What an answer means: probability, no match, maps that sum to the score, regions, words, duplicates, the plane."""

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageOps

from tests.images.pictures import encoded, png_bomb
from tests.images.test_api import SEARCH, detail_of


def opened(raw: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw)).convert("RGB")


@pytest.mark.parametrize("embedding", ["general", "adapted"])
def test_the_map_of_a_match_sums_to_its_similarity(client: TestClient, apple: bytes, embedding: str) -> None:
    asked: dict[str, str | bool] = {"explain": True, "embedding": embedding}
    for match in client.post(SEARCH, params=asked, content=apple).json()["matches"]:
        assert abs(np.sum(match["map"]) - match["similarity"]) < 1e-4  # four decimals of the one, six of the other


def test_both_maps_of_a_comparison_sum_to_its_similarity(client: TestClient, apple: bytes, pear: bytes) -> None:
    answer = client.post("/images/compare", files={"a": apple, "b": pear}).json()
    for side in ("a", "b"):
        assert abs(np.sum(answer["maps"][side]) - answer["similarity"]) < 1e-5
    assert answer["tier"] is None


def test_a_picture_compared_with_itself_is_the_same(client: TestClient, apple: bytes) -> None:
    answer = client.post("/images/compare", files={"a": apple, "b": apple}).json()
    assert (round(answer["similarity"], 4), answer["tier"]) == (1.0, "same")


def test_an_anchor_compared_with_another_is_not_outdone_by_its_own_copy(
    client: TestClient, apple: bytes, pear: bytes
) -> None:
    """Both are indexed, so a search with either finds itself first."""
    smaller = encoded(opened(apple).resize((200, 200)), "PNG")
    near, far = (client.post("/images/compare", files={"a": apple, "b": other}).json() for other in (smaller, pear))
    assert near["probability"] > 0.5 > far["probability"]


def test_a_comparison_can_be_seen(client: TestClient, apple: bytes, pear: bytes) -> None:
    answer = client.post("/images/compare", files={"a": apple, "b": pear}, headers={"Accept": "image/png"})
    assert opened(answer.content).width > opened(answer.content).height


def test_a_comparison_needs_two_pictures(client: TestClient, apple: bytes) -> None:
    assert "`a`" in detail_of(client.post("/images/compare", files={"a": apple}), 422)


def test_probabilities_fall_with_the_similarity(client: TestClient, apple: bytes) -> None:
    matches = client.post(SEARCH, params={"k": 20}, content=apple).json()["matches"]
    probabilities = [match["probability"] for match in matches]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= probability <= 1 for probability in probabilities)


def test_a_picture_of_nothing_indexed_is_no_match(client: TestClient, apple: bytes, noise: Image.Image) -> None:
    clouds = noise.resize((9, 6)).resize((300, 200), Image.Resampling.BICUBIC)
    assert client.post(SEARCH, content=apple).json()["no_match"] is False
    assert client.post(SEARCH, content=encoded(clouds, "PNG")).json()["no_match"] is True


def test_a_region_is_searched_as_if_it_were_cut_out(client: TestClient, apple: bytes) -> None:
    cut = encoded(opened(apple).crop((20, 30, 120, 150)), "PNG")
    by_box = client.post(SEARCH, params={"box": "20,30,100,120"}, content=apple).json()
    assert by_box["matches"] == client.post(SEARCH, content=cut).json()["matches"]


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0,0,0,5", "200,0,100,10", "-1,0,5,5", "nan,0,1,1"])
def test_a_box_that_is_none_is_answered_422(client: TestClient, apple: bytes, box: str) -> None:
    assert "box" in detail_of(client.post(SEARCH, params={"box": box}, content=apple), 422)


def test_an_edited_copy_is_found_as_one(client: TestClient, apple: bytes) -> None:
    edited = encoded(ImageOps.mirror(opened(apple)).resize((90, 90)), "JPEG", quality=30)
    match = client.post(SEARCH, params={"by": "copy"}, content=edited).json()["matches"][0]
    assert match["name"] == "red apple"


def test_words_find_what_they_describe(client: TestClient) -> None:
    answer = client.get(SEARCH, params={"text": "a red fruit", "k": 10}).json()
    assert {"red apple", "cherries", "strawberry"} & {match["name"] for match in answer["matches"]}
    assert answer["embedding"] == "words"


def test_words_that_are_none_are_answered_422(client: TestClient) -> None:
    detail_of(client.get(SEARCH, params={"text": " \t"}), 422)
    detail_of(client.get(SEARCH), 422)


def test_an_embedding_is_a_unit_vector_of_256(client: TestClient, apple: bytes) -> None:
    vector = client.post("/images/embed", content=apple).json()["vector"]
    file = client.post("/images/embed", content=apple, headers={"Accept": "application/x-npy"})
    assert len(vector) == 256
    assert abs(np.linalg.norm(vector) - 1) < 1e-5
    np.testing.assert_allclose(np.load(io.BytesIO(file.content)), vector, atol=1e-6)


@pytest.mark.parametrize("tier", ["same", "edited", "alike"])
def test_duplicates_come_in_groups_of_at_least_two(client: TestClient, tier: str) -> None:
    answer = client.get("/images/duplicates", params={"tier": tier}).json()
    assert answer["tier"] == tier
    for group in answer["items"]:
        assert len({anchor["id"] for anchor in group["anchors"]}) >= 2
        assert all(anchor["score"] >= answer["threshold"] for anchor in group["anchors"])


def test_every_anchor_has_a_place_on_the_map_and_keeps_it(client: TestClient) -> None:
    first, second = (client.get("/images/map", params={"limit": 10_000}).json() for _ in range(2))
    assert first == second
    assert len(first["items"]) == first["total"] == client.get("/images/anchors").json()["total"]
    assert all(-1 <= point[axis] <= 1 for point in first["items"] for axis in ("x", "y"))


def test_small_files_of_large_pictures_are_refused_together(client: TestClient) -> None:
    files = [("file", (f"{number}.png", png_bomb(4_900 + 8 * number))) for number in range(10)]
    for path in ("/images/sheet", "/images/anchors"):
        assert "at most 200,000,000 at a time" in detail_of(client.post(path, files=files), 422)


def test_a_language_that_is_not_understood_is_said(client: TestClient) -> None:
    assert "English" in client.get(SEARCH, params={"text": "빨간 사과"}).json()["note"]


def test_many_queries_are_drawn_on_one_sheet(client: TestClient, apple: bytes, pear: bytes) -> None:
    one = client.post("/images/sheet", files=[("file", ("a.png", apple))])
    two = client.post("/images/sheet", files=[("file", ("a.png", apple)), ("file", ("b.png", pear))])
    assert opened(two.content).height > 1.5 * opened(one.content).height
