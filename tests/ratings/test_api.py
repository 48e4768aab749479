"""The endpoints over HTTP, with the trained model: right answers, and bad input told what is wrong."""

from typing import Any

import pytest
from fastapi.testclient import TestClient


def predict(client: TestClient, *pairs: dict[str, Any]) -> Any:
    return client.post("/ratings/predict", json={"pairs": pairs})


PAIR = {"user_id": 1, "movie_id": 1}
RATED, SECOND = {"movie_id": 50, "stars": 5}, {"movie_id": 1, "stars": 3}


def test_a_prediction_has_stars_an_interval_and_parts_that_add_up(client: TestClient) -> None:
    found = predict(client, PAIR, PAIR | {"at": "1998-03-07T20:15:00Z"}).json()["predictions"]
    for one in found:
        assert one["low"] <= one["stars"] <= one["high"]
        assert sum(one["parts"].values()) == pytest.approx(one["stars"], abs=1e-4)
        assert one["because"] is None


def test_because_adds_up_to_the_stars_and_names_as_many_ratings_as_asked_for(client: TestClient) -> None:
    body = {"pairs": [PAIR, PAIR | {"at": "1998-03-07T20:15:00Z"}], "explain": True, "because_limit": 3}
    for one in client.post("/ratings/predict", json=body).json()["predictions"]:
        because = one["because"]
        pushes = [rating["push"] for rating in because["ratings"]]
        total = because["prior"] + sum(pushes) + because["others"] + because["mlp"] + because["clip"]
        assert total == pytest.approx(one["stars"], abs=1e-4)
        assert len(pushes) == 3


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
        ({"pairs": [PAIR], "explain": "perhaps"}, 422, "body.explain"),
        ({"pairs": [PAIR], "because_limit": 0}, 422, "body.because_limit"),
        ({"pairs": [PAIR] * 1000, "explain": True, "because_limit": 1000}, 422, "ask for fewer predictions"),
        ({"pairs": [PAIR | {"at": "2999-01-01T00:00:00Z"}]}, 422, "this lies in the future"),
        ({"pairs": [{"movie_id": 1}]}, 422, "pairs.0 has no user_id: name one, or send the person's `ratings`"),
        ({"pairs": [PAIR], "ratings": []}, 422, "drop the one or other"),
        (
            {"pairs": [{"movie_id": 1}], "ratings": [RATED, SECOND, RATED]},
            422,
            "ratings.0 and ratings.2 are of the same",
        ),
        (
            {"pairs": [{"movie_id": 1}], "ratings": [RATED | {"stars": 6}]},
            422,
            "6 stars are off the scale of this data, 1",
        ),
        ({"pairs": [{"movie_id": 1}], "ratings": [{"movie_id": 99_999_999, "stars": 4}]}, 422, "ratings.0: no movie"),
        (
            {"pairs": [{"movie_id": 1}], "ratings": [], "profile": {"occupation": "pilot"}},
            422,
            "'pilot' is not one of administrator, artist",
        ),
        ({"pairs": [{"movie_id": 1}], "ratings": [], "profile": {"height": 180}}, 422, "height: unknown field"),
        ([PAIR], 422, "body"),
    ],
)
def test_a_bad_prediction_request_is_told_what_is_wrong(client: TestClient, body: Any, status: int, words: str) -> None:
    answer = client.post("/ratings/predict", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_stars_that_are_no_number_are_refused(client: TestClient, number: str) -> None:
    body = f'{{"user_id": 1, "movie_id": 1, "stars": {number}}}'
    answer = client.post("/ratings/ratings", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/ratings/predict", "/ratings/ratings", "/ratings/recommend", "/ratings/next"])
def test_an_id_of_ten_thousand_digits_is_refused_in_few_words(client: TestClient, path: str) -> None:
    digits = "9" * 10_000
    rated = {"movie_id": digits, "stars": 4}
    body: dict[str, Any] = {"predict": {"pairs": [PAIR | {"movie_id": digits}]}, "ratings": rated | {"user_id": 1}}
    answer = client.post(path, json=body.get(path.rsplit("/", 1)[-1], {"ratings": [rated]}))
    assert answer.status_code == 422
    assert "movie_id" in answer.json()["detail"]
    assert len(answer.text) < 1000


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
        ("/ratings/movies/99999999/similar", 404, "no movie 99999999"),
        ("/ratings/movies/1/similar?limit=0", 422, "limit"),
        ("/ratings/users/99999999/evaluation", 404, "no user 99999999"),
        ("/ratings/users/1/evaluation?k=0", 422, "k"),
        ("/ratings/users/1/evaluation?k=101", 422, "k"),
        ("/ratings/users/1/recommendations?at=2999-01-01", 422, "this lies in the future"),
        ("/ratings/users/1/recommendations?explain=true&limit=1000&because_limit=1000", 422, "ask for fewer"),
        ("/ratings/figures/portrait", 422, "'by-user' or 'by-stars'"),
        ("/ratings/figures/matrix?format=gif", 422, "'svg' or 'png'"),
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


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_five_unseen_movies_are_recommended_best_first(client: TestClient, by: str) -> None:
    found = client.get("/ratings/users/1/recommendations", params={"by": by}).json()["items"]
    seen = {r["movie_id"] for r in client.get("/ratings/users/1?limit=1000").json()["ratings"]["items"]}
    assert len(found) == 5
    assert not seen & {item["movie_id"] for item in found}
    assert [item["score"] for item in found] == sorted((item["score"] for item in found), reverse=True)
    for item in found:
        assert sum(item["parts"].values()) == pytest.approx(item["stars"], abs=1e-4)
        assert item["reasons"]


def test_pages_of_recommendations_do_not_overlap(client: TestClient) -> None:
    def page(offset: int, limit: int) -> list[int]:
        found = client.get("/ratings/users/1/recommendations", params={"offset": offset, "limit": limit}).json()
        return [item["movie_id"] for item in found["items"]]

    assert page(0, 6) == page(0, 3) + page(3, 3)


def test_who_loves_one_space_opera_is_recommended_the_other(client: TestClient) -> None:
    """Star Wars is 50, The Empire Strikes Back 172, Return of the Jedi 181."""
    found = client.post("/ratings/recommend", json={"ratings": [{"movie_id": 50, "stars": 5}], "limit": 5}).json()
    assert {172, 181} & {item["movie_id"] for item in found["items"]}
    assert found["note"] is None
    similar = client.get("/ratings/movies/50/similar?limit=5").json()["items"]
    assert {172, 181} <= {item["movie_id"] for item in similar}


def test_a_newcomer_without_ratings_is_told_so(client: TestClient) -> None:
    for path in ("recommend", "next"):
        found = client.post(f"/ratings/{path}", json={"ratings": []}).json()
        assert found["items"]
        assert "stranger" in found["note"]


def test_what_is_told_of_a_newcomer_moves_the_prediction(client: TestClient) -> None:
    def stars(profile: dict[str, Any] | None) -> list[float]:
        body = {"pairs": [{"movie_id": movie} for movie in (1, 50, 71)], "ratings": [], "profile": profile}
        return [one["stars"] for one in client.post("/ratings/predict", json=body).json()["predictions"]]

    assert stars({"age": 8, "gender": "F", "occupation": "Student"}) != stars(None)


def test_next_are_movies_that_are_not_rated_the_one_that_teaches_most_first(client: TestClient) -> None:
    found = client.post("/ratings/next", json={"user_id": 1, "limit": 20}).json()
    seen = {r["movie_id"] for r in client.get("/ratings/users/1?limit=1000").json()["ratings"]["items"]}
    gains = [item["gain"] for item in found["items"]]
    assert gains == sorted(gains, reverse=True)
    assert not seen & {item["movie_id"] for item in found["items"]}
    assert 0 < gains[0] < found["mean_variance"]


def test_a_rating_comes_is_replaced_and_goes_again(client: TestClient) -> None:
    rating = {"user_id": 5_000_000, "movie_id": 50, "stars": 5}
    first, second = (client.post("/ratings/ratings", json=rating | {"stars": stars}) for stars in (5, 1))
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["before"], second.json()["before"]) == (None, 5)
    assert second.json()["saved"] is True
    assert client.get("/ratings/users/5000000").json()["mean"] == 1
    assert predict(client, {"user_id": 5_000_000, "movie_id": 172}).status_code == 200
    gone = client.request("DELETE", "/ratings/ratings", params={"user_id": 5_000_000, "movie_id": 50})
    assert (gone.status_code, gone.json()["stars"], gone.json()["before"]) == (200, None, 1)
    assert client.get("/ratings/users/5000000").status_code == 404


def test_added_then_taken_back_the_old_prediction_returns(client: TestClient) -> None:
    def stars() -> float:
        return float(predict(client, {"user_id": 2, "movie_id": 172}).json()["predictions"][0]["stars"])

    before = stars()
    assert client.post("/ratings/ratings", json={"user_id": 2, "movie_id": 181, "stars": 1}).status_code == 201
    assert abs(stars() - before) > 1e-3
    client.request("DELETE", "/ratings/ratings", params={"user_id": 2, "movie_id": 181})
    assert stars() == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"user_id": 1}, 422, "movie_id"),
        ({"user_id": 1, "movie_id": 99_999_999}, 404, "no movie 99999999"),
        ({"user_id": 99_999_999, "movie_id": 1}, 404, "no user 99999999"),
        ({"user_id": 2, "movie_id": 172}, 404, "nothing to take back"),
        ({"user_id": 1, "movie_id": 1, "stars": 3}, 422, "unknown query parameter 'stars'"),
    ],
)
def test_what_is_not_there_cannot_be_taken_back(
    client: TestClient, query: dict[str, int], status: int, words: str
) -> None:
    answer = client.request("DELETE", "/ratings/ratings", params=query)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_the_newsletters_table_stands_beside_chance(client: TestClient) -> None:
    found = client.get("/ratings/users/1/evaluation?k=5").json()
    assert len(found["truth"]) == len(found["predicted"]) == found["k"] == 5
    assert found["random"]["true_positives"] == pytest.approx(5 / found["candidates"])
    assert [one["rank"] for one in found["truth"]] == [1, 2, 3, 4, 5]


def test_the_evaluation_is_that_of_the_card(client: TestClient) -> None:
    found = client.get("/ratings/evaluation").json()["protocols"]
    assert [one["value"] for one in found] == [one["value"] for one in client.get("/ratings/card").json()["figures"]]


@pytest.mark.parametrize("name", ["matrix", "products", "losses", "calibration", "by-user", "by-stars"])
def test_every_figure_comes_as_svg_and_as_png(client: TestClient, name: str) -> None:
    svg, png = (client.get(f"/ratings/figures/{name}", params={"format": kind}) for kind in ("svg", "png"))
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert "<svg" in svg.text
    assert png.content.startswith(b"\x89PNG")
    assert client.get(f"/ratings/figures/{name}", headers={"Accept": "image/png"}).content.startswith(b"\x89PNG")


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
