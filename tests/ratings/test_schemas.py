"""The words on the wire: examples work, and what cannot be is refused with what to do."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.ratings.schemas.common import LARGEST_ID
from services.ratings.schemas.newcomer import MOST_RATINGS
from services.ratings.schemas.next import NextRequest
from services.ratings.schemas.predict import PredictRequest
from services.ratings.schemas.ratings import AddRequest
from services.ratings.schemas.recommend import RecommendationsRequest, RecommendRequest

REQUESTS: list[type[BaseModel]] = [PredictRequest, RecommendRequest, NextRequest, AddRequest]
ADD = {"user_id": 1, "movie_id": 1, "stars": 4}
PAIR = {"user_id": 1, "movie_id": 1}
RATING = {"movie_id": 50, "stars": 5}


def refused(model: type[BaseModel], asked: Any) -> str:
    """What is said about a request that came as JSON."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(json.loads(asked) if isinstance(asked, str) else asked)
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in caught.value.errors())


def iso(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.mark.parametrize("model", REQUESTS)
def test_every_example_is_a_request(model: type[BaseModel]) -> None:
    examples = model.model_json_schema()["examples"]
    assert examples
    for example in examples:
        model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("model", REQUESTS)
def test_an_unknown_field_is_refused_by_name(model: type[BaseModel]) -> None:
    example = model.model_json_schema()["examples"][0]
    assert "colour: Extra inputs are not permitted" in refused(model, example | {"colour": "red"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('{"stars": NaN}', "stars: Input should be a finite number"),
        ('{"stars": -Infinity}', "stars: Input should be a finite number"),
        ('{"stars": 1e999}', "stars: Input should be a finite number"),
        ('{"stars": true}', "stars: Input should be a valid number"),
        ('{"stars": "4"}', "stars: Input should be a valid number"),
        ('{"stars": null}', "stars: Input should be a valid number"),
        ('{"user_id": true}', "user_id: Input should be a valid integer"),
        ('{"user_id": -1}', "user_id: Input should be greater than or equal to 0"),
        (f'{{"user_id": {LARGEST_ID + 1}}}', "user_id: Input should be less than or equal to"),
        (f'{{"movie_id": "{"9" * 10_000}"}}', "movie_id: Input should be a valid integer"),
        ('{"at": 881250949}', "at: Value error, a time is text as in ISO 8601"),
        ('{"at": "yesterday"}', "such as 1998-03-07T20:15:00Z"),
        ('{"at": "1998-02-30T00:00:00Z"}', "at: Input should be a valid datetime"),
        ('{"at": "9999-12-31T23:59:59-12:00"}', "this lies in the future: it is 20"),
    ],
)
def test_a_rating_that_cannot_be_is_refused(change: str, words: str) -> None:
    assert words in refused(AddRequest, ADD | json.loads(change))


def test_a_rating_may_be_a_day_ahead_and_no_more() -> None:
    assert AddRequest.model_validate(ADD | {"at": iso(hours=23)}).at
    assert "this lies in the future" in refused(AddRequest, ADD | {"at": iso(hours=25)})


def test_a_time_without_a_zone_is_utc() -> None:
    times = [AddRequest.model_validate(ADD | {"at": f"1998-03-07T20:15:00{zone}"}).at for zone in ("", "Z", "+00:00")]
    assert times == [datetime(1998, 3, 7, 20, 15, tzinfo=UTC)] * 3


@pytest.mark.parametrize("model", [RecommendRequest, NextRequest])
def test_a_movie_rated_twice_is_named_with_both_places(model: type[BaseModel]) -> None:
    ratings = [RATING, {"movie_id": 1, "stars": 3}, RATING | {"stars": 1}]
    words = "ratings: Value error, ratings.0 and ratings.2 are of the same movie, 50"
    assert words in refused(model, {"ratings": ratings})


def test_a_newcomer_gives_none_to_two_thousand_ratings() -> None:
    ratings = [{"movie_id": number, "stars": 3} for number in range(MOST_RATINGS + 1)]
    assert RecommendRequest.model_validate({"ratings": []}).ratings == []
    assert len(RecommendRequest.model_validate({"ratings": ratings[1:]}).ratings) == 2000
    assert "ratings: List should have at most 2000 items" in refused(RecommendRequest, {"ratings": ratings})
    assert "ratings: Field required" in refused(RecommendRequest, {})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"pairs": [PAIR, {"movie_id": 1}]}, "pairs.1 has no user_id: name one, or send the person's `ratings`"),
        ({"pairs": [PAIR], "ratings": [RATING]}, "every pair has one"),
        ({"pairs": [PAIR], "profile": {"age": 30}}, "`profile` is about the person of `ratings`"),
        ({"pairs": [PAIR], "ratings": [], "profile": {"age": 0}}, "profile.age: Input should be greater than or equal"),
        ({"pairs": [PAIR], "ratings": [], "profile": {"shoes": 43}}, "profile.shoes: Extra inputs"),
    ],
)
def test_a_prediction_says_about_whom(asked: Any, words: str) -> None:
    assert words in refused(PredictRequest, asked)


def test_pairs_of_users_and_of_a_newcomer_may_stand_together() -> None:
    asked = PredictRequest.model_validate({"pairs": [PAIR, {"movie_id": 2}], "ratings": []})
    assert [pair.user_id for pair in asked.pairs] == [1, None]


@pytest.mark.parametrize("asked", [{}, {"user_id": 1, "ratings": []}, {"user_id": None}])
def test_what_to_rate_next_is_asked_for_one_person(asked: Any) -> None:
    assert "send either `user_id`, or `ratings`" in refused(NextRequest, asked)


@pytest.mark.parametrize(
    ("model", "many"),
    [
        (PredictRequest, {"pairs": [PAIR] * 101}),
        (RecommendationsRequest, {"limit": 101}),
        (RecommendRequest, {"limit": 101, "ratings": [RATING]}),
    ],
)
def test_no_more_than_a_hundred_thousand_reasons_are_given_at_once(model: type[BaseModel], many: Any) -> None:
    asked = many | {"because_limit": 1000}
    assert "101 predictions with up to 1,000 reasons each" in refused(model, asked | {"explain": True})
    for fewer in ({"explain": False}, {"explain": True, "because_limit": 990}):
        model.model_validate(asked | fewer)
