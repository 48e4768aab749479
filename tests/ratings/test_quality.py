"""Quality is a test: better than simpler models by a margin, and intervals that hold what they promise."""

import numpy as np
import pytest

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.evaluate import Outcome, Split, accuracy, bias_only, figures, measure, random_split
from services.ratings.settings import Settings


@pytest.fixture(scope="module")
def split() -> Split:
    return random_split(dataset.read(Settings().data))


@pytest.fixture(scope="module")
def outcome(split: Split) -> Outcome:
    """The recipe trained on the training part alone, the test part asked of the engine: about twenty seconds."""
    return measure(split, seed=0)


def test_the_network_beats_the_bias_baseline_by_three_percent(split: Split, outcome: Outcome) -> None:
    truth = split.test["stars"].to_numpy(float)
    bias, _ = accuracy(bias_only(split) - truth)
    assert outcome.rmse < 0.97 * bias


def test_nine_of_ten_ratings_lie_in_their_interval(outcome: Outcome) -> None:
    assert 0.88 < outcome.coverage90 < 0.92


def test_our_bias_baseline_is_surprises(toy: Dataset) -> None:
    """A second opinion: Surprise's BaselineOnly on the same rows."""
    surprise = pytest.importorskip("surprise")
    split = random_split(toy)
    rows = split.train.ratings[["user_id", "movie_id", "stars"]]
    data = surprise.Dataset.load_from_df(rows, surprise.Reader(rating_scale=toy.scale)).build_full_trainset()
    model = surprise.BaselineOnly(verbose=False).fit(data)
    asked = split.test[["user_id", "movie_id"]].to_numpy().tolist()
    theirs = [model.predict(user, movie).est for user, movie in asked]
    assert np.abs(bias_only(split) - theirs).max() < 0.01


def test_figures_stand_beside_the_baselines_of_the_same_rows(toy: Dataset) -> None:
    outcomes = [Outcome("random 80/20", seed, 0.9 + seed / 100, 0.7, 0.9, 3.0, 1.0) for seed in (0, 1)]
    found = figures(toy, outcomes, {"bias only": (0.95, 0.75)})
    assert (found[0].value, found[0].baselines) == (0.905, {"bias only": 0.95})
    assert "from 0.9000 to 0.9100" in found[0].note
