"""Ratings as MovieLens has them, in any number: to see what more ratings cost. They teach nothing about people.

Who rates much and what is rated much is spread as in ML-100K; users and movies grow with the ratings as they do from
ML-100K to ML-10M. Stars are mu + b_u + b_i + p_u . q_i + noise, where q_i comes in part from the movie's genres.
Axes: U users, M movies, R ratings, G genres, D width.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.features import GENRES

ML_100K = (100_000, 943, 1682)  # ratings, users, movies
GROWTH = (0.935, 0.40)  # of users and movies with the ratings: ML-10M has 69,878 and 10,677
FEWEST = 20  # ratings of a user
ACTIVE, POPULAR = 1.14, 1.6  # sigma of the logarithm of how much a user rates, and a movie is rated
MOST = 2.3  # sigmas: the busiest user of ML-100K rated 737 movies
SHARE = 2  # nobody rates more than half of the movies
MEAN, OF_USERS, OF_MOVIES, OF_TASTE, NOISE = 3.53, 0.42, 0.5, 0.35, 0.87  # stars, as in ML-100K
LIKED = 0.12  # stars a movie gains when it is rated e times as often
WIDTH = 10
GENRE_COUNTS = (0.50, 0.34, 0.16)  # movies with 1, 2 and 3 genres
FIRST, YEARS, SECONDS_A_DAY = 874_724_710, 3, 86_400  # the first rating of ML-100K


@dataclass(frozen=True)
class Movies:
    table: pd.DataFrame
    taste: np.ndarray  # (M, D)
    share: np.ndarray  # (M,) of all ratings


def synthetic(ratings: int, seed: int) -> Dataset:
    """About so many ratings: by a few per cent more or less. The same seed gives the same."""
    dice = np.random.default_rng(seed)
    times = ratings / ML_100K[0]
    users, count = (max(2, round(of * times**growth)) for of, growth in zip(ML_100K[1:], GROWTH, strict=True))
    movies = make_movies(count, dice)
    user, movie = who_rates_what(activity(users, ratings, count, dice), movies.share, dice)
    columns = {
        "user_id": user + 1,
        "movie_id": movie + 1,
        "stars": stars_of(user, movie, movies, dice),
        "timestamp": moments(user, dice),
    }
    rows = pd.DataFrame(columns)
    people = pd.DataFrame({"user_id": np.arange(1, users + 1)})
    return Dataset(rows, movies.table, people, (1.0, 5.0), f"synthetic, {len(rows):,} ratings", "none")


def make_movies(count: int, dice: np.random.Generator) -> Movies:
    flags = make_genres(count, dice)  # (M, G)
    of_genres = flags @ dice.normal(size=(len(GENRES), WIDTH)) / np.sqrt(flags.sum(1, keepdims=True))
    taste = (of_genres + dice.normal(size=(count, WIDTH))) * OF_TASTE / np.sqrt(2 * WIDTH)
    popular = np.exp(POPULAR * dice.normal(size=count))
    table = pd.DataFrame({"movie_id": np.arange(1, count + 1)})
    table["title"] = "Movie " + table["movie_id"].astype(str)
    table["year"] = 2000 - dice.exponential(12, count).astype(int).clip(max=80)
    table["genres"] = ["|".join(GENRES[genre] for genre in np.flatnonzero(row)) for row in flags]
    return Movies(table, taste, popular / popular.sum())


def make_genres(count: int, dice: np.random.Generator) -> np.ndarray:
    """1 to 3 of each movie, the first of the list the likeliest; (M, G)."""
    likely = np.log(1 / (1 + np.arange(len(GENRES)))) + dice.gumbel(size=(count, len(GENRES)))
    place = np.argsort(np.argsort(-likely, axis=1), axis=1)
    many = dice.choice(len(GENRE_COUNTS), count, p=GENRE_COUNTS)
    return np.asarray(place <= many[:, None])


def activity(users: int, ratings: int, movies: int, dice: np.random.Generator) -> np.ndarray:
    """How much each user rates, (U,)."""
    share = np.exp(ACTIVE * dice.normal(size=users).clip(-MOST, MOST))
    above = max(0, ratings - FEWEST * users) * share / share.sum()
    return np.asarray(np.minimum(FEWEST + above.round().astype(int), max(1, movies // SHARE)))


def who_rates_what(counts: np.ndarray, share: np.ndarray, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Each user's movies by their shares; what he has already is drawn anew. (R,) and (R,), by user."""
    upper, movies = share.cumsum() / share.sum(), len(share)
    pairs, whole = np.zeros(0, np.int64), []
    missing = counts
    while missing.any():
        user = np.repeat(np.arange(len(counts)), missing)
        movie = np.searchsorted(upper, dice.random(len(user)), side="right").clip(max=movies - 1)
        pairs = np.unique(np.concatenate([pairs, user * movies + movie]))
        missing = np.where(missing > 0, counts - np.bincount(pairs // movies, minlength=len(counts)), 0)
        is_whole = missing[pairs // movies] == 0
        whole.append(pairs[is_whole])
        pairs = pairs[~is_whole]
    return np.divmod(np.sort(np.concatenate(whole)), movies)


def stars_of(user: np.ndarray, movie: np.ndarray, movies: Movies, dice: np.random.Generator) -> np.ndarray:
    """Whole stars, 1 to 5; a movie that is rated much is liked more."""
    users, count = int(user.max()) + 1, len(movies.taste)
    likes = dice.normal(size=(users, WIDTH))
    by_user, by_movie = OF_USERS * dice.normal(size=users), OF_MOVIES * dice.normal(size=count)
    likings = np.log(movies.share)
    by_movie += LIKED * (likings - movies.share @ likings)
    taste = np.einsum("rd,rd->r", likes[user], movies.taste[movie])
    stars = MEAN + by_user[user] + by_movie[movie] + taste + NOISE * dice.normal(size=len(user))
    return np.asarray(stars.round().clip(1, 5), "float32")


def moments(user: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Everybody begins on some day and rates on in sittings: a day's ratings lie within minutes, (R,)."""
    begins = FIRST + dice.integers(0, YEARS * 365 * SECONDS_A_DAY, int(user.max()) + 1)
    days = dice.geometric(0.4, len(user)) - 1
    return np.asarray(begins[user] + days * SECONDS_A_DAY + dice.exponential(600, len(user)).astype(np.int64))
