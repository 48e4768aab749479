"""The movies, the users and their ratings, as the engine keeps them: found by id, listed, counted."""

import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from services.ratings.features import NO_YEAR, is_day, is_weekend
from services.ratings.schemas import Movie, Profile, Rating, Share, User
from shared.problems import NotFound, Unprocessable
from shared.tensors import load_tensors


class Catalogue:
    """U users and M movies by position; R ratings."""

    def __init__(self, folder: Path) -> None:
        tables = {name: tensor.numpy() for name, tensor in load_tensors(folder / "catalogue.safetensors").items()}
        names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.titles: list[str] = names["titles"]
        self.genres: list[str] = names["genres"]
        self.movie_id, self.user_id, self.year = tables["movie_id"], tables["user_id"], tables["year"]
        self.flags = tables["flags"] > 0  # (M, G)
        self.user, self.movie, self.stars, self.at = (
            tables[n] for n in ("user", "movie", "stars", "timestamp")
        )  # (R,)
        self.movie_at = {int(movie): position for position, movie in enumerate(self.movie_id)}
        self.user_at = {int(user): position for position, user in enumerate(self.user_id)}
        self.movie_count = np.bincount(self.movie, minlength=len(self.movie_id))
        self.movie_sum = np.bincount(self.movie, self.stars, minlength=len(self.movie_id))
        self.user_count = np.bincount(self.user, minlength=len(self.user_id))
        self.user_sum = np.bincount(self.user, self.stars, minlength=len(self.user_id))
        self.plain_titles = [plain(title) for title in self.titles]
        self.by_count = np.lexsort((self.movie_id, -self.movie_count))

    def known_users(self) -> str:
        return known("users", self.user_id)

    def known_movies(self) -> str:
        return known("movies", self.movie_id)

    def position_of_user(self, user_id: int) -> int:
        if user_id not in self.user_at:
            raise NotFound(f"no user {user_id}: {self.known_users()}")
        return self.user_at[user_id]

    def position_of_movie(self, movie_id: int) -> int:
        if movie_id not in self.movie_at:
            raise NotFound(f"no movie {movie_id}: {self.known_movies()}")
        return self.movie_at[movie_id]

    def genre(self, name: str) -> np.ndarray:
        """Which movies are of the genre."""
        names = [genre.casefold() for genre in self.genres]
        if name.casefold() not in names:
            raise Unprocessable(f"no genre {name!r}: the genres are {', '.join(self.genres)}")
        return self.flags[:, names.index(name.casefold())]  # (M,)

    def search(self, query: str, genre: str | None) -> list[int]:
        """Positions of the movies asked for, most rated first."""
        of_genre = self.genre(genre) if genre is not None else np.ones(len(self.titles), bool)
        wanted = plain(query)
        return [int(m) for m in self.by_count if of_genre[m] and wanted in self.plain_titles[m]]

    def movie_details(self, movie: int) -> Movie:
        return Movie(
            movie_id=int(self.movie_id[movie]),
            title=self.titles[movie],
            year=int(self.year[movie]) if self.year[movie] != NO_YEAR else None,
            genres=[self.genres[genre] for genre in np.flatnonzero(self.flags[movie])],
            count=int(self.movie_count[movie]),
            mean=mean(self.movie_sum[movie], self.movie_count[movie]),
        )

    def user_details(self, user: int) -> User:
        count = int(self.user_count[user])
        return User(user_id=int(self.user_id[user]), count=count, mean=mean(self.user_sum[user], count))

    def ratings_of(self, user: int) -> np.ndarray:
        """Which ratings are the user's, newest first."""
        own = np.flatnonzero(self.user == user)
        return own[np.argsort(-self.at[own], kind="stable")]

    def rating(self, row: int) -> Rating:
        movie = self.movie[row]
        at = datetime.fromtimestamp(int(self.at[row]), UTC)
        return Rating(movie_id=int(self.movie_id[movie]), title=self.titles[movie], stars=float(self.stars[row]), at=at)

    def profile(self, user: int) -> Profile:
        own = self.ratings_of(user)
        day, weekend, stars = is_day(self.at[own]), is_weekend(self.at[own]), self.stars[own]
        flags = self.flags[self.movie[own]]  # (R of the user, G)
        genres = [share(name, stars[flags[:, genre]]) for genre, name in enumerate(self.genres)]
        return Profile(
            genres=sorted((g for g in genres if g.count), key=lambda g: -g.count),
            daytime=[share("day", stars[day]), share("night", stars[~day])],
            week=[share("weekday", stars[~weekend]), share("weekend", stars[weekend])],
        )


def known(what: str, ids: np.ndarray) -> str:
    return f"there are {len(ids):,} {what}, with ids from {ids.min()} to {ids.max()}; /ratings/{what} lists them"


def mean(total: float, count: int) -> float | None:
    return round(float(total / count), 4) if count else None


def share(name: str, stars: np.ndarray) -> Share:
    return Share(name=name, count=len(stars), mean=mean(stars.sum(), len(stars)))


def plain(text: str) -> str:
    """Lower case without accents, so that `miserables` finds Les Misérables."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
