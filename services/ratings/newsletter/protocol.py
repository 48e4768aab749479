"""The newsletter's handling of its data (its Fig. 4 to 15), each choice beside the usual one."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from services.ratings.dataset import Dataset
from services.ratings.features import NEW_FROM, NO_YEAR, genre_flags, is_day, is_weekend
from services.ratings.newsletter.network import BRANCHES, Rows

FIRST_ROWS = 10_000  # of the sheet `users`
TRAIN, VALIDATION = 0.8, 0.3  # of all movies (or ratings); of the training rows, the last ones
TARGETS = (0.5, 1.0)  # what ratings are scaled to


@dataclass(frozen=True)
class Choices:
    """The newsletter's, unless told otherwise."""

    movies_apart: bool = True  # no movie of the test part is in training; else no rating is
    scaled_by_movie: bool = True  # each movie's lowest rating becomes 0.5, its highest 1; else the scale's ends do
    squared: bool = False  # errors squared in the loss; else absolute
    epochs: int | None = 100  # none: chosen on the validation rows
    refit: bool = False  # once the epochs are known, fitted anew on the validation rows too
    rows: int = FIRST_ROWS
    branches: tuple[str, ...] = BRANCHES


@dataclass(frozen=True)
class Ratings:
    """The first ratings of a data set, sorted by user and movie, as stacking the users x movies table gives them.

    The tables of the newsletter's network have a row for every movie of the catalogue. No step ever moves the row of a
    movie without a rating, so those are left out here.
    """

    user: Tensor  # (R,) row in the tables
    movie: Tensor  # (R,) row in the tables
    column: Tensor  # (R,) place in the catalogue
    stars: Tensor  # (R,)
    features: Tensor  # (M, F)
    context: Tensor  # (R, C)
    data: Dataset  # the same ratings, and all movies and users

    def rows(self, y: Tensor) -> Rows:
        return Rows(self.user, self.movie, self.features[self.movie], self.context, y)


def first_ratings(data: Dataset, rows: int) -> Ratings:
    user_of, column_of = data.user_index[:rows], data.movie_index[:rows]
    order = np.lexsort((column_of, user_of))
    user = np.unique(user_of[order], return_inverse=True)[1]
    columns, movie = np.unique(column_of[order], return_inverse=True)
    table = data.ratings[:rows].iloc[order].reset_index(drop=True)
    seconds = torch.tensor(table["timestamp"].to_numpy("int64"))
    return Ratings(
        user=torch.from_numpy(user),
        movie=torch.from_numpy(movie),
        column=torch.from_numpy(columns[movie]),
        stars=torch.tensor(table["stars"].to_numpy("float32")),
        features=features_of(data)[torch.from_numpy(columns)],
        context=torch.stack([is_day(seconds), is_weekend(seconds)], dim=1).float(),
        data=replace(data, ratings=table),
    )


def features_of(data: Dataset) -> Tensor:
    """Genres, and its column `old`: 1 from the year 2000 on, by its text, and where no year is known."""
    year = torch.tensor(data.movies["year"].to_numpy("int64"))
    old = (year >= NEW_FROM) | (year == NO_YEAR)
    return torch.cat([genre_flags(data.movie_genres, data.genres), old[:, None].float()], dim=1)  # (M, F)


def scaled(ratings: Ratings, by_movie: bool) -> Tensor:
    """The ratings between 0.5 and 1.

    By movie it is scikit-learn's MinMaxScaler on the columns of the users x movies table, before it is split: a movie
    with one rating, or with equal ones, has 0.5.
    """
    low, high = torch.tensor(ratings.data.scale)
    if by_movie:
        low, high = ends(ratings, "amin")[ratings.movie], ends(ratings, "amax")[ratings.movie]
    span = torch.where(high > low, high - low, 1)
    share: Tensor = (ratings.stars - low) / span  # (R,) 0 to 1
    return TARGETS[0] + (TARGETS[1] - TARGETS[0]) * share


def ends(ratings: Ratings, which: str) -> Tensor:
    """Each movie's lowest ("amin") or highest ("amax") rating."""
    empty = torch.zeros(len(ratings.features))
    return empty.scatter_reduce(0, ratings.movie, ratings.stars, which, include_self=False)  # (M,)


def split(ratings: Ratings, movies_apart: bool, seed: int) -> tuple[Tensor, Tensor]:
    """Which rows are training, in the order that the validation part is taken from, and which are test, sorted."""
    if movies_apart:
        training = ratings.column < int(TRAIN * len(ratings.data.movies))
        return training.nonzero()[:, 0], (~training).nonzero()[:, 0]
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(len(ratings.stars)))
    cut = int(TRAIN * len(shuffled))
    return shuffled[:cut], shuffled[cut:].sort().values


def hold_out(training: Tensor) -> tuple[Tensor, Tensor]:
    """Keras' validation_split: the last rows, as they lie."""
    cut = int(len(training) * (1 - VALIDATION))
    return training[:cut], training[cut:]


def stars_per_unit(ratings: Ratings) -> float:
    low, high = ratings.data.scale
    return (high - low) / (TARGETS[1] - TARGETS[0])
