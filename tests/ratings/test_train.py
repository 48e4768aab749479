"""Training: the same seed, the same bytes; what is measured is what is served; odd data trains or is told why not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from services.ratings.base import Base
from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.metrics import rmse
from services.ratings.predictor import Estimates
from services.ratings.protocols import random_split
from services.ratings.schemas.newcomer import GivenRating
from services.ratings.schemas.next import NextRequest
from services.ratings.schemas.recommend import RecommendationsRequest, RecommendRequest
from services.ratings.stages import OnDisk
from services.ratings.train import train
from services.ratings.trained import Held, Trained, learn
from shared.artifacts import read_manifest
from shared.commands import CannotDo
from tests.ratings.conftest import QUICK, pairs

EVERYTHING = [(user, movie) for user in range(1, 42) for movie in range(1, 31)]


def asked_of(trained: Trained, at: int | None = None) -> Estimates:
    """Everybody about everything."""
    user, movie = np.array(EVERYTHING).T
    return trained.predict(user, movie, None if at is None else np.full(len(user), at))


# ---- files


def test_the_same_seed_gives_the_same_files_byte_for_byte(told: Dataset, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(told, tmp_path / name, QUICK, seed)
    a, b, c = (read_manifest(tmp_path / name) for name in "abc")
    assert a == b
    assert a.files["model.safetensors"] != c.files["model.safetensors"]


def test_training_is_repeated_only_for_other_data_recipe_or_seed(toy: Dataset, tmp_path: Path) -> None:
    made = []
    other = replace(QUICK, burn=QUICK.burn + 1)
    for data, recipe, seed in (("x", QUICK, 0), ("x", QUICK, 0), ("y", QUICK, 0), ("y", QUICK, 1), ("y", other, 1)):
        train(toy, tmp_path / "a", recipe, seed, data)
        made.append((tmp_path / "a").stat().st_ino)
    assert made[0] == made[1] != made[2] != made[3] != made[4]


class Interrupted(OnDisk):
    """Stops before the second hidden fold."""

    def fold(self, name: str, make: Callable[[], Base]) -> Base:
        if name == "fold-1":
            raise KeyboardInterrupt
        return super().fold(name, make)


def test_an_interrupted_training_goes_on_where_it_was_and_comes_to_the_same(
    told: Dataset, trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        learn(told, QUICK, 0, Interrupted(tmp_path / "x-1", resume=False))
    finished = {file: file.stat().st_mtime_ns for file in (tmp_path / "x-1").iterdir()}
    again = learn(told, QUICK, 0, OnDisk(tmp_path / "x-1", resume=True))
    assert {"base.safetensors", "fold-0.safetensors"} <= {file.name for file in finished}
    assert {file: file.stat().st_mtime_ns for file in finished} == finished
    assert np.array_equal(asked_of(again).stars, asked_of(trained).stars)
    assert again.curves == trained.curves


def test_without_resume_an_interrupted_training_begins_again(told: Dataset, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        learn(told, QUICK, 0, Interrupted(tmp_path / "x-1", resume=False))
    OnDisk(tmp_path / "x-1", resume=False)
    assert not (tmp_path / "x-1").exists()


# ---- what is learned


def test_the_model_learns_what_the_toy_users_love(toy: Dataset) -> None:
    """Against the movies' means, on ratings that it never saw."""
    split = random_split(toy)
    user, movie = (split.asked[name].to_numpy() for name in ("user_id", "movie_id"))
    found = learn(split.train, QUICK, seed=0).predict(user, movie, None)
    means = split.train.ratings.groupby("movie_id")["stars"].mean()
    of_movies = means.reindex(split.asked.movie_id).fillna(3).to_numpy()
    assert rmse(found.stars, split.truth) < 0.7 * rmse(of_movies, split.truth)


def test_held_predictions_are_of_models_that_had_not_seen_the_rating(toy: Dataset, trained: Trained) -> None:
    """They are of the toy's own ratings, and worse than those of the model that has seen them."""
    held = trained.held
    rows = toy.ratings.set_index(["user_id", "movie_id"])["stars"]
    given = rows.loc[list(zip(held.user + 1, held.movie + 1, strict=True))].to_numpy()
    assert held.stars.tolist() == given.tolist()
    seen = trained.predict(held.user + 1, held.movie + 1, None)
    assert rmse(seen.stars, held.stars) < rmse(held.predicted, held.stars)


def test_no_rating_is_held_twice(trained: Trained) -> None:
    held = list(zip(trained.held.user, trained.held.movie, strict=True))
    assert len(set(held)) == len(held) > 100


def test_calibration_counts_how_often_intervals_cover() -> None:
    """Errors of 0, 1 and 2 standard deviations: 1 of 3 within 50 %, 2 of 3 within all others."""
    held = Held(np.zeros(3, int), np.arange(3), np.array([3.0, 4, 5]), np.full(3, 3.0), np.ones(3))
    found = held.calibration()
    assert found["covered"] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert found["rmse"] == pytest.approx([0, 1, 2])
    assert found["predicted_sd"] == [1, 1, 1]


def test_the_curves_show_that_sampling_and_correcting_got_somewhere(trained: Trained) -> None:
    assert len(trained.curves) == 2
    sweeps = next(curve for name, curve in trained.curves.items() if name.startswith("sweep"))
    assert sweeps[-1] < 0.7 * sweeps[0]


# ---- what is measured is what is served


@pytest.mark.parametrize("at", [None, 850_000_000])
def test_what_evaluate_measures_is_what_the_engine_serves(trained: Trained, engine: Engine, at: int | None) -> None:
    moment = None if at is None else pd.Timestamp(at, unit="s", tz="UTC").to_pydatetime()
    served = engine.predict(pairs(*EVERYTHING, at=moment)).predictions
    measured = asked_of(trained, at)
    assert [one.stars for one in served] == pytest.approx(measured.stars, abs=1e-5)
    assert [one.low for one in served] == pytest.approx(measured.low, abs=2e-4)
    assert [one.high for one in served] == pytest.approx(measured.high, abs=2e-4)


def test_a_newcomer_is_measured_as_served(trained: Trained, engine: Engine) -> None:
    given = pd.DataFrame({"user_id": [900, 900, 901], "movie_id": [1, 2, 7], "stars": [5.0, 1.0, 3.0]})
    people = pd.DataFrame(
        {"user_id": [900, 901], "age": [None, None], "gender": [None, None], "occupation": [None] * 2}
    )
    measured = trained.fold_in(given.assign(timestamp=0), people).predict(np.array([900] * 30), np.arange(1, 31), None)
    rated = [GivenRating(movie_id=1, stars=5), GivenRating(movie_id=2, stars=1)]
    served = engine.predict(pairs(*[(None, movie) for movie in range(1, 31)], ratings=rated)).predictions
    assert [one.stars for one in served] == pytest.approx(measured.stars, abs=1e-5)


def test_a_stranger_is_measured_as_a_newcomer_without_ratings(trained: Trained, engine: Engine) -> None:
    served = engine.predict(pairs((None, 3), (None, 30), ratings=[])).predictions
    measured = trained.predict(np.array([7000, 7000]), np.array([3, 30]), None)
    assert [one.stars for one in served] == pytest.approx(measured.stars, abs=1e-5)


def test_timestamps_that_are_all_zero_are_none(trained: Trained) -> None:
    assert np.array_equal(asked_of(trained, 0).stars, asked_of(trained).stars)


def test_a_movie_that_was_not_in_the_data_cannot_be_predicted(trained: Trained) -> None:
    with pytest.raises(CannotDo, match="movie 99 is not in the data set: give its movies to the training"):
        trained.predict(np.array([1]), np.array([99]), None)


# ---- odd data


def first(toy: Dataset, ratings: int) -> Dataset:
    return replace(toy, ratings=toy.ratings[:ratings])


def ten(toy: Dataset) -> Dataset:
    return first(toy, 10)


def twenty(toy: Dataset) -> Dataset:
    return first(toy, 20)


def one_user(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings[toy.ratings["user_id"] == 1], users=toy.users[:1])


def one_movie(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings[toy.ratings["movie_id"] == 1], movies=toy.movies[:1])


def constant(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings.assign(stars=np.float32(4)))


def timeless(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings.assign(timestamp=0))


def one_moment(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings.assign(timestamp=880_000_000))


def without_genres(toy: Dataset) -> Dataset:
    return replace(toy, movies=toy.movies.assign(genres="", year=0))


def of_a_hundred(toy: Dataset) -> Dataset:
    return replace(toy, ratings=toy.ratings.assign(stars=toy.ratings["stars"] * 20), scale=(0.0, 100.0))


ODD = [one_user, one_movie, constant, timeless, one_moment, without_genres, of_a_hundred]


@pytest.mark.parametrize("odd", [*ODD, ten, twenty])
def test_odd_data_trains_and_is_answered_sensibly(
    toy: Dataset, tmp_path: Path, odd: Callable[[Dataset], Dataset]
) -> None:
    data = odd(toy)
    train(data, tmp_path / "a", QUICK, seed=0)
    engine = Engine(tmp_path / "a")
    user, movies = int(data.users["user_id"].iloc[0]), data.movies["movie_id"].tolist()
    low, high = data.scale
    for at in (None, pd.Timestamp("1998-03-07", tz="UTC").to_pydatetime()):
        for one in engine.predict(pairs(*[(user, movie) for movie in movies], at=at, explain=True)).predictions:
            assert low <= one.low <= one.stars <= one.high <= high
            assert one.because
        found = engine.recommend(user, RecommendationsRequest(by="stars", at=at, include_seen=True, limit=30))
        assert len(found.items) == len(movies)
    rated = [GivenRating(movie_id=movies[0], stars=high)]
    assert engine.recommend_newcomer(RecommendRequest(ratings=rated)).total == len(movies) - 1
    assert engine.next(NextRequest(ratings=[])).total == len(movies)


def test_where_all_ratings_are_alike_everything_is_predicted_so(toy: Dataset) -> None:
    found = asked_of(learn(constant(toy), QUICK, seed=0))
    assert found.stars == pytest.approx(np.full(len(EVERYTHING), 4), abs=0.1)


@pytest.mark.parametrize("ratings", [0, 1, 9])
def test_too_few_ratings_are_told_how_many_are_needed(toy: Dataset, tmp_path: Path, ratings: int) -> None:
    with pytest.raises(CannotDo, match=f"{ratings} ratings are too few to learn from: 10 are needed at least"):
        train(first(toy, ratings), tmp_path / "a", QUICK, seed=0)
    assert not (tmp_path / "a").exists()


def test_without_times_nothing_is_made_of_a_moment(toy: Dataset) -> None:
    trained = learn(timeless(toy), QUICK, seed=0)
    assert trained.predictor.timed is None
    assert np.array_equal(asked_of(trained, 850_000_000).stars, asked_of(trained).stars)
