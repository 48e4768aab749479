"""How good the predictions are on ratings never seen, through the engine, beside baselines on the same rows.

For each split the recipe of `train` is run on the training part alone, and the test part is asked of the engine: the
figure we publish is the figure we serve. Nothing is chosen on the test part.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.learn import Recipe
from services.ratings.schemas import Pair, PredictRequest
from services.ratings.settings import Settings
from services.ratings.train import train
from shared.cards import publish, refuse_other_data
from shared.commands import run
from shared.engine import Figure

COMMAND = "python -m services.ratings.evaluate"
SPLIT_SEED = 42
U1 = "u1"


@dataclass(frozen=True)
class Split:
    name: str
    train: Dataset
    test: pd.DataFrame


@dataclass(frozen=True)
class Outcome:
    split: str
    seed: int
    rmse: float
    mae: float
    coverage90: float
    width90: float
    train_seconds: float


def random_split(data: Dataset) -> Split:
    shuffled = np.random.RandomState(SPLIT_SEED).permutation(len(data.ratings))
    return split_at("random 80/20", data, shuffled[int(0.8 * len(shuffled)) :])


def u1_split(data: Dataset) -> Split:
    """MovieLens 100K's own u1: its first fifth, as the file lies, is the test part, with 459 of the users only."""
    return split_at(U1, data, np.arange(len(data.ratings) // 5))


def split_at(name: str, data: Dataset, test: np.ndarray) -> Split:
    is_test = np.zeros(len(data.ratings), bool)
    is_test[test] = True
    return Split(name, replace(data, ratings=data.ratings[~is_test]), data.ratings[is_test])


def splits_of(data: Dataset) -> list[Split]:
    return [random_split(data), u1_split(data)] if data.name.startswith("MovieLens 100K") else [random_split(data)]


def measure(split: Split, seed: int) -> Outcome:
    """Train on the one part, ask the engine for the other."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        train(split.train, Path(folder) / "ratings", Recipe(), seed)
        seconds = time.perf_counter() - start
        predicted = ask(Engine(Path(folder) / "ratings"), split.test)
    truth = split.test["stars"].to_numpy(float)
    error = predicted["stars"].to_numpy() - truth
    inside = (predicted["low"] <= truth) & (truth <= predicted["high"])
    width = (predicted["high"] - predicted["low"]).mean()
    return Outcome(split.name, seed, *accuracy(error), float(inside.mean()), float(width), seconds)


def ask(engine: Engine, rows: pd.DataFrame) -> pd.DataFrame:
    pairs = [
        Pair(user_id=user, movie_id=movie, at=datetime.fromtimestamp(timestamp, UTC))
        for user, movie, timestamp in rows[["user_id", "movie_id", "timestamp"]].to_numpy("int64").tolist()
    ]
    requests = [PredictRequest(pairs=pairs[i : i + engine.max_pairs]) for i in range(0, len(pairs), engine.max_pairs)]
    answers = [prediction for request in requests for prediction in engine.predict(request).predictions]
    return pd.DataFrame([{"stars": a.stars, "low": a.low, "high": a.high} for a in answers])


def accuracy(error: np.ndarray) -> tuple[float, float]:
    return float(np.sqrt(np.mean(error**2))), float(np.abs(error).mean())


def baselines(split: Split) -> dict[str, tuple[float, float]]:
    """RMSE and MAE of simpler models and of Surprise, on the same rows."""
    predictions = {
        "global mean": np.full(len(split.test), split.train.ratings["stars"].mean()),
        "bias only": bias_only(split),
    }
    if find_spec("surprise"):
        predictions |= surprise_svd(split)
    else:
        print("Surprise SVD is left out: scikit-surprise is not installed (dependency group `peers`)", file=sys.stderr)
    truth = split.test["stars"].to_numpy(float)
    return {name: accuracy(predicted - truth) for name, predicted in predictions.items()}


def bias_only(split: Split, l2_user: float = 15, l2_movie: float = 10, rounds: int = 10) -> np.ndarray:
    """mu + b_u + b_i by alternating least squares; Koren 2010, "Factor in the Neighbors", section 2.1, with the damping
    and the rounds of Surprise's BaselineOnly."""
    data = split.train
    user, movie = data.user_index, data.movie_index
    mean = float(data.ratings["stars"].mean())
    rest = data.ratings["stars"].to_numpy(float) - mean
    b_u, b_i = np.zeros(len(data.users)), np.zeros(len(data.movies))
    for _ in range(rounds):
        b_i = np.bincount(movie, rest - b_u[user], len(b_i)) / (l2_movie + np.bincount(movie, minlength=len(b_i)))
        b_u = np.bincount(user, rest - b_i[movie], len(b_u)) / (l2_user + np.bincount(user, minlength=len(b_u)))
    asked = replace(data, ratings=split.test)
    predicted: np.ndarray = mean + b_u[asked.user_index] + b_i[asked.movie_index]
    return predicted.clip(*data.scale)


def surprise_svd(split: Split) -> dict[str, np.ndarray]:
    """Surprise's SVD as it comes, and with the settings we found best for it."""
    from surprise import SVD, Reader
    from surprise import Dataset as SurpriseDataset

    columns = ["user_id", "movie_id", "stars"]
    rows = SurpriseDataset.load_from_df(split.train.ratings[columns], Reader(rating_scale=split.train.scale))
    models = {
        "Surprise SVD": SVD(random_state=0),
        "Surprise SVD tuned (60 epochs, reg .07)": SVD(n_epochs=60, reg_all=0.07, random_state=0),
    }
    asked = split.test[["user_id", "movie_id"]].to_numpy().tolist()
    fitted = {name: model.fit(rows.build_full_trainset()) for name, model in models.items()}
    return {name: np.array([model.predict(u, m).est for u, m in asked]) for name, model in fitted.items()}


def figures(data: Dataset, outcomes: list[Outcome], others: dict[str, tuple[float, float]]) -> list[Figure]:
    """The mean over the seeds of one split, each beside the baselines."""
    first = outcomes[0]
    where = f"{data.name.split(':')[0]}, {first.split}, test part"
    seeds = f"mean of seeds {', '.join(str(o.seed) for o in outcomes)}; "
    spread = f"from {min(o.rmse for o in outcomes):.4f} to {max(o.rmse for o in outcomes):.4f}; "
    seconds = f"each trained in about {np.mean([o.train_seconds for o in outcomes]):.0f} s; "
    context = "the model is told when each rating was given (day or night, weekend), the others are not"
    if first.split == U1:
        context += "; some of the rows on which the recipe's settings were chosen are in this test part"
    width = f"the intervals are {np.mean([o.width90 for o in outcomes]):.2f} stars wide on average"
    rows = [
        ("RMSE, stars", "rmse", {n: rmse for n, (rmse, _) in others.items()}, seeds + spread + seconds + context),
        ("MAE, stars", "mae", {n: mae for n, (_, mae) in others.items()}, ""),
        ("coverage of the 90 % interval", "coverage90", {}, width),
    ]
    return [
        Figure(
            metric=metric,
            value=round(float(np.mean([getattr(o, field) for o in outcomes])), 4),
            data=where,
            baselines={name: round(value, 4) for name, value in beside.items()},
            note=note,
        )
        for metric, field, beside, note in rows
    ]


def all_figures(data: Dataset, seeds: list[int]) -> list[Figure]:
    """Of every split that the data has."""
    found: list[Figure] = []
    for split in splits_of(data):
        found += figures(data, [measure(split, seed) for seed in seeds], baselines(split))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the training (default: 0 1 2)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked, settings = parser.parse_args(), Settings()
    refuse_other_data(settings.artifacts, {"data_sha256": settings.data})
    publish(settings.artifacts, all_figures(dataset.read(settings.data), asked.seeds), asked.json)


if __name__ == "__main__":
    run(main)
