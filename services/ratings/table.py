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
        fits = movies <= MOST_MOVIES and 4 * users * movies * VALUES <= MOST_BYTES
        self.users = users = users if fits else 0
        # The system gives the memory of a row when the row is written.
        self.values = np.empty((users, movies, VALUES), np.float32)
        self.best = np.empty((users, movies), np.int32)  # movies in the order of their stars, the best first
        self.version = np.full(users, NEVER)
        self.lock = Lock()

    def has(self, user: np.ndarray | int, version: np.ndarray | int) -> bool:
        """Whether these users' rows are filled, and of this version."""
        return self.users > 0 and bool(np.all(self.version[user] == version))

    def fill(self, user: int, version: int, row: Estimates) -> None:
        with self.lock:
            self.version[user] = NEVER
            self.values[user] = np.column_stack([row.parts, row.low, row.high, row.sd])
            self.best[user] = np.lexsort((-row.unclipped, -row.stars))
            self.version[user] = version

    def estimates(self, user: np.ndarray | int, movie: np.ndarray) -> Estimates:
        """What estimating the pairs anew would give, to 6 decimals."""
        found = self.values[user, movie]  # (B, V)
        parts = found[:, : len(PARTS) + 1].astype(float).round(DECIMALS)
        low, high, sd = found[:, len(PARTS) + 1 :].astype(float).T
        return Estimates(parts.sum(1).round(DECIMALS), low.round(4), high.round(4), sd, parts)
