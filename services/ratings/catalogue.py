"""The movies: found by id, listed, counted."""

import unicodedata
from pathlib import Path

import numpy as np

from services.ratings.features import NO_YEAR
from services.ratings.schemas.movies import Movie
from shared.problems import NotFound, Unprocessable
from shared.tensors import load_tensors


class Catalogue:
    """M movies by position, and how they are rated."""

    def __init__(self, tables: dict[str, np.ndarray], titles: list[str], genres: list[str]) -> None:
        self.titles, self.genres = titles, genres
        self.movie_id, self.year = tables["movie_id"], tables["year"]
        self.flags = tables["flags"] > 0  # (M, G)
        self.movie_at = {int(movie): position for position, movie in enumerate(self.movie_id)}
        self.count = np.bincount(tables["movie"], minlength=len(self.movie_id))
        self.sum = np.bincount(tables["movie"], tables["stars"], minlength=len(self.movie_id))
        self.plain_titles = [plain(title) for title in titles]

    @property
    def by_count(self) -> np.ndarray:
        """Positions, the most rated first."""
        return np.lexsort((self.movie_id, -self.count))

    def known(self) -> str:
        ids = self.movie_id
        return f"there are {len(ids):,} movies, with ids from {ids.min()} to {ids.max()}; /ratings/movies lists them"

    def position(self, movie_id: int) -> int:
        if movie_id not in self.movie_at:
            raise NotFound(f"no movie {movie_id}: {self.known()}")
        return self.movie_at[movie_id]

    def genre(self, name: str) -> np.ndarray:
        """Which movies are of the genre."""
        names = [genre.casefold() for genre in self.genres]
        if name.casefold() not in names:
            raise Unprocessable(f"no genre {name!r}: the genres are {', '.join(self.genres)}")
        return self.flags[:, names.index(name.casefold())]  # (M,)

    def wanted(self, genre: str | None) -> np.ndarray:
        """Which movies are of the genre, or all."""
        return self.genre(genre) if genre is not None else np.ones(len(self.titles), bool)  # (M,)

    def search(self, query: str, genre: str | None) -> list[int]:
        """Positions of the movies asked for, most rated first."""
        of_genre, wanted = self.wanted(genre), plain(query)
        return [int(m) for m in self.by_count if of_genre[m] and wanted in self.plain_titles[m]]

    def rerate(self, movie: int, before: float | None, after: float | None) -> None:
        """A rating came, went or changed."""
        self.count[movie] += (after is not None) - (before is not None)
        self.sum[movie] += (after or 0) - (before or 0)

    def details(self, movie: int) -> Movie:
        return Movie(
            movie_id=int(self.movie_id[movie]),
            title=self.titles[movie],
            year=int(self.year[movie]) if self.year[movie] != NO_YEAR else None,
            genres=[self.genres[genre] for genre in np.flatnonzero(self.flags[movie])],
            count=int(self.count[movie]),
            mean=mean(self.sum[movie], self.count[movie]),
        )


def read_tables(folder: Path) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in load_tensors(folder / "catalogue.safetensors").items()}


def mean(total: float, count: int) -> float | None:
    return round(float(total / count), 4) if count else None


def plain(text: str) -> str:
    """Lower case without accents, so that `miserables` finds Les Misérables."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
