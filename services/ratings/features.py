"""What the model sees of a movie and of a moment, computed in one place for training and for serving.

The newsletter's features: 19 genres, old or new, daytime, weekend. Its text marks movies of 2000 and later as `old`;
here `old` means before 2000, as the word does. Daytime is 06:00:00 to 19:59:59, the weekend Saturday and Sunday; UTC.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Times = TypeVar("Times", np.ndarray, Tensor)

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


def is_day(seconds: Times) -> Times:
    """Whether times (seconds since 1970, UTC) lie between 6 and 20 h."""
    hour = seconds % SECONDS_A_DAY // 3600
    return (hour >= DAY_HOURS[0]) & (hour < DAY_HOURS[1])


def is_weekend(seconds: Times) -> Times:
    """Whether times (seconds since 1970, UTC) lie on a Saturday or Sunday; 1970 began on a Thursday."""
    weekday = (seconds // SECONDS_A_DAY + 3) % 7  # Monday is 0
    return weekday >= 5


@dataclass(frozen=True)
class Column:
    """One thing that a data set tells of its users, such as the age: a number, or one of some values."""

    name: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()  # a number counts by the edges it reaches

    @property
    def width(self) -> int:
        return len(self.edges) or len(self.values)

    def flags(self, value: object) -> list[float]:
        """0 and 1; not-a-number throughout where the value is unknown."""
        if self.edges:
            number = float(str(value)) if is_number(value) else math.nan
            return [math.nan if math.isnan(number) else float(number >= edge) for edge in self.edges]
        known = str(value) in self.values
        return [float(str(value) == each) if known else math.nan for each in self.values]


def is_number(value: object) -> bool:
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False


def profile_flags(columns: Sequence[Column], people: Sequence[Mapping[str, object]]) -> Tensor:
    """What is told of N people, as 0, 1 and not-a-number; (N, sum of the widths)."""
    rows = [[flag for column in columns for flag in column.flags(person.get(column.name))] for person in people]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(people), sum(column.width for column in columns))


@dataclass(frozen=True)
class Standard:
    """Mean 0 and standard deviation 1 over the training; what is unknown is average."""

    mean: Tensor  # (F,)
    spread: Tensor  # (F,)

    @classmethod
    def of(cls, x: Tensor) -> "Standard":
        known = ~x.isnan()
        count = known.sum(0).clamp(min=1)
        mean = x.nan_to_num().sum(0) / count
        spread = ((x.nan_to_num() - mean).square() * known).sum(0).div(count).sqrt()
        return cls(mean, spread.where(spread > 1e-6, 1.0))

    def __call__(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.spread).nan_to_num()
