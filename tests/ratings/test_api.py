"""The endpoints over HTTP, with the trained model: right answers, and bad input told what is wrong."""

from typing import Any

import pytest
from fastapi.testclient import TestClient


def predict(client: TestClient, *pairs: dict[str, Any]) -> Any:
    return client.post("/ratings/predict", json={"pairs": pairs})


PAIR = {"user_id": 1, "movie_id": 1}


def test_a_prediction_has_stars_an_interval_and_parts_that_add_up(client: TestClient) -> None:
    found = predict(client, PAIR, PAIR | {"at": "1998-03-07T20:15:00Z"}).json()["predictions"]
    for one in found:
        assert one["low"] <= one["stars"] <= one["high"]
        assert sum(one["parts"].values()) == pytest.approx(one["stars"], abs=1e-5)
    assert found[0]["parts"]["context"] == 0


def test_ten_thousand_pairs_are_answered_and_one_more_is_refused(client: TestClient) -> None:
    answer = predict(client, *[PAIR] * 10_000)
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == 10_000
    refused = predict(client, *[PAIR] * 10_001)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "10,001 pairs are more than the limit of 10,000; ask in parts"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"pairs": []}, 422, "body.pairs: List should have at least 1 item"),
        ({}, 422, "body.pairs: Field required"),
        ({"pairs": [PAIR, PAIR | {"user_id": 99_999_999}]}, 422, "pairs.1: no user 99999999: there are "),
        ({"pairs": [PAIR | {"movie_id": 99_999_999}]}, 422, "pairs.0: no movie 99999999: there are "),
        ({"pairs": [PAIR | {"user_id": -1}]}, 422, "body.pairs.0.user_id"),
        ({"pairs": [PAIR | {"user_id": 1.5}]}, 422, "body.pairs.0.user_id"),
        ({"pairs": [PAIR | {"user_id": 10**30}]}, 422, "body.pairs.0.user_id"),
        ({"pairs": [PAIR | {"at": "yesterday"}]}, 422, "such as 1998-03-07T20:15:00Z"),
        ({"pairs": [PAIR | {"at": "1998-13-07T20:15:00Z"}]}, 422, "body.pairs.0.at"),
        ({"pairs": [PAIR | {"at": 881250949}]}, 422, "not a number"),
        ({"pairs": [PAIR | {"when": "now"}]}, 422, "body.pairs.0.when: unknown field"),
        ({"pairs": [PAIR], "explain": True}, 422, "body.explain: unknown field"),
        ([PAIR], 422, "body"),
    ],
)
def test_a_bad_prediction_request_is_told_what_is_wrong(client: TestClient, body: Any, status: int, words: str) -> None:
    answer = client.post("/ratings/predict", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_json_that_is_not_json_is_refused(client: TestClient) -> None:
    answer = client.post("/ratings/predict", content=b'{"pairs": [', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "the body is not JSON" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/ratings/users/99999999", 404, "no user 99999999: there are "),
        ("/ratings/users/99999999/recommendations", 404, "/ratings/users lists them"),
        ("/ratings/movies/99999999", 404, "no movie 99999999: there are "),
        ("/ratings/movies/" + "9" * 10_000, 422, "movie_id"),
        ("/ratings/movies/abc", 422, "movie_id"),
        ("/ratings/movies?genre=Heist", 422, "no genre 'Heist': the genres are Action, Adventure"),
        ("/ratings/users/1/recommendations?genre=Heist", 422, "no genre 'Heist'"),
        ("/ratings/movies?limit=0", 422, "limit"),
        ("/ratings/movies?limit=1001", 422, "limit"),
        ("/ratings/movies?offset=-1", 422, "offset"),
        ("/ratings/users/1/recommendations?limit=0", 422, "limit"),
        ("/ratings/users/1/recommendations?at=soon", 422, "such as 1998-03-07T20:15:00Z"),
        ("/ratings/users/1/recommendations?at=881250949", 422, "such as 1998-03-07T20:15:00Z"),
        ("/ratings/users/1/recommendations?by=luck", 422, "'rank' or 'stars'"),
        ("/ratings/movies?title=star", 422, "title"),
    ],
)
def test_a_bad_question_is_told_what_is_wrong(client: TestClient, path: str, status: int, words: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_movies_are_found_by_title_and_genre(client: TestClient) -> None:
    found = client.get("/ratings/movies", params={"query": "TOY story", "genre": "comedy"}).json()
    assert found["items"][0]["movie_id"] == 1
    assert found["items"][0] == client.get("/ratings/movies/1").json()
    assert (found["limit"], found["offset"], found["total"]) == (50, 0, len(found["items"]))


def test_pages_of_movies_follow_each_other(client: TestClient) -> None:
    whole = client.get("/ratings/movies?limit=6").json()["items"]
    pages = [client.get(f"/ratings/movies?limit=3&offset={offset}").json()["items"] for offset in (0, 3)]
    assert whole == pages[0] + pages[1]


def test_an_offset_beyond_the_end_is_an_empty_page(client: TestClient) -> None:
    found = client.get("/ratings/movies?offset=1000000").json()
    assert found["items"] == []
    assert found["total"] > 0


def test_a_user_has_ratings_with_titles_and_times_and_a_profile(client: TestClient) -> None:
    found = client.get("/ratings/users/1?limit=2").json()
    assert found["ratings"]["total"] == found["count"]
    assert [rating["at"][-1] for rating in found["ratings"]["items"]] == ["Z", "Z"]
    assert {share["name"] for share in found["profile"]["daytime"]} == {"day", "night"}
    assert sum(share["count"] for share in found["profile"]["week"]) == found["count"]


def test_five_unseen_movies_are_recommended_best_first(client: TestClient) -> None:
    found = client.get("/ratings/users/1/recommendations").json()["items"]
    seen = {r["movie_id"] for r in client.get("/ratings/users/1?limit=1000").json()["ratings"]["items"]}
    assert len(found) == 5
    assert not seen & {item["movie_id"] for item in found}
    assert [item["score"] for item in found] == sorted((item["low"] for item in found), reverse=True)


def test_every_operation_has_an_example_that_works(client: TestClient) -> None:
    document = client.get("/ratings/openapi.json").json()
    example = document["components"]["schemas"]["PredictRequest"]["examples"][0]
    assert client.post("/ratings/predict", json=example).status_code == 200
    for path, operations in document["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", str(parameter["example"]))
        if "get" in operations:
            assert client.get(path).status_code == 200, path
