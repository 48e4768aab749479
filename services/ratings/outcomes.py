"""One split: our model trained on the one part and asked for the other, and what others score on the same rows."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.metrics import interval_coverage, mae, rmse
from services.ratings.peers.stars import Peer
from services.ratings.protocols import Split, without_timestamps

BLIND, PAST = "without timestamps", "with timestamps, only what the user had rated by then"
LEVELS = (0.5, 0.8, 0.9, 0.95)
SERVED_LEVEL = 0.9
FIFTHS = 5


class Predicted(Protocol):
    """Arrays (R,), in stars; `sd` is None where the model cannot say it."""

    @property
    def stars(self) -> np.ndarray: ...
    @property
    def low(self) -> np.ndarray: ...
    @property
    def high(self) -> np.ndarray: ...
    @property
    def sd(self) -> np.ndarray | None: ...


class Predictor(Protocol):
    """Users and movies it does not know are predicted, not refused; no timestamp: as if time did not matter."""

    def predict(self, user_id: np.ndarray, movie_id: np.ndarray, timestamp: np.ndarray | None) -> Predicted: ...


class Model(Predictor, Protocol):
    """What training gives; `fold_in` is the same for newcomers by what they rated, without a training."""

    def fold_in(self, given: pd.DataFrame, users: pd.DataFrame) -> Predictor: ...


Learn = Callable[[Dataset, int], Model]  # of the training rows and a seed
Say = Callable[[str], None]  # what is being done now


class Score(NamedTuple):
    rmse: float  # stars
    mae: float  # stars
    seconds: float  # of the CPU, for the training


@dataclass(frozen=True)
class Outcome:
    """What our model predicted on one split, trained with one seed."""

    seed: int
    truth: np.ndarray  # (R,)
    predicted: Predicted
    seconds: float  # of the CPU, for the training
    wall_seconds: float

    @property
    def score(self) -> Score:
        return score(self.predicted.stars, self.truth, self.seconds)

    @property
    def coverage90(self) -> float:
        return interval_coverage(self.predicted.low, self.predicted.high, self.truth)

    @property
    def width90(self) -> float:
        return float((self.predicted.high - self.predicted.low).mean())


@dataclass(frozen=True)
class Measured:
    """One split, by every variant of our model and by every peer."""

    split: str
    ours: dict[str, list[Outcome]]  # by BLIND or PAST, one a seed
    others: dict[str, Score]


def score(stars: np.ndarray, truth: np.ndarray, seconds: float) -> Score:
    return Score(rmse(stars, truth), mae(stars, truth), seconds)


def said(one: Score) -> str:
    return f"RMSE {one.rmse:.4f}, MAE {one.mae:.4f}, trained in {one.seconds:.1f} CPU s"


def mean_score(scores: Iterable[Score]) -> Score:
    return Score(*(fmean(values) for values in zip(*scores, strict=True)))


def measure(split: Split, learn: Learn, seeds: Sequence[int], peers: Mapping[str, Peer], say: Say) -> Measured:
    others = dict(scores(split, peers, say))
    variants = (BLIND, PAST) if split.train.timed else (BLIND,)
    return Measured(split.name, {name: [*outcomes(split, learn, seeds, name, say)] for name in variants}, others)


def outcomes(split: Split, learn: Learn, seeds: Sequence[int], variant: str, say: Say) -> Iterator[Outcome]:
    for seed in seeds:
        found = outcome(split, learn, seed, variant)
        say(f"{split.name}: this model {variant}, seed {seed}: {said(found.score)}")
        yield found


def scores(split: Split, peers: Mapping[str, Peer], say: Say) -> Iterator[tuple[str, Score]]:
    """By the name of each peer."""
    for name, peer in peers.items():
        answer = peer.answer(split.train, split.asked)
        found = score(answer.stars, split.truth, answer.seconds)
        say(f"{split.name}: {name}: {said(found)}")
        yield name, found


def outcome(split: Split, learn: Learn, seed: int, variant: str) -> Outcome:
    """The model sees of the test rows who, what and (unless it is blind) when; never the stars."""
    train = without_timestamps(split.train) if variant == BLIND else split.train
    cpu, wall = time.process_time(), time.perf_counter()
    model = learn(train, seed)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Outcome(seed, split.truth, predict(model, split.asked, variant), cpu, wall)


def predict(model: Predictor, asked: pd.DataFrame, variant: str) -> Predicted:
    columns = (
        asked[name].to_numpy("int64", copy=True) for name in ("user_id", "movie_id", "timestamp")
    )  # torch may write
    user, movie, timestamp = columns
    return model.predict(user, movie, None if variant == BLIND else timestamp)


def coverage(outcome: Outcome, level: float) -> float:
    """The share of the true ratings inside of the interval of this level: 90 % is the model's own, the others are its
    standard deviation times the quantile of a normal error."""
    if level == SERVED_LEVEL:
        return outcome.coverage90
    assert outcome.predicted.sd is not None
    far = NormalDist().inv_cdf((1 + level) / 2) * outcome.predicted.sd
    return float((np.abs(outcome.truth - outcome.predicted.stars) <= far).mean())


def by_certainty(outcome: Outcome) -> list[tuple[float, float]]:
    """The rows in fifths, those the model is surest of first: its standard deviation, and its real RMSE."""
    sd = outcome.predicted.sd
    assert sd is not None
    squared = (outcome.predicted.stars - outcome.truth) ** 2
    fifths = np.array_split(np.argsort(sd, kind="stable"), FIFTHS)
    return [(float(np.sqrt(np.mean(sd[rows] ** 2))), float(np.sqrt(squared[rows].mean()))) for rows in fifths]
