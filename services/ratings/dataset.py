"""The prepared data in data/ratings: written by `prepare`, read by `train` and `evaluate`."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from services.ratings.features import GENRES
from shared.artifacts import read_manifest

TABLES = ("ratings", "movies", "users")


@dataclass(frozen=True)
class Dataset:
    """Ratings in the order of their source, and every movie and user that can be asked for."""

    ratings: pd.DataFrame  # user_id, movie_id, stars, timestamp (seconds since 1970, UTC; 0 everywhere: no times)
    movies: pd.DataFrame  # movie_id, title, year (0: unknown), genres (joined by "|")
    users: pd.DataFrame  # user_id, and what the source tells about them
    scale: tuple[float, float]  # fewest and most stars
    name: str
    licence: str
    warnings: list[str] = field(default_factory=list)

    @property
    def genres(self) -> list[str]:
        """The 19 of MovieLens, and whatever other genres the source has."""
        return vocabulary(self.movies["genres"])

    @property
    def movie_genres(self) -> list[list[str]]:
        return [names.split("|") if names else [] for names in self.movies["genres"]]

    @property
    def timed(self) -> bool:
        """Whether the source tells when the ratings were given."""
        return bool(self.ratings["timestamp"].any())

    @property
    def user_index(self) -> np.ndarray:
        return positions(self.users["user_id"], self.ratings["user_id"])

    @property
    def movie_index(self) -> np.ndarray:
        return positions(self.movies["movie_id"], self.ratings["movie_id"])


def vocabulary(genres: pd.Series) -> list[str]:
    found = {name for names in genres for name in names.split("|") if name}
    return [*GENRES, *sorted(found - set(GENRES))]


def positions(ids: pd.Series, wanted: pd.Series) -> np.ndarray:
    return np.asarray(pd.Index(ids).get_indexer(pd.Index(wanted)))


def write(data: Dataset, folder: Path) -> None:
    for table in TABLES:
        getattr(data, table).to_parquet(folder / f"{table}.parquet", index=False)


def read(folder: Path) -> Dataset:
    """What `prepare` wrote; ArtifactMissing says how to make it when it is not there."""
    manifest = read_manifest(folder)
    ratings, movies, users = (pd.read_parquet(folder / f"{table}.parquet") for table in TABLES)
    low, high = np.asarray(manifest.config["scale"], float)
    return Dataset(ratings, movies, users, (low, high), manifest.data, str(manifest.config["licence"]))
