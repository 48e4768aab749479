"""The evaluation's plumbing with the smallest possible model, mean and biases, in the place of ours: what reaches it,
what comes of it, and what is said about it."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from services.ratings import evaluate
from services.ratings.dataset import Dataset
from services.ratings.evaluate import Run
from services.ratings.outcomes import BLIND, PAST, Outcome, by_certainty, coverage, measure
from services.ratings.peers.newcomers import bias_fold_in
from services.ratings.peers.stars import NEED_NO_PACKAGE, RATING_PEERS, bias_only
from services.ratings.protocols import random_split, without_timestamps
from services.ratings.published import CHOSEN, fold_figures, split_figures
from services.ratings.split_files import Files, on_files, split_of
from services.ratings.trained import learn as learn_really
from tests.ratings.conftest import QUICK

SIMPLE = {name: RATING_PEERS[name] for name in NEED_NO_PACKAGE}


def silent(what: str) -> None:
    pass


@dataclass(frozen=True)
class Stars:
    stars: np.ndarray

    @property
    def low(self) -> np.ndarray:
        return self.stars - 1

    @property
    def high(self) -> np.ndarray:
        return self.stars + 1

    @property
    def sd(self) -> np.ndarray:
        return np.full(len(self.stars), 0.6)


@dataclass(frozen=True)
class Biases:
    """A model of the shape the evaluation asks for, by mean and biases alone."""

    data: Dataset
    given: pd.DataFrame | None = None

    def predict(self, user_id: np.ndarray, movie_id: np.ndarray, timestamp: np.ndarray | None) -> Stars:
        assert (timestamp is not None) == self.data.timed
        asked = pd.DataFrame({"user_id": user_id, "movie_id": movie_id})
        if self.given is None:
            return Stars(bias_only(self.data, asked).stars)
        return Stars(bias_fold_in(self.data, self.given, asked).stars)

    def fold_in(self, given: pd.DataFrame, users: pd.DataFrame) -> "Biases":
        return Biases(self.data, given)


def learn(data: Dataset, seed: int) -> Biases:
    return Biases(data)


@pytest.fixture
def files(toy: Dataset, tmp_path: Path) -> Files:
    """A random split of the toy, and in the test file one stranger and one movie nobody knows."""
    split = random_split(toy)
    strange = pd.DataFrame({"user_id": [77], "movie_id": [88], "stars": [3.0], "timestamp": [900_000_000]})
    names = {"user_id": "userId", "movie_id": "movieId", "stars": "rating"}
    for name, rows in (("a.csv", split.train.ratings), ("b.csv", pd.concat([split.test, strange]))):
        rows.rename(columns=names).to_csv(tmp_path / name, index=False)
    return Files(tmp_path / "a.csv", tmp_path / "b.csv", scale=(1.0, 5.0))


def test_a_split_is_measured_blind_and_with_the_past_beside_the_same_peers(toy: Dataset) -> None:
    found = measure(random_split(toy), learn, [0, 1], SIMPLE, silent)
    assert {variant: [one.seed for one in ours] for variant, ours in found.ours.items()} == {
        BLIND: [0, 1],
        PAST: [0, 1],
    }
    assert found.ours[BLIND][0].score.rmse == pytest.approx(found.others["bias only"].rmse)


def test_data_without_times_is_measured_blind_only(toy: Dataset) -> None:
    assert list(measure(random_split(without_timestamps(toy)), learn, [0], {}, silent).ours) == [BLIND]


def test_a_figure_says_every_seed_and_stands_beside_the_peers(toy: Dataset) -> None:
    found = measure(random_split(toy), learn, [0, 1], SIMPLE, silent)
    first = split_figures(toy, "random 80/20", [found])[0]
    assert first.data == f"toy; random 80/20; {BLIND}"
    assert first.baselines["bias only"] == first.value
    assert f"seed 0: {first.value:.4f}; seed 1: {first.value:.4f}; standard deviation 0.0000" in first.note


def test_the_mean_of_two_splits_is_the_mean_of_their_errors(toy: Dataset) -> None:
    one, other = (measure(split, learn, [0], SIMPLE, silent) for split in (random_split(toy), random_split(toy)))
    shifted = Outcome(0, other.ours[BLIND][0].truth + 1, other.ours[BLIND][0].predicted, 0, 0)
    other.ours[BLIND][:] = [shifted]
    mean = split_figures(toy, "both", [one, other])[0]
    assert mean.value == pytest.approx((one.ours[BLIND][0].score.rmse + shifted.score.rmse) / 2, abs=1e-4)


def test_an_interval_of_a_normal_error_holds_what_it_promises() -> None:
    error = np.random.default_rng(0).normal(0, 0.6, 100_000)
    outcome = Outcome(0, 3 + error, Stars(np.full(100_000, 3.0)), 0, 0)
    assert [coverage(outcome, level) for level in (0.5, 0.8, 0.95)] == pytest.approx([0.5, 0.8, 0.95], abs=0.01)
    assert coverage(outcome, 0.9) == pytest.approx((np.abs(error) <= 1).mean())  # the interval that is served


def test_the_surest_fifth_comes_first() -> None:
    @dataclass(frozen=True)
    class Sure(Stars):
        @property
        def sd(self) -> np.ndarray:
            return np.array([0.5, 0.4, 0.3, 0.2, 0.1])

    outcome = Outcome(0, np.array([5.0, 4, 3, 2, 1]), Sure(np.zeros(5)), 0, 0)
    promised, real = zip(*by_certainty(outcome), strict=True)
    assert promised == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert real == pytest.approx([1, 2, 3, 4, 5])


def test_newcomers_are_folded_in_and_not_trained_on(toy: Dataset) -> None:
    figures = Run(toy, learn, (0,), SIMPLE).figures(["newcomers"])
    assert [figure.data.split("; ")[1] for figure in figures[:2]] == [
        "newcomers, 0 ratings given",
        "newcomers, 1 ratings given",
    ]
    assert all(figure.value == figure.baselines["bias fold-in"] for figure in figures)


def test_ranking_stands_beside_popularity(toy: Dataset) -> None:
    figures = Run(toy, learn, (0,), SIMPLE).figures(["ranking"])
    assert [figure.metric for figure in figures] == ["NDCG@10", "recall@10"] * 2
    assert all(list(figure.baselines) == ["popularity"] for figure in figures)


def test_two_files_are_scored_and_strangers_are_counted(files: Files) -> None:
    report = on_files(files, learn, [0], SIMPLE, silent)
    assert (report.test_rows, report.unknown_users, report.unknown_movies) == (121, 1, 1)
    assert report.rmse == pytest.approx(report.baselines["bias only"]["rmse"])


@pytest.mark.parametrize("listed", [None, range(1, 31)])
def test_a_movie_that_only_the_test_file_has_is_answered_by_the_real_model(
    files: Files, tmp_path: Path, listed: range | None
) -> None:
    """Without --movies, and with one that lacks it."""
    if listed:
        movies = pd.DataFrame({"movieId": listed, "title": "Heat (1995)", "genres": "Crime"})
        movies.to_csv(tmp_path / "movies.csv", index=False)
    asked = replace(files, movies=tmp_path / "movies.csv" if listed else None)
    report = on_files(asked, lambda data, seed: learn_really(data, QUICK, seed), [0], {}, silent)
    assert (report.test_rows, report.unknown_movies) == (121, 1)
    assert 0 < report.rmse < 2


def test_of_a_movie_that_only_the_test_file_has_the_training_is_told_the_id(files: Files) -> None:
    train = split_of(files).train
    assert train.movies.iloc[-1].to_dict() == {"movie_id": 88, "title": "Movie 88", "year": 0, "genres": ""}
    assert 88 not in set(train.ratings["movie_id"])
    assert train.movies["movie_id"].is_unique


def test_figures_of_folds_say_where_the_settings_were_chosen(toy: Dataset) -> None:
    one = measure(replace(random_split(toy), name="u1"), learn, [0], SIMPLE, silent)
    other = measure(replace(random_split(toy), name="u2"), learn, [0], SIMPLE, silent)
    notes = [figure.note for figure in fold_figures(toy, [one, other]) if figure.metric == "RMSE, stars"]
    assert len(notes) == 6  # two folds and their mean, blind and with times
    assert all(CHOSEN in note for note in notes)


def test_stars_of_the_test_file_never_reach_the_model(files: Files) -> None:
    """Its ratings turned round, and beyond the scale of the training file: everything is predicted as before."""
    told: list[np.ndarray] = []

    class Listening(Biases):
        def predict(self, user_id: np.ndarray, movie_id: np.ndarray, timestamp: np.ndarray | None) -> Stars:
            told.append(super().predict(user_id, movie_id, timestamp).stars)
            return Stars(told[-1])

    for _ in range(2):
        on_files(files, lambda data, seed: Listening(data), [0], {}, silent)
        rows = pd.read_csv(files.test)
        rows.assign(rating=9 - rows["rating"]).to_csv(files.test, index=False)
    assert np.array_equal(told[0], told[1])


@pytest.mark.parametrize("column", ["--no-timestamps", "timestamp"])
def test_without_timestamps_the_model_is_blind(files: Files, column: str) -> None:
    if column == "timestamp":  # not in the test file
        pd.read_csv(files.train).drop(columns=column).to_csv(files.train, index=False)
    asked = Files(files.train, files.test, scale=files.scale, timestamps=column == "timestamp")
    assert on_files(asked, learn, [0], {}, silent).variant == BLIND


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--train", "a.csv"], "--train and --test go together"),
        (["--no-timestamps"], "go with --train and --test"),
        (["--train", "a.csv", "--test", "b.csv", "--protocols", "u1"], "goes without"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", *words])
    with pytest.raises(SystemExit):
        evaluate.arguments()
    assert said in capsys.readouterr().err
