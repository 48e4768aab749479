"""Why a prediction is what it is: a sum over own ratings that is exact, however many are named."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.reasons import SHOWN
from services.ratings.schemas.estimate import Because
from services.ratings.schemas.newcomer import GivenRating, Person
from services.ratings.schemas.predict import Prediction
from services.ratings.schemas.recommend import RecommendationsRequest, RecommendRequest
from tests.ratings.conftest import given, pairs

MIDDLE = datetime(1997, 1, 1, tzinfo=UTC)  # in the midst of the toy's ratings
RATED = [GivenRating(movie_id=1, stars=5), GivenRating(movie_id=2, stars=1), GivenRating(movie_id=7, stars=4)]


def total(because: Because) -> float:
    return because.prior + sum(one.push for one in because.ratings) + because.others + because.mlp + because.clip


def because(found: Prediction) -> Because:
    assert found.because
    return found.because


@pytest.mark.parametrize("limit", [1, 3, 1000])
@pytest.mark.parametrize("at", [None, MIDDLE])
def test_prior_pushes_others_mlp_and_clip_add_up_to_a_users_stars(
    engine: Engine, at: datetime | None, limit: int
) -> None:
    asked = pairs(
        *[(user, movie) for user in (1, 8, 41) for movie in (1, 2, 30)], at=at, explain=True, because_limit=limit
    )
    for found in engine.predict(asked).predictions:
        assert total(because(found)) == pytest.approx(found.stars, abs=1e-4)


@pytest.mark.parametrize("profile", [None, Person(age=30, gender="F")])
@pytest.mark.parametrize("ratings", [[], RATED])
def test_they_add_up_to_a_newcomers_stars(engine: Engine, ratings: list[GivenRating], profile: Person | None) -> None:
    asked = pairs((None, 3), (None, 30), ratings=ratings, profile=profile, explain=True, because_limit=2)
    for found in engine.predict(asked).predictions:
        assert total(because(found)) == pytest.approx(found.stars, abs=1e-4)
        assert len(because(found).ratings) == min(2, len(ratings))


def test_without_being_asked_nothing_is_explained(engine: Engine) -> None:
    assert engine.predict(pairs((1, 1))).predictions[0].because is None


def test_because_names_own_ratings_only_each_once_the_strongest_first(engine: Engine, toy: Dataset) -> None:
    found = because(engine.predict(pairs((1, 30), explain=True, because_limit=1000)).predictions[0])
    own = toy.ratings[toy.ratings["user_id"] == 1].set_index("movie_id")["stars"]
    assert sorted(one.movie_id for one in found.ratings) == sorted(own.index)
    assert [one.stars for one in found.ratings] == pytest.approx([own[one.movie_id] for one in found.ratings], abs=1e-3)
    pushes = [abs(one.push) for one in found.ratings]
    assert pushes == sorted(pushes, reverse=True)
    assert found.others == 0


def test_a_limit_names_the_same_first_ones_and_sums_up_the_rest(engine: Engine) -> None:
    whole, short = (
        because(engine.predict(pairs((1, 30), explain=True, because_limit=limit)).predictions[0]) for limit in (1000, 4)
    )
    assert short.ratings == whole.ratings[:4]
    assert short.others == pytest.approx(sum(one.push for one in whole.ratings[4:]), abs=1e-4)


def test_at_a_moment_only_earlier_ratings_have_a_push(engine: Engine, toy: Dataset) -> None:
    own = toy.ratings[toy.ratings["user_id"] == 1]
    earlier = own.loc[own["timestamp"] < MIDDLE.timestamp(), "movie_id"]
    found = because(engine.predict(pairs((1, 30), at=MIDDLE, explain=True, because_limit=1000)).predictions[0])
    assert 0 < len(earlier) < len(own)
    assert sorted(one.movie_id for one in found.ratings) == sorted(earlier)


def test_a_liked_comedy_speaks_for_a_comedy_and_a_liked_drama_less(engine: Engine) -> None:
    both = [GivenRating(movie_id=1, stars=5), GivenRating(movie_id=2, stars=5)]
    found = because(engine.predict(pairs((None, 3), ratings=both, explain=True)).predictions[0])
    push = {one.movie_id: one.push for one in found.ratings}
    assert push[1] > push[2]


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_reasons_of_a_recommendation_are_the_strongest_of_those_that_speak_for_it(engine: Engine, by: Any) -> None:
    for item in engine.recommend(1, RecommendationsRequest(by=by, limit=10)).items:
        weights = [reason.weight for reason in item.reasons]
        assert len(weights) <= SHOWN
        assert weights == sorted(weights, reverse=True)
        assert min(weights, default=1) > 0


def test_the_score_of_a_rank_is_the_sum_of_what_all_own_ratings_add(engine: Engine, toy: Dataset) -> None:
    request = RecommendRequest(ratings=given(toy, 1), limit=10)
    known = engine.people.know(engine.people.newcomer(request.ratings, None))
    own, stars = known.own.movie.numpy(), engine.reasons(known).stars
    for item in engine.recommend_newcomer(request).items:
        weights = engine.head.reasons(own, stars, engine.catalogue.position(item.movie_id))
        assert item.score == pytest.approx(weights.sum(), abs=1e-4)  # stars are shown with 3 decimals
        shown = [reason.weight for reason in item.reasons]
        assert shown == pytest.approx(np.sort(weights)[::-1][: len(shown)], abs=1e-5)


def test_by_stars_the_reasons_weigh_what_because_says_of_them(engine: Engine) -> None:
    found = engine.recommend(1, RecommendationsRequest(by="stars", explain=True, because_limit=1000)).items
    for item in found:
        assert item.because
        push = {one.movie_id: one.push for one in item.because.ratings}
        assert total(item.because) == pytest.approx(item.stars, abs=1e-4)
        assert [reason.weight for reason in item.reasons] == pytest.approx(sorted(push.values(), reverse=True)[:SHOWN])
