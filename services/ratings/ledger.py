"""Who rated what as of now: the ratings of the training, and what was added or taken back since."""

from dataclasses import dataclass

import numpy as np

UNKNOWN = 0  # a time


@dataclass(frozen=True)
class Own:
    """One person's ratings, in no order."""

    movie: np.ndarray  # (n,) positions
    stars: np.ndarray  # (n,)
    at: np.ndarray  # (n,) seconds since 1970; UNKNOWN
    added: np.ndarray  # (n,) whether it came after the training

    def __len__(self) -> int:
        return len(self.movie)

    @classmethod
    def of(cls, rows: list[tuple[int, float, int, bool]]) -> "Own":
        movie, stars, at, added = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(np.array(movie, np.int64), np.array(stars, float), np.array(at, np.int64), np.array(added, bool))


class Ledger:
    """Users by id; movies by position. What is written here is not on the disk: see journal.py."""

    def __init__(self, user_id: np.ndarray, user: np.ndarray, movie: np.ndarray, stars: np.ndarray, at: np.ndarray):
        order = np.argsort(user, kind="stable")
        self.movie, self.stars, self.at = movie[order], stars[order].astype(float), at[order]
        self.offsets = np.concatenate([[0], np.bincount(user, minlength=len(user_id)).cumsum()])
        self.place = {int(one): place for place, one in enumerate(user_id)}
        self.changes: dict[int, dict[int, tuple[float | None, int]]] = {}
        self.versions: dict[int, int] = {}

    def version(self, user_id: int) -> int:
        """Grows with every change of the user."""
        return self.versions.get(user_id, 0)

    def knows(self, user_id: int) -> bool:
        return user_id in self.place or any(
            stars is not None for stars, _ in list(self.changes.get(user_id, {}).values())
        )

    def ids(self) -> list[int]:
        return sorted(self.place.keys() | {one for one in list(self.changes) if self.knows(one)})

    def own(self, user_id: int) -> Own:
        place, changes = self.place.get(user_id), dict(self.changes.get(user_id, {}))  # as of now, whoever writes
        rows = slice(0, 0) if place is None else slice(self.offsets[place], self.offsets[place + 1])
        kept = ~np.isin(self.movie[rows], list(changes))
        given = [(movie, stars, at, True) for movie, (stars, at) in sorted(changes.items()) if stars is not None]
        added = Own.of(given)
        return Own(
            np.concatenate([self.movie[rows][kept], added.movie]),
            np.concatenate([self.stars[rows][kept], added.stars]),
            np.concatenate([self.at[rows][kept], added.at]),
            np.concatenate([np.zeros(kept.sum(), bool), added.added]),
        )

    def stars_of(self, user_id: int, movie: int) -> float | None:
        own = self.own(user_id)
        found = own.stars[own.movie == movie]
        return float(found[0]) if len(found) else None

    def write(self, user_id: int, movie: int, stars: float | None, at: int) -> None:
        self.changes.setdefault(user_id, {})[movie] = (stars, at)
        self.versions[user_id] = self.version(user_id) + 1
