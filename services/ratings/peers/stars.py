"""Other people's rating predictors: trained on a split's ratings, then asked for rows whose stars they do not see."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset, positions


class Answer(NamedTuple):
    stars: np.ndarray  # (R,)
    seconds: float


@dataclass(frozen=True)
class Peer:
    """`answer(train, asked)` predicts the stars of rows (user_id, movie_id); both may be unknown to `train`."""

    answer: Callable[[Dataset, pd.DataFrame], Answer]
    package: str = "numpy"

    @property
    def is_here(self) -> bool:
        return find_spec(self.package) is not None


def global_mean(train: Dataset, asked: pd.DataFrame) -> Answer:
    start = time.process_time()
    mean = train.ratings["stars"].mean()
    return Answer(np.full(len(asked), mean, float), time.process_time() - start)


def bias_only(train: Dataset, asked: pd.DataFrame, l2_user: float = 15, l2_movie: float = 10) -> Answer:
    """mu + b_u + b_i by alternating least squares; Koren 2010, "Factor in the Neighbors", section 2.1, with the damping
    and the rounds of Surprise's BaselineOnly."""
    start = time.process_time()
    user, movie = train.user_index, train.movie_index
    mean = float(train.ratings["stars"].mean())
    rest = train.ratings["stars"].to_numpy(float) - mean
    b_u, b_i = np.zeros(len(train.users) + 1), np.zeros(len(train.movies) + 1)  # the last: of strangers
    for _ in range(10):
        b_i = np.bincount(movie, rest - b_u[user], len(b_i)) / (l2_movie + np.bincount(movie, minlength=len(b_i)))
        b_u = np.bincount(user, rest - b_i[movie], len(b_u)) / (l2_user + np.bincount(user, minlength=len(b_u)))
    seconds = time.process_time() - start
    user, movie = indices(train, asked)
    return Answer((mean + b_u[user] + b_i[movie]).clip(*train.scale), seconds)


def indices(train: Dataset, asked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where users and movies of `asked` stand in the tables of `train`; -1, the last place, for who is not there."""
    user = positions(train.users["user_id"], asked["user_id"])
    return user, positions(train.movies["movie_id"], asked["movie_id"])


def surprise(model: str, train: Dataset, asked: pd.DataFrame, **settings: Any) -> Answer:
    """A model of Surprise (Hug 2020, JOSS 5(52)); whom it does not know, it answers with the biases it does know.

    SVD++ is run with `cache_ratings`: the same model to the last digit, sooner.
    """
    fitted, seconds = fit_surprise(model, train, **settings)
    pairs = zip(asked["user_id"].tolist(), asked["movie_id"].tolist(), strict=True)
    return Answer(np.array([fitted.predict(user, movie).est for user, movie in pairs]), seconds)


def fit_surprise(model: str, train: Dataset, **settings: Any) -> tuple[Any, float]:
    """The model, and the CPU seconds of fitting it, without those of reading the ratings."""
    import surprise.prediction_algorithms as models
    from surprise import Dataset as Ratings
    from surprise import Reader

    columns = train.ratings[["user_id", "movie_id", "stars"]]
    rows = Ratings.load_from_df(columns, Reader(rating_scale=train.scale)).build_full_trainset()
    start = time.process_time()
    fitted = getattr(models, model)(**settings).fit(rows)
    return fitted, time.process_time() - start


def myfm(train: Dataset, asked: pd.DataFrame, rank: int, everything: bool, sweeps: int) -> Answer:
    from services.ratings.peers import machine  # needs scipy, which only peers need

    start = time.process_time()
    fitted = machine.fit(train, rank, everything, sweeps)
    seconds = time.process_time() - start
    return Answer(machine.predict(fitted, *indices(train, asked)).clip(*train.scale), seconds)


RATING_PEERS = {
    "global mean": Peer(global_mean),
    "bias only": Peer(bias_only),
    "Surprise SVD": Peer(partial(surprise, "SVD", random_state=0), "surprise"),
    "Surprise SVD tuned (60 epochs, reg .07)": Peer(
        partial(surprise, "SVD", n_epochs=60, reg_all=0.07, random_state=0), "surprise"
    ),
    "Surprise SVD++": Peer(partial(surprise, "SVDpp", cache_ratings=True, random_state=0), "surprise"),
    "myFM ids": Peer(partial(myfm, rank=8, everything=False, sweeps=100), "myfm"),
    "myFM with features and who rated what": Peer(partial(myfm, rank=16, everything=True, sweeps=200), "myfm"),
}
NEED_NO_PACKAGE = ("global mean", "bias only")
