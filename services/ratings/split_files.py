"""Any two files of ratings: trained on the one, asked for the other; nothing is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.outcomes import BLIND, PAST, Learn, Outcome, Say, Score, mean_score, outcomes, scores
from services.ratings.peers.stars import Peer
from services.ratings.protocols import Split, without_timestamps
from services.ratings.sources import read_ratings_file
from services.ratings.sources.movies import by_id


@dataclass(frozen=True)
class Files:
    train: Path
    test: Path
    movies: Path | None = None
    scale: tuple[float, float] | None = None  # None: from the fewest to the most stars of the training file
    timestamps: bool = True


@dataclass(frozen=True)
class Report:
    """What is printed, with --json word for word."""

    rmse: float
    mae: float
    coverage90: float  # 0 to 1
    width90: float  # stars, mean
    train_seconds: float  # as a clock on the wall counts them
    train_cpu_seconds: float
    variant: str
    seeds: list[int]  # the figures are the mean over them
    train_rows: int
    test_rows: int
    unknown_users: int  # of the test file, without a rating in the training file; predicted all the same
    unknown_movies: int
    baselines: dict[str, dict[str, float]]


def split_of(files: Files) -> Split:
    """The test file is read with a scale of its own: nothing of it may reach the training but the ids of its movies."""
    test = read_ratings_file(files.test).ratings
    train = with_movies_of(test, read_ratings_file(files.train, files.movies, files.scale))
    return Split(files.test.name, train if files.timestamps else without_timestamps(train), test)


def with_movies_of(test: pd.DataFrame, train: Dataset) -> Dataset:
    """Every movie that is asked for can be answered: of one that the training does not know, only the id is told."""
    unknown = by_id(test[~test["movie_id"].isin(train.movies["movie_id"])])
    return replace(train, movies=pd.concat([train.movies, unknown], ignore_index=True)) if len(unknown) else train


def on_files(files: Files, learn: Learn, seeds: Sequence[int], peers: Mapping[str, Peer], say: Say) -> Report:
    say(f"reading {files.train} and {files.test}")
    split = split_of(files)
    variant = PAST if split.train.timed and (split.test["timestamp"] != 0).any() else BLIND
    others = dict(scores(split, peers, say))
    return report(split, variant, [*outcomes(split, learn, seeds, variant, say)], others)


def report(split: Split, variant: str, ours: Sequence[Outcome], others: Mapping[str, Score]) -> Report:
    mean = mean_score(one.score for one in ours)
    return Report(
        rmse=mean.rmse,
        mae=mean.mae,
        coverage90=fmean(one.coverage90 for one in ours),
        width90=fmean(one.width90 for one in ours),
        train_seconds=fmean(one.wall_seconds for one in ours),
        train_cpu_seconds=mean.seconds,
        variant=variant,
        seeds=[one.seed for one in ours],
        train_rows=len(split.train.ratings),
        test_rows=len(split.test),
        unknown_users=unknown(split, "user_id"),
        unknown_movies=unknown(split, "movie_id"),
        baselines={name: {"rmse": other.rmse, "mae": other.mae} for name, other in others.items()},
    )


def unknown(split: Split, column: str) -> int:
    """How many users (or movies) of the test part have no rating in the training part."""
    return len(set(split.test[column]) - set(split.train.ratings[column]))
