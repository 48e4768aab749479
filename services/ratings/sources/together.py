"""The tables of one source, looked at and put together: Dataset, with a warning about whatever had to be supposed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from services.ratings.dataset import Dataset
from services.ratings.sources.complaints import Complaints
from services.ratings.sources.movies import by_id, good_movies, odd_genres
from services.ratings.sources.ratings import Known, Scale, good_ratings
from services.ratings.sources.tables import Tables
from services.ratings.sources.users import good_users, strangers, with_strangers


@dataclass(frozen=True)
class Found:
    """The good rows of each table, and what is wrong with the others."""

    tables: Tables
    ratings: pd.DataFrame
    movies: pd.DataFrame | None
    users: pd.DataFrame | None
    scale: Scale | None  # as it was given or is known
    complaints: Complaints


def look_at(tables: Tables, scale: Scale | None) -> Found:
    complaints, known, movies = Complaints(), None, None
    if tables.movies:
        movies = good_movies(tables.movies, complaints)
        known = Known(tables.movies.where, pd.Index(movies["movie_id"]))
    users = good_users(tables.users, complaints) if tables.users else None
    ratings = good_ratings(tables.ratings, known, scale, complaints)
    return Found(tables, ratings, movies, users, scale, complaints)


def together(found: Found, title: str, licence: str) -> Dataset:
    ratings = found.ratings.reset_index(drop=True)
    movies, of_movies = all_movies(found)
    users, of_users = all_users(found)
    scale, of_scale = scale_of(found)
    name = f"{title}: {len(ratings):,} ratings by {len(users):,} users of {len(movies):,} movies{years(ratings)}"
    return Dataset(ratings, movies, users, scale, name, licence, [*of_scale, *of_users, *of_movies])


def all_movies(found: Found) -> tuple[pd.DataFrame, list[str]]:
    if found.tables.movies is None or found.movies is None:
        return by_id(found.ratings), ["no movies were given: they are named by their ids, without years and genres"]
    movies = found.movies.reset_index(drop=True)
    return movies.fillna({"genres": ""}), odd_genres(found.movies, found.tables.movies.where)


def all_users(found: Found) -> tuple[pd.DataFrame, list[str]]:
    if found.tables.users is None or found.users is None:
        return pd.DataFrame({"user_id": sorted(found.ratings["user_id"].unique())}), []
    unknown = strangers(found.users, found.ratings)
    who = f"{len(unknown):,} of the users who rated, the first is {unknown[0]}" if len(unknown) else ""
    warnings = [f"{found.tables.users.where} does not have {who}; they are kept, with nothing known of them"]
    return with_strangers(found.users, unknown), warnings if who else []


def scale_of(found: Found) -> tuple[Scale, list[str]]:
    if found.scale:
        return found.scale, []
    low, high = float(found.ratings["stars"].min()), float(found.ratings["stars"].max())
    return (low, high), [f"the scale is taken to be {low:g} to {high:g}, as found; --scale LOW HIGH sets another"]


def years(ratings: pd.DataFrame) -> str:
    """ ", 1997 to 1998": when the ratings were given, where the source tells."""
    if not ratings["timestamp"].any():
        return ""
    first, last = (datetime.fromtimestamp(ratings["timestamp"].agg(end), UTC).year for end in ("min", "max"))
    return f", {first}" if first == last else f", {first} to {last}"
