"""Quality is a test: better than the strongest peer that learns as fast, and intervals that hold what they promise."""

import json
import sys
from pathlib import Path

import pytest

from services.ratings import dataset, evaluate
from services.ratings.dataset import Dataset
from services.ratings.evaluate import ours
from services.ratings.outcomes import BLIND, Outcome, outcome
from services.ratings.peers.stars import RATING_PEERS, bias_only
from services.ratings.protocols import Split, random_split
from services.ratings.settings import Settings


@pytest.fixture(scope="module")
def split() -> Split:
    return random_split(dataset.read(Settings().data))


@pytest.fixture(scope="module")
def blind(split: Split) -> Outcome:
    """The recipe trained on the training part alone, without timestamps, and asked for the test part."""
    return outcome(split, ours, 0, BLIND)


def test_the_model_beats_the_bias_baseline_by_seven_percent(split: Split, blind: Outcome) -> None:
    bias = ((bias_only(split.train, split.asked).stars - split.truth) ** 2).mean() ** 0.5
    assert blind.score.rmse < 0.93 * bias


def test_the_model_beats_surprise_svd_as_it_comes(split: Split, blind: Outcome) -> None:
    pytest.importorskip("surprise")
    svd = RATING_PEERS["Surprise SVD"].answer(split.train, split.asked)
    assert blind.score.rmse < ((svd.stars - split.truth) ** 2).mean() ** 0.5


def test_nine_of_ten_ratings_lie_in_their_interval(blind: Outcome) -> None:
    assert 0.88 < blind.coverage90 < 0.92


def test_any_two_files_are_evaluated_and_nothing_is_written(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command of the service's documentation, with a stranger and an unknown movie in the test file."""
    split, columns = random_split(toy), {"user_id": "userId", "movie_id": "movieId", "stars": "rating"}
    split.train.ratings.rename(columns=columns).to_csv(tmp_path / "a.csv", index=False)
    test = split.test.rename(columns=columns)
    test.iloc[0, :2] = 7777
    test.to_csv(tmp_path / "b.csv", index=False)
    monkeypatch.setattr(
        sys, "argv", ["evaluate", "--train", f"{tmp_path}/a.csv", "--test", f"{tmp_path}/b.csv", "--no-peers", "--json"]
    )
    before = sorted(file.stat().st_mtime_ns for file in Settings().artifacts.iterdir())
    evaluate.main()
    found = json.loads(capsys.readouterr().out)
    assert {"rmse", "mae", "coverage90", "train_seconds", "baselines"} <= set(found)
    assert (found["unknown_users"], found["unknown_movies"]) == (1, 1)
    assert found["rmse"] < found["baselines"]["bias only"]["rmse"]
    assert sorted(file.stat().st_mtime_ns for file in Settings().artifacts.iterdir()) == before
