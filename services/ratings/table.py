"""Every user's predictions for every movie, computed once: a row is filled when it is first asked for.

Only for catalogues small enough; a row is thrown away when its user rates. Axes: U users, M movies, V values.
"""

from threading import Lock

import numpy as np

from services.ratings.model import PARTS
from services.ratings.predictor import DECIMALS, Estimates

MOST_BYTES = 256_000_000
MOST_MOVIES = 3_000  # a row of more takes longer than anybody waits
VALUES = len(PARTS) + 1 + 3  # parts with the clip, low, high, sd
NEVER = -1


class Table:
    def __init__(self, users: int, movies: int) -> None:
        fits = movies <= MOST_MOVIES and 4 * users * movies * (VALUES + 3) <= MOST_BYTES
        self.users, self.movies = users if fits else 0, movies
        # The system gives the memory of a row when the row is written.
        self.values = np.empty((self.users, movies, VALUES), np.float32)
        self.stars = np.empty((self.users, movies), np.float32)
        self.best = np.empty((self.users, movies), np.int32)  # movies in the order of their stars, the best first
        self.unseen = np.empty((self.users, movies), np.int32)  # the same of those that the user has not rated
        self.left = np.zeros(self.users, np.int64)  # how many those are
        self.version = np.full(self.users, NEVER)
        self.lock = Lock()

    def has(self, user: np.ndarray | int, version: np.ndarray | int) -> bool:
        """Whether these users' rows are filled, and of this version."""
        return self.users > 0 and bool(np.all(self.version[user] == version))

    def fill(self, user: int, version: int, row: Estimates, seen: np.ndarray) -> None:
        """`row` of all M movies; `seen`: those that the user has rated."""
        best = np.lexsort((-row.unclipped, -row.stars))
        unseen = best[~np.isin(best, seen)]
        with self.lock:
            self.version[user] = NEVER
            self.values[user] = np.column_stack([row.parts, row.low, row.high, row.sd])
            self.stars[user], self.best[user] = row.stars, best
            self.unseen[user, : len(unseen)], self.left[user] = unseen, len(unseen)
            self.version[user] = version

    def page(self, user: int, version: int, may: np.ndarray | None, page: slice) -> tuple[np.ndarray, Estimates] | None:
        """The user's best movies and their estimates, when the row is filled and of this version.

        `may` (M,): which movies may be shown; None: whatever the user has not rated.
        """
        with self.lock:
            if not self.has(user, version):
                return None
            best = self.best[user]
            movie = self.top(user, page) if may is None else best[may[best]][page]
            return movie.copy(), self.estimates(user, movie)

    def top(self, user: int, page: slice) -> np.ndarray:
        """The user's best unseen movies."""
        return self.unseen[user, : self.left[user]][page]

    def pairs(self, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
        """The stars alone, (B,)."""
        return np.asarray(self.stars.ravel().take(user * self.movies + movie))

    def ready(self, user: np.ndarray, version: np.ndarray, movie: np.ndarray) -> Estimates | None:
        """The pairs' estimates, when all these rows are filled and of this version."""
        with self.lock:
            return self.estimates(user, movie) if self.has(user, version) else None

    def estimates(self, user: np.ndarray | int, movie: np.ndarray) -> Estimates:
        """What estimating the pairs anew would give, to 6 decimals."""
        found = self.values[user, movie]  # (B, V)
        parts = found[:, : len(PARTS) + 1].astype(float).round(DECIMALS)
        low, high, sd = found[:, len(PARTS) + 1 :].astype(float).T
        return Estimates(parts.sum(1).round(DECIMALS), low.round(4), high.round(4), sd, parts)
