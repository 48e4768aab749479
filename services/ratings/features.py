"""What the model sees of a movie and of a moment, computed in one place for training and for serving.

The newsletter's features: 19 genres, old or new, daytime, weekend. Its text marks movies of 2000 and later as `old`;
here `old` means before 2000, as the word does. Daytime is 06:00:00 to 19:59:59, the weekend Saturday and Sunday; UTC.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# MovieLens' genres. Its "(no genres listed)" and "unknown" are no genre: such a movie has none of these.
GENRES = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
NO_YEAR = 0
NEW_FROM = 2000
YEARS = (1960, 2020)
DAY_HOURS = (6, 20)  # from, until; the last is night again
SECONDS_A_DAY = 86_400


def genre_flags(names: Sequence[Sequence[str]], genres: Sequence[str]) -> Tensor:
    """Which movie has which genre."""
    flags = torch.zeros(len(names), len(genres))  # (M, G)
    for movie, own in enumerate(names):
        flags[movie, [genres.index(name) for name in own]] = 1
    return flags


def movie_features(flags: Tensor, year: Tensor) -> Tensor:
    """Genres (of unit length, so that five genres weigh as much as one), decades from 1990, and old.

    A movie without a year is neither old nor new. Years end at 1960 and 2020: a straight line through the ratings of
    the nineties would promise a friend of old movies five stars for every silent one.
    """
    known = year != NO_YEAR
    decades = torch.where(known, (year.clamp(*YEARS) - 1990) / 10, 0.0)
    old = torch.where(known, (year < NEW_FROM).float(), 0.5)
    genres = flags / flags.sum(1, keepdim=True).clamp(min=1).sqrt()
    return torch.cat([genres, decades[:, None], old[:, None]], dim=1)  # (M, F)


def is_day(seconds: np.ndarray) -> np.ndarray:
    """Whether a time (seconds since 1970, UTC) lies between 6 and 20 h."""
    hour = seconds % SECONDS_A_DAY // 3600
    return (hour >= DAY_HOURS[0]) & (hour < DAY_HOURS[1])


def is_weekend(seconds: np.ndarray) -> np.ndarray:
    """Whether a time (seconds since 1970, UTC) lies on a Saturday or Sunday; 1970 began on a Thursday."""
    weekday = (seconds // SECONDS_A_DAY + 3) % 7  # Monday is 0
    return weekday >= 5


def context_features(seconds: np.ndarray) -> Tensor:
    """Day and weekend as 1 or 0."""
    return torch.from_numpy(np.stack([is_day(seconds), is_weekend(seconds)], axis=1)).float()  # (B, 2)


def habits(index: Tensor, stars: Tensor, rows: int, prior: float = 5.0) -> Tensor:
    """Of each user (or movie): log(1 + ratings), and log of their standard deviation, shrunk towards that of all."""
    count = torch.bincount(index, minlength=rows)  # (rows,)
    mean = torch.bincount(index, stars, minlength=rows) / count.clamp(min=1)
    square = torch.bincount(index, (stars - mean[index]) ** 2, minlength=rows)
    variance = (square + prior * stars.var(correction=0)) / ((count - 1).clamp(min=0) + prior)
    return torch.stack([count.log1p(), variance.clamp(min=1e-4).log() / 2], dim=1).float()  # (rows, 2)
