"""The context branch's eyes: attention of an asked movie over the person's own ratings.

Each head weighs the own ratings j by how near they are to the asked movie i, and brings back what those ratings were
above what was expected: sum_j a_j e_j with a_j = s(i, j) k(t - t_j) / (c + sum |s k|). Nearness s is one of: correlated
errors and raters in common (both for the most rated movies), the same genres, near factors, near company, or none; k
decays with the time between, or asks for the same part of the day or week. c keeps a head silent where nothing is near.

e_j is the error of the factors' stars for the own rating (`error`), or its distance from the movie's mean (`distance`).
Axes: N people, q asked movies of each, h own ratings of each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from services.ratings.features import is_day, is_weekend
from services.ratings.history import Histories

MOST_RATED = 1000  # movies in the tables of pairs; the others have no such pairs
DECAYS = (60.0, 3600.0, 86_400.0, 864_000.0, 8_640_000.0)  # seconds
UNKNOWN = 0  # a moment
LONG_AGO = 4e9  # seconds; before any rating
PAIRS_AT_ONCE = 150_000


@dataclass(frozen=True)
class Asked:
    """N people asked about q movies each, over their h own ratings; `real` marks what is no filling."""

    movie: Tensor  # (N, q)
    at: Tensor | None  # (N, q) seconds; None: the moment is unknown, or plays no role
    own: Tensor  # (N, h) movies
    own_at: Tensor  # (N, h)
    error: Tensor  # (N, h) stars
    distance: Tensor  # (N, h) stars
    top: Tensor  # (N, h) whether it was the highest rating
    real: Tensor  # (N, h)


@dataclass(frozen=True)
class Head:
    """Weights of one attention head, and which of the two values it brings back."""

    weights: Tensor  # (N, q, h)
    brings_error: bool


@dataclass(frozen=True)
class Memory:
    genres: Tensor  # (M, G) unit rows
    taste: Tensor  # (M, E) unit rows: factors of some samples, side by side
    company: Tensor  # (M, K) unit rows
    place: Tensor  # (M,) in the tables of pairs; the last place is everybody else's
    correlation: Tensor  # (P, P) of errors, shrunken
    overlap: Tensor  # (P, P) squared Jaccard index of the raters, shrunken
    mean: Tensor  # (M,) shrunken mean of y
    habits: Tensor  # (M, 5) mean error, spread, share of highest ratings, log count, mean squared error

    @classmethod
    def blank(cls) -> "Memory":
        """Of nothing yet."""
        return cls(*[torch.zeros(0) for _ in fields(cls)])

    def nearness(self, asked: Asked) -> Iterator[tuple[Tensor, float, bool]]:
        """Each kind: s (N, q, h), the constant c, and whether the heads of both values are used."""
        i, j = self.place[asked.movie][:, :, None], self.place[asked.own][:, None, :]
        real = asked.real[:, None, :].float()
        yield self.correlation[i, j] * real, 0.5, False
        yield self.overlap[i, j] * real, 0.1, True
        yield cosines(self.genres, asked).pow(3) * real, 3.0, True
        yield cosines(self.taste, asked) * real, 2.0, False
        yield cosines(self.company, asked).clamp(min=0).square() * real, 1.0, True

    def look(self, asked: Asked) -> tuple[list[Head], Tensor]:
        """The heads, and what else the MLP is told: (N, q, X)."""
        heads, told = [], []
        for s, c, both in self.nearness(asked):
            total = s.abs().sum(-1, keepdim=True)
            heads += [Head(s / (total + c), True)] + ([Head(s / (total + c), False)] if both else [])
            told.append((total[..., 0] + c).log())
            company = s
        real = asked.real[:, None, :].float().expand_as(company)
        told += self.of_person(asked, real)
        heads += [Head(real / (real.sum(-1, keepdim=True) + 3), brings_error) for brings_error in (True, False)]
        if asked.at is not None:
            in_time, more = moments(asked, company, real)
            heads, told = heads + in_time, told + more
        return heads, torch.cat([torch.stack(told, dim=-1), self.habits[asked.movie]], dim=-1)

    def of_person(self, asked: Asked, real: Tensor) -> list[Tensor]:
        """How many own ratings, how scattered, how surprising, how often the highest."""
        count = real.sum(-1)  # (N, q)
        means = [
            (real @ value[:, :, None])[..., 0] / (count + 3)
            for value in (asked.distance.square(), asked.error.square(), asked.top)
        ]
        return [count.log1p(), *means]


def cosines(table: Tensor, asked: Asked) -> Tensor:
    return table[asked.movie] @ table[asked.own].mT  # (N, q, h)


def moments(asked: Asked, company: Tensor, real: Tensor) -> tuple[list[Head], list[Tensor]]:
    """Heads of what was rated lately, or at the same part of the day or week."""
    assert asked.at is not None
    gap = (asked.at[:, :, None] - asked.own_at[:, None, :]).clamp(min=0).float()  # (N, q, h)
    heads, told = [], []
    for decay in DECAYS:
        weights = torch.exp(-gap / decay) * real
        total, near = weights.sum(-1, keepdim=True), weights * company
        heads += [
            Head(weights / (total + 2), True),
            Head(weights / (total + 2), False),
            Head(near / (near.sum(-1, keepdim=True) + 1), True),
        ]
        told.append(total[..., 0].log1p())
    known = (asked.own_at != UNKNOWN)[:, None, :] * real
    for part in (is_day, is_weekend):
        weights = (part(asked.at)[:, :, None] == part(asked.own_at)[:, None, :]).float() * known
        heads.append(Head(weights / (weights.sum(-1, keepdim=True) + 5), False))
    nothing = gap.new_full((*gap.shape[:2], 1), LONG_AGO)  # also for who has rated nothing
    told.append(torch.cat([gap.where(real > 0, LONG_AGO), nothing], dim=-1).amin(-1).log1p())
    return heads, told


def brought(heads: list[Head], asked: Asked) -> Tensor:
    """What the heads bring back, (N, q, heads)."""
    values = [asked.error if head.brings_error else asked.distance for head in heads]
    return torch.cat([head.weights @ value[:, :, None] for head, value in zip(heads, values, strict=True)], dim=-1)


def remember(own: Histories, errors: Tensor, genres: Tensor, taste: Tensor, company: Tensor, top: float) -> Memory:
    """The tables, from the training's ratings and the errors of the factors' stars for them (R,)."""
    movies, one = len(genres), torch.ones_like(errors)
    count = tally(own.movie, one, movies)
    mean = tally(own.movie, own.y, movies) / (count + 5)
    spread = (tally(own.movie, own.y.square(), movies) + 5 * own.y.square().mean()) / (count + 5) - mean.square()
    highest = (tally(own.movie, (own.y >= top).float(), movies) + 1) / (count + 5)
    wrong = (tally(own.movie, errors.square(), movies) + 3 * errors.square().mean()) / (count + 3)
    habits = [
        tally(own.movie, errors, movies) / (count + 5),
        spread.clamp(min=0.01).sqrt(),
        highest,
        count.log1p(),
        wrong,
    ]
    place, correlation, overlap = pairs(own, errors, count)
    near = unit(genres), unit(taste), unit(company)
    return Memory(*near, place, correlation, overlap, mean, torch.stack(habits, dim=1))


def unit(rows: Tensor) -> Tensor:
    length: Tensor = rows.norm(dim=1, keepdim=True)
    return rows / length.clamp(min=1e-6)


def tally(index: Tensor, values: Tensor, rows: int) -> Tensor:
    return torch.bincount(index, values.double(), minlength=rows).float()


def pairs(own: Histories, errors: Tensor, count: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Correlation of errors and overlap of raters for pairs of the most rated movies, some people at a time."""
    kept = min(MOST_RATED, len(count))
    place = torch.full_like(count, kept, dtype=torch.long)
    place[count.argsort(descending=True, stable=True)[:kept]] = torch.arange(kept)
    together, products = torch.zeros(2, kept + 1, kept + 1)
    for people in torch.split(torch.arange(len(own)), 4096):
        rows = slice(int(own.offsets[people[0]]), int(own.offsets[people[-1] + 1]))
        index = (own.person[rows] - people[0], place[own.movie[rows]])
        seen, wrong = torch.zeros(2, len(people), kept + 1)
        seen[index], wrong[index] = 1, errors[rows]
        together, products = together + seen.T @ seen, products + wrong.T @ wrong
    correlation = products / ((together + 25) * errors.square().mean().clamp(min=1e-6))
    raters = together.diagonal()
    overlap = (together / (raters[:, None] + raters[None] - together + 20)).square()
    correlation[kept], correlation[:, kept], overlap[kept], overlap[:, kept] = 0, 0, 0, 0
    return place, correlation, overlap
