"""What the engine answers, on a toy that can be checked by hand."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.ratings import recommending
from services.ratings.catalogue import plain
from services.ratings.dataset import Dataset
from services.ratings.engine import KNOWN_ENOUGH, STRANGER, Engine
from services.ratings.schemas.estimate import Interval
from services.ratings.schemas.movies import MoviesRequest, SimilarRequest
from services.ratings.schemas.newcomer import GivenRating, Person
from services.ratings.schemas.next import NextRequest
from services.ratings.schemas.predict import Pair, PredictRequest
from services.ratings.schemas.recommend import RecommendationList, RecommendationsRequest, RecommendRequest
from shared.artifacts import ArtifactDamaged, ArtifactMissing
from shared.problems import NotFound, Unprocessable
from shared.schemas import PageRequest
from tests.ratings.conftest import given, pairs, stars_of

AFTER = datetime(2001, 3, 7, 12, tzinfo=UTC)  # all of the toy's ratings
MIDDLE = datetime(1997, 1, 1, tzinfo=UTC)
EVERYTHING = [(user, movie) for user in range(1, 42) for movie in range(1, 31)]


def profile_of(told: Dataset, user_id: int) -> Person:
    row = told.users.iloc[user_id - 1]
    return Person(age=int(row["age"]), gender=row["gender"], occupation=row["occupation"])


def ends(items: Any) -> list[float]:
    """Stars and both ends of the interval, one after the other."""
    found: list[Interval] = list(items)
    return [value for one in found for value in (one.stars, one.low, one.high)]


def seen(toy: Dataset, user_id: int) -> set[int]:
    return set(toy.ratings.loc[toy.ratings["user_id"] == user_id, "movie_id"])


# ---- predictions


@pytest.mark.parametrize("at", [None, MIDDLE])
def test_parts_add_up_and_intervals_stay_on_the_scale(engine: Engine, at: datetime | None) -> None:
    for found in engine.predict(pairs(*EVERYTHING, at=at)).predictions:
        assert sum(found.parts.model_dump().values()) == pytest.approx(found.stars, abs=1e-5)
        assert 1 <= found.low <= found.stars <= found.high <= 5


def test_many_pairs_are_answered_as_one_by_one_and_in_order_with_and_without_moments(engine: Engine) -> None:
    asked = [(3, 4, None), (1, 30, AFTER), (3, 4, MIDDLE), (41, 2, None), (1, 30, None), (3, 5, MIDDLE), (41, 2, AFTER)]
    each = [Pair(user_id=user, movie_id=movie, at=at) for user, movie, at in asked]
    together = engine.predict(PredictRequest(pairs=each)).predictions
    alone = [engine.predict(PredictRequest(pairs=[pair])).predictions[0] for pair in each]
    assert [(one.user_id, one.movie_id) for one in together] == [(user, movie) for user, movie, _ in asked]
    assert ends(together) == pytest.approx(ends(alone), abs=2e-4)
    assert [one.stars for one in together] == pytest.approx([one.stars for one in alone], abs=1e-5)


def test_a_pair_asked_twice_is_answered_twice(engine: Engine) -> None:
    one, other = engine.predict(pairs((1, 1), (1, 1))).predictions
    assert one == other


def test_a_time_without_a_zone_is_utc_and_zones_are_respected(engine: Engine) -> None:
    texts = ["1997-03-07T19:00:00", "1997-03-07T19:00:00Z", "1997-03-08T04:00:00+09:00", "1997-03-08T21:00:00Z"]
    asked = [PredictRequest.model_validate({"pairs": [{"user_id": 1, "movie_id": 1, "at": at}]}) for at in texts]
    naive, utc, seoul, night = (engine.predict(one).predictions[0].stars for one in asked)
    assert naive == utc == seoul != night


def test_unknown_users_and_movies_are_named_with_their_place(engine: Engine) -> None:
    with pytest.raises(Unprocessable, match=r"pairs\.1: no user 99: there are 41 users, with ids from 1 to 41"):
        engine.predict(pairs((1, 1), (99, 1)))
    with pytest.raises(Unprocessable, match=r"pairs\.0: no movie 99: there are 30 movies, with ids from 1 to 30"):
        engine.predict(pairs((1, 99)))


def test_more_pairs_than_the_limit_are_refused(folder: Path) -> None:
    assert len(Engine(folder, max_pairs=2).predict(pairs((1, 1), (1, 2))).predictions) == 2
    with pytest.raises(Unprocessable, match="3 pairs are more than the limit of 2; ask in parts"):
        Engine(folder, max_pairs=2).predict(pairs((1, 1), (1, 2), (1, 3)))


# ---- newcomers


@pytest.mark.parametrize("at", [None, MIDDLE, AFTER])
def test_a_newcomer_with_a_users_ratings_is_told_what_the_user_is_told(
    engine: Engine, told: Dataset, at: datetime | None
) -> None:
    more = {"ratings": given(told, 5), "profile": profile_of(told, 5)}
    asked = [(None, movie) for movie in range(1, 31)]
    newcomer = engine.predict(pairs(*asked, at=at, **more)).predictions
    user = engine.predict(pairs(*[(5, movie) for _, movie in asked], at=at)).predictions
    assert [one.stars for one in newcomer] == pytest.approx([one.stars for one in user], abs=1e-4)
    assert ends(newcomer) == pytest.approx(ends(user), abs=1e-3)


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_a_newcomer_with_a_users_ratings_is_recommended_the_same(engine: Engine, told: Dataset, by: Any) -> None:
    more = {"ratings": given(told, 5), "profile": profile_of(told, 5)}
    newcomer = engine.recommend_newcomer(RecommendRequest(by=by, limit=30, **more))
    user = engine.recommend(5, RecommendationsRequest(by=by, limit=30))
    assert newcomer.total == user.total
    assert [one.movie_id for one in newcomer.items] == [one.movie_id for one in user.items]
    assert [one.score for one in newcomer.items] == pytest.approx([one.score for one in user.items], abs=1e-4)


def test_users_and_newcomers_can_be_asked_about_together(engine: Engine) -> None:
    found = engine.predict(pairs((1, 3), (None, 3), ratings=[GivenRating(movie_id=1, stars=5)])).predictions
    assert [one.user_id for one in found] == [1, None]
    assert found[0].stars == pytest.approx(engine.predict(pairs((1, 3))).predictions[0].stars, abs=1e-5)


def test_who_has_rated_nothing_is_answered_as_a_stranger_and_told_so(engine: Engine) -> None:
    assert engine.predict(pairs((None, 3), ratings=[])).note == STRANGER
    assert engine.recommend_newcomer(RecommendRequest(ratings=[])).note == STRANGER
    assert engine.recommend(41, RecommendationsRequest()).note == STRANGER
    assert engine.next(NextRequest(ratings=[])).note == STRANGER
    assert engine.predict(pairs((1, 3))).note is None


def test_a_stranger_is_recommended_what_is_rated_most(engine: Engine) -> None:
    found = engine.recommend_newcomer(RecommendRequest(ratings=[], limit=30)).items
    counts = [item.count for item in found]
    assert counts == sorted(counts, reverse=True)


def test_one_who_loves_comedies_is_told_that_comedies_are_better(engine: Engine) -> None:
    rated = [GivenRating(movie_id=movie, stars=5 if movie % 2 else 1) for movie in range(1, 9)]
    found = engine.predict(pairs(*[(None, movie) for movie in range(9, 30)], ratings=rated)).predictions
    stars = {one.movie_id: one.stars for one in found}
    assert np.mean([stars[m] for m in range(9, 30, 2)]) > np.mean([stars[m] for m in range(10, 30, 2)]) + 0.5


# ---- recommendations


def test_seen_movies_are_recommended_only_when_asked_for(engine: Engine, toy: Dataset) -> None:
    new = engine.recommend(1, RecommendationsRequest(limit=30))
    assert {item.movie_id for item in new.items} == set(range(1, 31)) - seen(toy, 1)
    assert engine.recommend(1, RecommendationsRequest(limit=30, include_seen=True)).total == 30


@pytest.mark.parametrize("by", ["rank", "stars"])
@pytest.mark.parametrize("at", [None, MIDDLE])
def test_recommendations_are_best_first_and_agree_with_predict(engine: Engine, by: Any, at: datetime | None) -> None:
    found = engine.recommend(1, RecommendationsRequest(limit=10, by=by, at=at)).items
    scores = [item.score for item in found]
    assert scores == sorted(scores, reverse=True)
    predicted = engine.predict(pairs(*[(1, item.movie_id) for item in found], at=at)).predictions
    assert ends(found) == pytest.approx(ends(predicted), abs=2e-4)


@pytest.mark.parametrize("at", [None, MIDDLE])
def test_by_stars_nothing_better_is_left_out(engine: Engine, toy: Dataset, at: datetime | None) -> None:
    stars = dict(enumerate(stars_of(engine, 2, at), start=1))
    unseen = sorted((stars[movie] for movie in stars.keys() - seen(toy, 2)), reverse=True)
    found = engine.recommend(2, RecommendationsRequest(by="stars", limit=4, at=at)).items
    assert [item.stars for item in found] == pytest.approx(unseen[:4], abs=1e-5)


def test_by_stars_out_of_the_table_is_as_without_one(fresh: Engine) -> None:
    asked = RecommendationsRequest(by="stars", limit=30)
    kept = fresh.recommend(3, asked).items
    may = fresh.may_be_shown(fresh.people.user(3), asked)
    anew = recommending.by_stars(fresh.predictor, fresh.known(3, None, None), may, asked.window, None)
    assert fresh.table.has(2, 0)
    assert [item.movie_id - 1 for item in kept] == anew.movie.tolist()
    assert [item.stars for item in kept] == pytest.approx(anew.found.stars, abs=1e-6)


def test_a_shortlist_holds_the_best_by_the_factors(engine: Engine) -> None:
    known, everything = engine.known(3, None, None), np.arange(30)
    short = recommending.shortlist(engine.predictor, known, everything, 5)
    parts = recommending.estimate(engine.predictor, known, everything, None).parts[:, :3].sum(1)
    assert sorted(short) == sorted(np.argsort(-parts)[:5])


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_recommendations_of_a_genre_are_of_that_genre(engine: Engine, by: Any) -> None:
    found = engine.recommend(1, RecommendationsRequest(limit=30, genre="comedy", include_seen=True, by=by))
    assert [item.genres for item in found.items] == [["Comedy"]] * 15
    assert found.total == 15


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_pages_of_recommendations_follow_each_other(engine: Engine, by: Any) -> None:
    def page(limit: int, offset: int) -> RecommendationList:
        return engine.recommend(1, RecommendationsRequest(limit=limit, offset=offset, by=by))

    whole = page(30, 0)
    in_parts = [item for offset in range(0, 30, 4) for item in page(4, offset).items]
    assert [item.movie_id for item in in_parts] == [item.movie_id for item in whole.items]
    assert (len(page(4, 0).items), page(4, 1000).items, page(4, 8).offset) == (4, [], 8)


@pytest.mark.parametrize("by", ["rank", "stars"])
@pytest.mark.parametrize("genre", ["Comedy", "War"])
def test_where_nothing_is_left_the_page_is_empty(engine: Engine, by: Any, genre: str) -> None:
    """All comedies are rated, and no movie is about war."""
    rated = [GivenRating(movie_id=movie, stars=3) for movie in range(1, 31, 2)]
    found = engine.recommend_newcomer(RecommendRequest(ratings=rated, genre=genre, by=by, explain=True))
    assert (found.items, found.total) == ([], 0)
    teaches = engine.next(NextRequest(ratings=rated, genre=genre))
    assert (teaches.items, teaches.total) == ([], 0)


def test_a_moment_before_all_ratings_is_recommended_what_a_stranger_is(engine: Engine) -> None:
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    found = engine.recommend(1, RecommendationsRequest(at=long_ago, include_seen=True, limit=30))
    assert found.note == STRANGER
    counts = [item.count for item in found.items]
    assert counts == sorted(counts, reverse=True)


# ---- what to rate next


def test_what_teaches_most_comes_first_and_is_not_rated_yet(engine: Engine, toy: Dataset) -> None:
    found = engine.next(NextRequest(user_id=1, limit=30))
    gains = [item.gain for item in found.items]
    assert gains == sorted(gains, reverse=True)
    assert {item.movie_id for item in found.items} == set(range(1, 31)) - seen(toy, 1)
    assert 0 < gains[-1] <= gains[0] < found.mean_variance


def test_a_rating_of_what_was_asked_for_leaves_less_to_learn(fresh: Engine) -> None:
    before = fresh.next(NextRequest(user_id=41, limit=1))
    fresh.change(41, before.items[0].movie_id - 1, 3.0, None)
    after = fresh.next(NextRequest(user_id=41, limit=1))
    assert after.mean_variance < before.mean_variance
    assert after.items[0].movie_id != before.items[0].movie_id


def test_next_knows_newcomers_genres_and_pages(engine: Engine, told: Dataset) -> None:
    user = engine.next(NextRequest(user_id=4, genre="Drama", limit=3, offset=2))
    newcomer = engine.next(
        NextRequest(ratings=given(told, 4), profile=profile_of(told, 4), genre="Drama", limit=3, offset=2)
    )
    whole = engine.next(NextRequest(user_id=4, genre="Drama", limit=30))
    assert user.items == whole.items[2:5]
    assert [item.movie_id for item in newcomer.items] == [item.movie_id for item in user.items]
    assert {genre for item in whole.items for genre in item.genres} == {"Drama"}
    assert whole.total == len(whole.items) <= KNOWN_ENOUGH


# ---- movies and users


def test_movies_are_found_by_a_part_of_their_title_most_rated_first(engine: Engine) -> None:
    found = engine.movies(MoviesRequest(query="mOvIe 2", limit=3, offset=1))
    assert (found.total, found.limit, found.offset, len(found.items)) == (11, 3, 1, 3)
    counts = [movie.count for movie in engine.movies(MoviesRequest()).items]
    assert counts == sorted(counts, reverse=True)


def test_searching_needs_neither_case_nor_accents() -> None:
    assert plain("Les MISÉRABLES") == plain("les miserables")


def test_a_movie_knows_its_ratings_and_one_without_any_has_no_mean(engine: Engine, toy: Dataset) -> None:
    stars = toy.ratings.loc[toy.ratings["movie_id"] == 7, "stars"]
    assert engine.movie(7).count == len(stars)
    assert engine.movie(7).mean == pytest.approx(stars.mean(), abs=1e-4)
    assert (engine.movie(30).count, engine.movie(30).mean) == (0, None)


def test_similar_movies_are_sorted_by_their_cosine_and_never_the_movie_itself(engine: Engine) -> None:
    found = engine.similar(4, SimilarRequest(limit=1000))
    taste = engine.predictor.base.memory.taste
    expected = torch.nn.functional.cosine_similarity(taste, taste[3:4])
    assert sorted(item.movie_id for item in found.items) == [movie for movie in range(1, 31) if movie != 4]
    similarity = [item.similarity for item in found.items]
    assert similarity == sorted(similarity, reverse=True)
    assert similarity == pytest.approx([float(expected[item.movie_id - 1]) for item in found.items], abs=1e-5)


def test_a_comedy_is_most_like_other_comedies(engine: Engine) -> None:
    nearest = engine.similar(3, SimilarRequest(limit=8)).items
    assert sum(item.genres == ["Comedy"] for item in nearest) >= 7


def test_a_page_of_similar_movies_follows_the_one_before(engine: Engine) -> None:
    whole = engine.similar(4, SimilarRequest(limit=6)).items
    assert engine.similar(4, SimilarRequest(limit=3, offset=3)).items == whole[3:]


def test_a_users_ratings_are_newest_first_and_the_profile_counts_each_once(engine: Engine, toy: Dataset) -> None:
    own = toy.ratings[toy.ratings["user_id"] == 1].sort_values("timestamp", ascending=False)
    found = engine.user(1, PageRequest())
    assert [rating.movie_id for rating in found.ratings.items] == own["movie_id"].tolist()
    assert found.ratings.items[0].at
    assert found.ratings.items[0].at.timestamp() == own["timestamp"].iloc[0]
    for shares in (found.profile.genres, found.profile.daytime, found.profile.week):
        assert sum(share.count for share in shares) == len(own)


def test_a_user_without_ratings_has_an_empty_profile_and_is_predicted_like_anyone(engine: Engine) -> None:
    found = engine.user(41, PageRequest())
    assert (found.count, found.mean, found.profile.genres) == (0, None, [])
    for at in (None, AFTER):
        assert engine.predict(pairs((41, 30), at=at)).predictions[0].parts.context == 0


def test_users_are_listed_by_id(engine: Engine) -> None:
    found = engine.users(PageRequest(limit=2, offset=40))
    assert (found.total, [user.user_id for user in found.items]) == (41, [41])


def test_who_is_unknown_is_told_what_is_known(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no user 99: there are 41 users, with ids from 1 to 41"):
        engine.user(99, PageRequest())
    with pytest.raises(NotFound, match="no movie 99: there are 30 movies"):
        engine.movie(99)
    with pytest.raises(Unprocessable, match="no genre 'Komödie': the genres are Action, Adventure"):
        engine.movies(MoviesRequest(genre="Komödie"))


# ---- how good it is


def test_the_table_of_a_user_is_about_ratings_that_the_user_gave(engine: Engine, toy: Dataset) -> None:
    own = toy.ratings[toy.ratings["user_id"] == 1].set_index("movie_id")["stars"]
    found = engine.evaluation_of(1, 3)
    for placed in (*found.truth, *found.predicted):
        assert placed.stars == pytest.approx(own[placed.movie_id], abs=1e-6)
    assert 3 <= found.candidates < len(own)
    for places in ([one.stars for one in found.truth], [one.predicted for one in found.predicted]):
        assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("user_id", [1, 2, 3, 4])
def test_the_scores_are_those_of_the_two_lists(engine: Engine, user_id: int) -> None:
    found = engine.evaluation_of(user_id, 3)
    true, guessed = ([one.movie_id for one in each] for each in (found.truth, found.predicted))
    assert found.true_positives == pytest.approx(len(set(true) & set(guessed)) / found.k)
    assert found.accuracy == pytest.approx(sum(a == b for a, b in zip(true, guessed, strict=True)) / found.k)
    reciprocal = [1 / (guessed.index(movie) + 1) if movie in guessed else 0 for movie in true]
    assert found.mrr == pytest.approx(sum(reciprocal) / found.k)
    assert found.random.true_positives == pytest.approx(found.k / found.candidates)


def test_lists_are_no_longer_than_there_are_candidates(engine: Engine) -> None:
    found = engine.evaluation_of(1, 100)
    assert found.k == found.candidates == len(found.truth)
    assert found.true_positives == found.random.true_positives == 1


def test_who_has_no_held_out_ratings_is_told_so(engine: Engine) -> None:
    with pytest.raises(Unprocessable, match="user 41 has no held-out ratings to compare with"):
        engine.evaluation_of(41, 5)


def test_the_evaluation_is_what_stands_in_the_card(engine: Engine) -> None:
    found = engine.evaluation().protocols
    assert [(one.metric, one.value) for one in found] == [(one.metric, one.value) for one in engine.card().figures]
    assert (found[0].data, found[0].protocol) == (engine.manifest.data, "a hidden fifth of the training ratings")


def test_the_card_counts_what_is_served(engine: Engine) -> None:
    sizes = engine.card().sizes
    assert (sizes["users"], sizes["movies"], sizes["ratings"]) == (41, 30, 600)


# ---- the files


def test_artifacts_that_are_missing_or_damaged_are_not_served(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        Engine(tmp_path)
    broken = tmp_path / "ratings"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[: -1 if file.name == "model.safetensors" else None])
    with pytest.raises(ArtifactDamaged, match=r"model\.safetensors"):
        Engine(broken)


def test_serving_needs_no_pandas() -> None:
    code = "import sys, services.ratings.app; sys.exit(bool({'pandas', 'pyarrow', 'openpyxl'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_changes_by_asking(engine: Engine) -> None:
    before = stars_of(engine, 6)
    engine.recommend(6, RecommendationsRequest(by="stars"))
    engine.recommend(6, RecommendationsRequest(at=MIDDLE + timedelta(days=1)))
    engine.next(NextRequest(user_id=6))
    assert stars_of(engine, 6) == pytest.approx(before, abs=1e-6)
