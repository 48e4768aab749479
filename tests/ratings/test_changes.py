"""Ratings that come and go: the next prediction knows it, a restart remembers it, taking back undoes it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.journal import Change, Journal
from services.ratings.schemas.newcomer import GivenRating
from services.ratings.schemas.ratings import AddRequest, Saved
from services.ratings.schemas.recommend import RecommendationsRequest
from services.ratings.schemas.users import Rating
from shared.problems import NotFound, Unavailable, Unprocessable
from shared.schemas import PageRequest
from tests.ratings.conftest import pairs, restarted, stars_of

MIDDLE = datetime(1997, 1, 1, tzinfo=UTC)
LATER = datetime(1998, 7, 1, tzinfo=UTC)
NEW = 1000  # a user nobody knows


def add(engine: Engine, user_id: int, movie_id: int, stars: float, at: datetime | None = None) -> Saved:
    return engine.add(AddRequest(user_id=user_id, movie_id=movie_id, stars=stars, at=at))


def first_rating(toy: Dataset, user_id: int) -> tuple[int, float]:
    """A rating of the training: the movie, and the stars."""
    row = toy.ratings[toy.ratings["user_id"] == user_id].iloc[0]
    return int(row["movie_id"]), float(row["stars"])


# ---- predictions know it


def test_a_liked_comedy_makes_comedies_better_for_the_user_and_leaves_others_alone(fresh: Engine) -> None:
    before, others = stars_of(fresh, 41), stars_of(fresh, 2)
    saved = add(fresh, 41, 1, 5)
    gained = np.subtract(stars_of(fresh, 41), before)
    assert (saved.stars, saved.before, saved.count) == (5, None, 1)
    assert gained[2::2].mean() > 0.05
    assert stars_of(fresh, 2) == others


def test_one_rating_of_a_movie_that_nobody_had_rated_does_not_turn_everything_over(fresh: Engine) -> None:
    before = stars_of(fresh, 1)
    add(fresh, 1, 30, 2)
    assert np.abs(np.subtract(stars_of(fresh, 1), before))[:29].max() < 1


@pytest.mark.parametrize("at", [None, MIDDLE, LATER])
def test_added_then_taken_back_the_old_predictions_return(fresh: Engine, at: datetime | None) -> None:
    before = stars_of(fresh, 1), stars_of(fresh, 1, LATER)
    add(fresh, 1, 30, 1, at)
    assert np.abs(np.subtract(stars_of(fresh, 1), before[0])).max() > 1e-3
    fresh.take_back(1, 30)
    assert stars_of(fresh, 1) == pytest.approx(before[0], abs=1e-5)
    assert stars_of(fresh, 1, LATER) == pytest.approx(before[1], abs=1e-5)


def test_a_rating_of_the_training_taken_back_and_given_again_leaves_no_trace(fresh: Engine, toy: Dataset) -> None:
    before, (movie, stars) = stars_of(fresh, 1), first_rating(toy, 1)
    fresh.take_back(1, movie)
    assert np.abs(np.subtract(stars_of(fresh, 1), before)).max() > 1e-3
    add(fresh, 1, movie, stars)
    assert stars_of(fresh, 1) == pytest.approx(before, abs=1e-5)


def test_a_new_user_is_told_what_a_newcomer_with_the_same_ratings_is_told(fresh: Engine) -> None:
    rated = [GivenRating(movie_id=1, stars=5), GivenRating(movie_id=2, stars=1.5)]
    for one in rated:
        add(fresh, NEW, one.movie_id, one.stars)
    newcomer = fresh.predict(pairs(*[(None, movie) for movie in range(1, 31)], ratings=rated)).predictions
    assert stars_of(fresh, NEW) == pytest.approx([one.stars for one in newcomer], abs=1e-5)


def test_what_is_rated_later_changes_nothing_at_an_earlier_moment(fresh: Engine) -> None:
    before = stars_of(fresh, 1, MIDDLE)
    add(fresh, 1, 30, 1, LATER)
    assert stars_of(fresh, 1, MIDDLE) == before


def test_the_last_word_about_a_movie_is_the_one_that_counts(fresh: Engine) -> None:
    add(fresh, 1, 30, 2)
    once = stars_of(fresh, 1)
    add(fresh, 1, 30, 5)
    assert stars_of(fresh, 1) != once
    add(fresh, 1, 30, 2)
    assert stars_of(fresh, 1) == once


# ---- everything else knows it too


def test_counts_means_and_profile_follow(fresh: Engine, toy: Dataset) -> None:
    movie, stars = first_rating(toy, 1)
    rated = toy.ratings.loc[toy.ratings["movie_id"] == movie, "stars"]
    own = toy.ratings.loc[toy.ratings["user_id"] == 1, "stars"]
    fresh.take_back(1, movie)
    assert (fresh.movie(movie).count, fresh.user(1, PageRequest()).count) == (len(rated) - 1, len(own) - 1)
    assert fresh.movie(movie).mean == pytest.approx((rated.sum() - stars) / (len(rated) - 1), abs=1e-4)
    assert sum(share.count for share in fresh.user(1, PageRequest()).profile.genres) == len(own) - 1
    add(fresh, 1, movie, 1)
    assert fresh.movie(movie).mean == pytest.approx((rated.sum() - stars + 1) / len(rated), abs=1e-4)
    assert fresh.user(1, PageRequest()).added == 1


def test_a_replaced_rating_counts_once_and_says_what_was_there(fresh: Engine, toy: Dataset) -> None:
    movie, stars = first_rating(toy, 1)
    before = fresh.movie(movie).count, fresh.user(1, PageRequest()).count
    saved = add(fresh, 1, movie, 2, LATER)
    assert saved.before == pytest.approx(stars)
    assert saved.count == before[1]
    assert (fresh.movie(movie).count, fresh.user(1, PageRequest()).count) == before
    listed = next(one for one in fresh.user(1, PageRequest()).ratings.items if one.movie_id == movie)
    assert (listed.stars, listed.at) == (2, LATER)


@pytest.mark.parametrize("by", ["rank", "stars"])
def test_what_is_taken_back_may_be_recommended_and_what_is_added_may_not(fresh: Engine, toy: Dataset, by: Any) -> None:
    def offered() -> set[int]:
        return {item.movie_id for item in fresh.recommend(1, RecommendationsRequest(limit=30, by=by)).items}

    movie, _ = first_rating(toy, 1)
    assert (movie in offered(), 30 in offered()) == (False, True)
    fresh.take_back(1, movie)
    add(fresh, 1, 30, 3)
    assert (movie in offered(), 30 in offered()) == (True, False)


def test_the_table_answers_as_fresh_estimates_and_is_renewed_after_a_change(fresh: Engine) -> None:
    asked = RecommendationsRequest(by="stars", limit=30, include_seen=True)
    for stars in (1.0, 5.0):
        add(fresh, 1, 1, stars)
        assert not fresh.table.has(0, fresh.ledger.version(1))
        anew = fresh.predict(pairs(*[(1, movie) for movie in range(1, 31)])).predictions
        listed = {item.movie_id: item.stars for item in fresh.recommend(1, asked).items}
        assert fresh.table.has(0, fresh.ledger.version(1))
        kept = fresh.predict(pairs(*[(1, movie) for movie in range(1, 31)])).predictions
        assert [one.stars for one in kept] == pytest.approx([one.stars for one in anew], abs=1e-5)
        assert [one.low for one in kept] == pytest.approx([one.low for one in anew], abs=2e-4)
        assert [listed[one.movie_id] for one in kept] == [one.stars for one in kept]
        for one in kept:
            assert sum(one.parts.model_dump().values()) == pytest.approx(one.stars, abs=1e-4)


def test_somebody_new_is_listed_and_is_gone_with_the_last_rating(fresh: Engine) -> None:
    add(fresh, NEW, 1, 4)
    assert [user.user_id for user in fresh.users(PageRequest(offset=41)).items] == [NEW]
    assert len(fresh.recommend(NEW, RecommendationsRequest()).items) == 5
    fresh.take_back(NEW, 1)
    with pytest.raises(NotFound, match="no user 1000: there are 41 users"):
        fresh.user(NEW, PageRequest())


# ---- what cannot be


@pytest.mark.parametrize(
    ("movie_id", "stars", "words"),
    [(30, 0.5, "0.5 stars are off the scale of this data, 1 to 5"), (99, 4, "no movie 99: there are 30 movies")],
)
def test_a_rating_that_cannot_be_is_refused_and_changes_nothing(
    fresh: Engine, movie_id: int, stars: float, words: str
) -> None:
    with pytest.raises(Unprocessable, match=words):
        add(fresh, NEW, movie_id, stars)
    assert fresh.journal
    assert fresh.journal.changes() == []
    assert not fresh.ledger.knows(NEW)


def test_what_was_not_rated_cannot_be_taken_back(fresh: Engine) -> None:
    with pytest.raises(NotFound, match="user 1 has no rating of movie 30, Movie 30: nothing to take back"):
        fresh.take_back(1, 30)
    with pytest.raises(NotFound, match="no user 1000"):
        fresh.take_back(NEW, 1)
    with pytest.raises(NotFound, match="no movie 99"):
        fresh.take_back(1, 99)


def test_what_cannot_be_saved_is_not_known_either(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    engine = Engine(folder, journal=Journal(tmp_path / "state" / "journal.sqlite"))
    before = stars_of(engine, 1)
    with pytest.raises(Unavailable, match="nothing was changed"):
        add(engine, 1, 30, 5)
    assert stars_of(engine, 1) == before
    assert engine.movie(30).count == 0


# ---- restarts


def test_a_restart_knows_what_was_added_replaced_and_taken_back(fresh: Engine, folder: Path, tmp_path: Path) -> None:
    add(fresh, NEW, 1, 5, LATER)
    add(fresh, NEW, 2, 1)
    add(fresh, 1, 30, 4)
    add(fresh, 1, 30, 2)
    fresh.take_back(2, fresh.user(2, PageRequest()).ratings.items[0].movie_id)
    again = restarted(folder, tmp_path)
    for user in (NEW, 1, 2):
        assert stars_of(again, user) == pytest.approx(stars_of(fresh, user), abs=1e-6)
        assert stars_of(again, user, LATER) == pytest.approx(stars_of(fresh, user, LATER), abs=1e-6)
        assert again.user(user, PageRequest()) == fresh.user(user, PageRequest())
    assert [again.movie(m) for m in range(1, 31)] == [fresh.movie(m) for m in range(1, 31)]


def test_taken_back_after_a_restart_the_old_predictions_return(fresh: Engine, folder: Path, tmp_path: Path) -> None:
    before = stars_of(fresh, 1)
    add(fresh, 1, 30, 5)
    again = restarted(folder, tmp_path)
    again.take_back(1, 30)
    assert stars_of(again, 1) == pytest.approx(before, abs=1e-5)
    assert stars_of(restarted(folder, tmp_path), 1) == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("foreign", [Change(1, 1, "Another movie", 5.0), Change(1, 99, "Movie 99", 5.0)])
def test_a_change_to_a_movie_of_another_catalogue_is_kept_but_not_applied(
    engine: Engine, folder: Path, tmp_path: Path, foreign: Change, caplog: pytest.LogCaptureFixture
) -> None:
    Journal(tmp_path / "journal.sqlite").write(foreign)
    found = restarted(folder, tmp_path)
    assert "1 added ratings are of movies that this catalogue does not have" in caplog.text
    assert stars_of(found, 1) == stars_of(engine, 1)
    assert found.journal
    assert found.journal.changes() == [foreign]


# ---- many at once


def test_eight_threads_that_add_and_ask_leave_a_consistent_state(fresh: Engine, folder: Path, tmp_path: Path) -> None:
    def live(thread: int) -> None:
        rng = np.random.default_rng(thread)
        for movie in rng.permutation(30)[:8] + 1:
            user = int(rng.integers(1, 6))  # five users, shared by all threads
            add(fresh, user, int(movie), float(rng.integers(1, 6)))
            fresh.recommend(user, RecommendationsRequest(by="stars"))
            found = fresh.predict(pairs((user, 1), (user, 30))).predictions
            assert all(sum(one.parts.model_dump().values()) == pytest.approx(one.stars, abs=1e-4) for one in found)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(live, range(8)))
    again = restarted(folder, tmp_path)
    assert [again.movie(m) for m in range(1, 31)] == [fresh.movie(m) for m in range(1, 31)]
    for user in range(1, 6):
        one, other = (sorted(each.user(user, PageRequest()).ratings.items, key=by_movie) for each in (again, fresh))
        assert one == other
        assert stars_of(again, user) == pytest.approx(stars_of(fresh, user), abs=1e-5)


def by_movie(rating: Rating) -> int:
    return rating.movie_id
