"""Which unseen movies a user will rate: how popular each is, implicit's ALS and our own head, on the same rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.metrics import hits_of, ndcg_at, recall_at, top
from services.ratings.peers.stars import indices
from services.ratings.protocols import marked
from services.ratings.train import rank

PLACES = 10
STRANGER = -1
NONE = np.arange(0)
USERS_AT_A_TIME = 256  # scores of 60,000 movies for so many are 120 MB


class Ranker(NamedTuple):
    scores: Callable[[np.ndarray], np.ndarray]  # of users, by their places in the table (U,) -> (U, M)
    note: str = ""


class TopTen(NamedTuple):
    ndcg: float
    recall: float


@dataclass(frozen=True)
class AlsSettings:
    factors: int
    alpha: float
    regularization: float


# Around the best for MovieLens; strong weights with little damping (20 and .1) are far worse.
ALS_SETTINGS = [
    AlsSettings(*setting)
    for setting in (
        (16, 2, 10),
        (32, 1, 10),
        (32, 2, 20),
        (32, 4, 30),
        (48, 4, 30),
        (64, 2, 20),
        (64, 4, 30),
        (64, 8, 50),
    )
]


def popularity(train: Dataset) -> Ranker:
    often = np.bincount(train.movie_index, minlength=len(train.movies)).astype(float)  # (M,)
    return Ranker(lambda users: np.tile(often, (len(users), 1)))


def own_head(train: Dataset) -> Ranker:
    """The head that is served, without the predicted stars that serving may blend in."""
    head, movie, stars = rank(train), train.movie_index, train.ratings["stars"].to_numpy(float)
    rows_of = pd.Series(train.user_index).groupby(train.user_index).indices

    def scores(users: np.ndarray) -> np.ndarray:
        own = [rows_of.get(person, NONE) for person in users]
        return np.stack([head.scores(movie[rows], stars[rows]) for rows in own])

    return Ranker(scores)


def als(train: Dataset, settings: AlsSettings) -> Ranker:
    """Hu, Koren and Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets"."""
    from implicit.als import AlternatingLeastSquares
    from scipy import sparse
    from threadpoolctl import threadpool_limits

    shape = (len(train.users), len(train.movies))
    rated = sparse.csr_matrix((np.ones(len(train.ratings), "float32"), (train.user_index, train.movie_index)), shape)
    with threadpool_limits(1, "blas"):  # implicit warns when there are more
        model = AlternatingLeastSquares(**vars(settings), iterations=15, random_state=0, num_threads=1)
        model.fit(rated, show_progress=False)
    note = ", ".join(f"{name} {value:g}" for name, value in vars(settings).items())
    return Ranker(lambda users: model.user_factors[users] @ model.item_factors.T, f"implicit ALS: {note}")


def best_als(train: Dataset) -> Ranker:
    """The best settings by NDCG on a tenth of the training rows, then fitted on all of them."""
    rows = len(train.ratings)
    is_held = marked(rows, np.random.RandomState(0).permutation(rows)[: rows // 10])
    known, held = replace(train, ratings=train.ratings[~is_held]), train.ratings[is_held]
    best = max(ALS_SETTINGS, key=lambda settings: top_ten(als(known, settings), known, held).ndcg)
    return als(train, best)


OTHER_RANKERS = {"popularity": popularity, "implicit ALS": best_als}
NEED_A_PACKAGE = {"implicit ALS": "implicit"}


def top_ten(ranker: Ranker, train: Dataset, test: pd.DataFrame) -> TopTen:
    """Every movie that was not rated in training is a candidate; relevant are those of the test rows."""
    seen, wanted = Rated(*indices(train, train.ratings)), Rated(*indices(train, test))
    asked, movies = np.unique(wanted.user[wanted.user != STRANGER]), len(train.movies)
    hits, relevant = [np.zeros((0, PLACES), bool)], [np.zeros(0, int)]
    for users in np.array_split(asked, 1 + len(asked) // USERS_AT_A_TIME):
        is_relevant = wanted.flags(users, movies)  # (U, M)
        hits.append(hits_of(top(ranker.scores(users), seen.flags(users, movies), PLACES), is_relevant))
        relevant.append(is_relevant.sum(1))
    found, there = np.concatenate(hits), np.concatenate(relevant)
    return TopTen(ndcg_at(found, there), recall_at(found, there))


class Rated:
    """Who rated what."""

    def __init__(self, user: np.ndarray, movie: np.ndarray) -> None:
        self.user, self.movie, self.rows_of = user, movie, pd.Series(user).groupby(user).indices

    def flags(self, users: np.ndarray, movies: int) -> np.ndarray:
        flags = np.zeros((len(users), movies), bool)  # (U, M)
        for row, user in enumerate(users):
            flags[row, self.movie[self.rows_of.get(user, NONE)]] = True
        return flags
