"""myFM: a Bayesian factorisation machine by Gibbs sampling.

Rendle 2012, "Factorization Machines with libFM", ACM TIST 3(3). With `everything` a user is also who the source says he
is and the movies he rated, a movie also its genres, its years and the users who rated it: "timeSVD++ flipped" of Rendle
et al. 2019, "On the Difficulty of Evaluating Baselines", without the time.
"""

import importlib
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from services.ratings.dataset import Dataset
from services.ratings.features import genre_flags


@dataclass(frozen=True)
class Machine:
    package: Any
    regressor: Any
    sides: list[Any]  # (U + 1, F) and (M + 1, F), sparse; the last row is a stranger's


def fit(train: Dataset, rank: int, everything: bool, sweeps: int) -> Machine:
    """Of the sweeps the last four fifths are kept."""
    package, parts = import_myfm(), (everything_of(train) if everything else ids_of(train))
    machine = Machine(package, package.MyFMRegressor(rank=rank, random_seed=0), [stacked(side) for side in parts])
    groups = [part.shape[1] for side in parts for part in side]
    rows, stars = relations(machine, train.user_index, train.movie_index), train.ratings["stars"].to_numpy(float)
    machine.regressor.fit(None, stars, rows, n_iter=sweeps, n_kept_samples=sweeps * 4 // 5, group_shapes=groups)
    return machine


def predict(machine: Machine, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
    """-1 is a stranger."""
    return np.asarray(machine.regressor.predict(None, relations(machine, user, movie)))


def relations(machine: Machine, user: np.ndarray, movie: np.ndarray) -> list[Any]:
    """Whose each row is, beside the features of everybody: each is kept once, not once a rating."""
    pairs = zip((user, movie), machine.sides, strict=True)
    return [machine.package.RelationBlock(at % side.shape[0], side) for at, side in pairs]


def stacked(parts: list[Any]) -> Any:
    columns = sparse.hstack(parts)
    return sparse.vstack([columns, sparse.csr_matrix((1, columns.shape[1]))], format="csr")


def import_myfm() -> Any:
    """myFM 0.4.0 imports two names of pkg_resources and uses neither; setuptools 82 has dropped that module."""
    stand_in = ModuleType("pkg_resources")
    stand_in.__dict__.update(DistributionNotFound=ImportError, get_distribution=None)
    replaced = "pkg_resources" not in sys.modules and find_spec("pkg_resources") is None
    if replaced:
        sys.modules["pkg_resources"] = stand_in
    try:
        return importlib.import_module("myfm")
    finally:
        if replaced:
            del sys.modules["pkg_resources"]


def ids_of(train: Dataset) -> tuple[list[Any], list[Any]]:
    return [sparse.identity(len(train.users))], [sparse.identity(len(train.movies))]


def everything_of(train: Dataset) -> tuple[list[Any], list[Any]]:
    (users,), (movies,) = ids_of(train)
    rated = rated_by(train)  # (U, M)
    profile = [one_hot(train.users[column]) for column in train.users.columns.drop("user_id")]
    genres = sparse.csr_matrix(genre_flags(train.movie_genres, train.genres).double().numpy())
    years = one_hot(train.movies["year"] // 5)
    return [users, unit_rows(rated), *profile], [movies, unit_rows(rated.T.tocsr()), unit_rows(genres), years]


def rated_by(train: Dataset) -> Any:
    """1 where a user rated a movie."""
    shape = (len(train.users), len(train.movies))
    return sparse.csr_matrix((np.ones(len(train.ratings)), (train.user_index, train.movie_index)), shape)


def unit_rows(flags: Any) -> Any:
    """Each row divided by the root of what is in it, as the movies of a user are in SVD++."""
    return sparse.diags(1 / np.sqrt(np.maximum(np.asarray(flags.sum(1)).ravel(), 1))) @ flags


def one_hot(values: pd.Series, most: int = 30) -> Any:
    """A column for each value; numbers of more than `most` values in seven groups of equal size."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > most:
        values = pd.qcut(values, 7, duplicates="drop")
    codes, names = pd.factorize(values)
    here = codes >= 0  # what is missing has no column
    at = (np.flatnonzero(here), codes[here])
    return sparse.csr_matrix((np.ones(here.sum()), at), shape=(len(codes), max(len(names), 1)))
