"""Ways to split ratings into what is learned from and what is asked, each fixed by the data alone: no seed of ours."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset

FOLDS = 5
FOLD_NAMES = tuple(f"u{number}" for number in range(1, FOLDS + 1))
U1_TEST_MD5 = "62d5d837e7c8e36550cc956b09c2ecc8"  # of u1.test as GroupLens ships it
GIVEN = (0, 1, 3, 5, 10, 20)  # ratings of a newcomer: k


@dataclass(frozen=True)
class Split:
    name: str
    train: Dataset
    test: pd.DataFrame  # user_id, movie_id, stars, timestamp

    @property
    def asked(self) -> pd.DataFrame:
        """The test rows without their answers: all that a model may see of them."""
        return self.test[["user_id", "movie_id", "timestamp"]]

    @property
    def truth(self) -> np.ndarray:
        return self.test["stars"].to_numpy(float)  # (R,)


@dataclass(frozen=True)
class Newcomers:
    """People never trained on: first some of their ratings are given, in a random order, then others are asked."""

    train: Dataset
    profiles: pd.DataFrame  # of the newcomers: user_id, and what the source tells about them
    given: pd.DataFrame  # user_id, movie_id, stars, timestamp, place (0: given first)
    held: pd.DataFrame  # user_id, movie_id, stars, timestamp

    def at(self, k: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """k given ratings of everybody who has so many, and what is asked of just these people."""
        places = self.given.groupby("user_id")["place"].max() + 1
        enough = places.index[places >= k] if k else self.held["user_id"].unique()
        given, held = (rows[rows["user_id"].isin(enough)] for rows in (self.given, self.held))
        return given[given["place"] < k].drop(columns="place"), held


def split_at(name: str, data: Dataset, is_test: np.ndarray) -> Split:
    """Both parts keep the order of their source."""
    return Split(name, replace(data, ratings=data.ratings[~is_test]), data.ratings[is_test])


def marked(rows: int, positions: np.ndarray) -> np.ndarray:
    is_marked = np.zeros(rows, bool)
    is_marked[positions] = True
    return is_marked


def random_split(data: Dataset) -> Split:
    """A fifth of the rows by chance: the permutation of RandomState(42), its last fifth."""
    rows = len(data.ratings)
    shuffled = np.random.RandomState(42).permutation(rows)
    return split_at("random 80/20", data, marked(rows, shuffled[int(0.8 * rows) :]))


def fold(data: Dataset, number: int) -> Split:
    """MovieLens 100K's own u1 to u5: GroupLens' mku.sh cuts u.data, as it lies, into fifths.

    u.data is not shuffled, so that u1.test holds 459 of the 943 users: harder than a random split.
    """
    rows = len(data.ratings)
    fifth = np.arange(rows * (number - 1) // FOLDS, rows * number // FOLDS)
    return split_at(FOLD_NAMES[number - 1], data, marked(rows, fifth))


def as_u_text(rows: pd.DataFrame) -> str:
    """Ratings as MovieLens 100K writes them: tab separated, by user and movie."""
    columns = rows[["user_id", "movie_id", "stars", "timestamp"]].astype("int64")
    return columns.sort_values(["user_id", "movie_id"]).to_csv(sep="\t", header=False, index=False, lineterminator="\n")


def md5_of(rows: pd.DataFrame) -> str:
    return hashlib.md5(as_u_text(rows).encode(), usedforsecurity=False).hexdigest()


def is_movielens_100k(data: Dataset) -> bool:
    """u1.test as rebuilt from these rows is byte for byte the published one."""
    return len(data.ratings) == 100_000 and md5_of(fold(data, 1).test) == U1_TEST_MD5


def chronological(data: Dataset) -> Split:
    """Of each user the first 80 % are learned from, the rest is asked; ratings of one second are ordered by chance."""
    ratings = data.ratings
    chance = np.random.RandomState(0).rand(len(ratings))
    order = np.lexsort((chance, ratings["timestamp"], data.user_index))
    by_user = ratings.iloc[order].groupby("user_id", sort=False)["stars"]
    is_late = by_user.cumcount().to_numpy() >= np.floor(0.8 * by_user.transform("size").to_numpy())
    return split_at("chronological", data, marked(len(ratings), order[is_late]))


def newcomers(data: Dataset) -> Newcomers:
    """A fifth of the users by chance; of each 10 to 40 ratings are held, and the others given in a random order."""
    chance = np.random.RandomState(3)
    user = data.user_index
    new = chance.permutation(len(data.users))[: len(data.users) // 5]
    rows_of = pd.Series(user).groupby(user).indices
    given, held = [], []
    for person in new:
        shuffled = chance.permutation(rows_of.get(person, np.arange(0)))
        cut = len(shuffled) - how_many_held(len(shuffled))
        given.append(shuffled[:cut])
        held.append(shuffled[cut:])
    is_new = marked(len(data.users), new)
    known = replace(data, users=data.users[~is_new], ratings=data.ratings[~is_new[user]])
    places = np.concatenate([np.arange(len(rows)) for rows in given])
    given_rows = data.ratings.iloc[np.concatenate(given)].assign(place=places)
    return Newcomers(known, data.users[is_new], given_rows, data.ratings.iloc[np.concatenate(held)])


def how_many_held(ratings: int) -> int:
    """Half of them, at least 10 and at most 40; all when there are fewer than 10."""
    return min(ratings, 40 if ratings >= 60 else max(10, min(ratings // 2, 40)))


def splits_of(data: Dataset) -> dict[str, Callable[[], Split]]:
    """Every split into two parts that this data has, by its name on the command line; made when it is called for."""
    found: dict[str, Callable[[], Split]] = {}
    if is_movielens_100k(data):
        found |= {name: partial(fold, data, number) for number, name in enumerate(FOLD_NAMES, 1)}
    found["random"] = partial(random_split, data)
    if data.timed:
        found["chronological"] = partial(chronological, data)
    return found


def without_timestamps(data: Dataset) -> Dataset:
    """The same ratings for a model that must not know when they were given."""
    return replace(data, ratings=data.ratings.assign(timestamp=0))
