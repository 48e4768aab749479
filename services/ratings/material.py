"""From a data set to what is learned from: positions instead of ids, and everything known as numbers."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from services.ratings.dataset import Dataset
from services.ratings.features import Column, genre_flags, movie_features, profile_flags
from services.ratings.learn import Material

MOST_VALUES = 50  # a column of text with more is no property but a name
FEWEST_NUMBERS = 10  # a column of numbers with fewer is a code
EDGES = (0.15, 0.3, 0.5, 0.7, 0.85)  # quantiles that a number is compared with


def material_of(data: Dataset, columns: list[Column]) -> Material:
    flags = genre_flags(data.movie_genres, data.genres)
    year = torch.tensor(data.movies["year"].to_numpy("int64"))
    return Material(
        user=torch.tensor(data.user_index),
        movie=torch.tensor(data.movie_index),
        stars=torch.tensor(data.ratings["stars"].to_numpy("float32")),
        at=torch.tensor(data.ratings["timestamp"].to_numpy("int64")),
        profile=profiles(data.users, columns),
        movies=movie_features(flags, year),
        genres=flags,
        scale=data.scale,
    )


def columns_of(users: pd.DataFrame) -> list[Column]:
    """What the data tells of its users, in a form that a newcomer can be asked for."""
    found = [column_of(name, users[name].dropna()) for name in users.columns if name != "user_id"]
    return [column for column in found if column.width]


def column_of(name: str, values: pd.Series) -> Column:
    distinct = sorted(values.unique().tolist())
    if pd.api.types.is_numeric_dtype(values) and len(distinct) >= FEWEST_NUMBERS:
        edges = sorted(set(np.quantile(values.to_numpy(float), EDGES).tolist()))
        return Column(name, edges=tuple(edges))
    texts = tuple(str(value) for value in distinct if str(value))
    return Column(name, values=texts if 1 < len(texts) <= MOST_VALUES else ())


def profiles(users: pd.DataFrame, columns: list[Column]) -> Tensor:
    """What is told of each user; not-a-number where it is unknown. (U, P)"""
    named = users[[column.name for column in columns]].to_dict("records")
    people = [{str(name): value for name, value in person.items()} for person in named]
    return profile_flags(columns, people or [{}] * len(users))
