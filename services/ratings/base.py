"""The fitted factors with all that goes with them: from ratings to people folded in, and what is seen of a question.

Serving and training see the same: a person is his ratings and what is told of him, a question is a movie and perhaps a
moment. Axes: N people, B questions, M movies, F features.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from services.ratings.company import Company
from services.ratings.features import Standard
from services.ratings.history import Histories
from services.ratings.memory import PAIRS_AT_ONCE, Asked, Head, Memory, brought
from services.ratings.model import Factors, People

NEWCOMER = 3.0  # ratings at which the company that somebody keeps counts half
PEOPLE_AT_ONCE = 2048
ACTIVE = 10.0  # ratings at which their number counts half: who has given few may yet give many


@dataclass(frozen=True)
class Questions:
    """B questions: who, which movie, and when (None: the moment is unknown)."""

    person: Tensor  # (B,) of N
    movie: Tensor  # (B,)
    at: Tensor | None  # (B,) seconds

    def __len__(self) -> int:
        return len(self.movie)

    def of(self, rows: Tensor) -> "Questions":
        return Questions(self.person[rows], self.movie[rows], None if self.at is None else self.at[rows])


@dataclass(frozen=True)
class Seen:
    """What is seen of B questions."""

    parts: Tensor  # (B, 3) baseline, matrix factorisation, features
    brought: Tensor  # (B, heads) by attention
    told: Tensor  # (B, inputs) all that the MLP and the interval are told

    @classmethod
    def join(cls, several: list["Seen"]) -> "Seen":
        return cls(*(torch.cat([getattr(one, name) for one in several]) for name in ("parts", "brought", "told")))

    def of(self, rows: Tensor) -> "Seen":
        return Seen(self.parts[rows], self.brought[rows], self.told[rows])


@dataclass(frozen=True)
class Known:
    """N people with their ratings, folded in."""

    own: Histories
    people: People
    errors: Tensor  # (R,) of the factors' stars for the own ratings


@dataclass(frozen=True)
class Base:
    factors: Factors
    company: Company
    counted: Standard  # of log(1 + ratings)
    told: Standard  # of what is told of people
    kept: Standard  # of the company they keep
    memory: Memory
    top: float  # y of the highest rating

    def features(self, own: Histories, profile: Tensor) -> Tensor:
        """x_u: how many ratings, what is told (N, P), whose company; (N, F)."""
        return person_features(own, profile, self.company, self.counted, self.told, self.kept)

    def know(self, own: Histories, profile: Tensor) -> Known:
        people = self.factors.fold_in(own, self.features(own, profile))
        stars = self.factors.stars(people, own.person, own.movie) - self.factors.mu
        return Known(own, people, own.y - stars)

    def errors(self, own: Histories, profile: Tensor) -> Tensor:
        """Of the factors' stars for everybody's own ratings, some people at a time; (R,)."""
        blocks = torch.split(torch.arange(len(own)), PEOPLE_AT_ONCE)
        return torch.cat([self.know(own.of(people), profile[people]).errors for people in blocks])

    def see(self, known: Known, asked: Questions) -> Seen:
        """Everything that is seen of the questions."""
        parts = self.factors.parts(known.people, asked.person, asked.movie)
        variance = self.factors.variance(known.people, asked.person, asked.movie)
        alpha = known.people.alpha.mean(0)[asked.person]
        first = torch.stack([parts.sum(1), variance.clamp(min=1e-6).log(), alpha.log()], dim=1)
        brought, told = self.remember(known, asked)
        return Seen(parts, brought, torch.cat([first, told, brought], dim=1))

    def remember(self, known: Known, asked: Questions) -> tuple[Tensor, Tensor]:
        """What attention brings, (B, heads), and what else memory tells, (B, X); person by person, some at a time."""
        order = asked.person.argsort(stable=True)
        found = [(rows, *self.look(known, asked, layout)) for rows, layout in batches(known.own, asked, order)]
        back = torch.cat([rows for rows, _, _ in found]).argsort()
        return torch.cat([b for _, b, _ in found])[back], torch.cat([t for _, _, t in found])[back]

    def look(self, known: Known, asked: Questions, layout: Tensor) -> tuple[Tensor, Tensor]:
        """The same for questions laid out as (n, q), of one person a line; -1 where there is none."""
        view, heads, told = self.attend(known, asked, layout)
        there = layout >= 0
        return brought(heads, view)[there], told[there]

    def attend(self, known: Known, asked: Questions, layout: Tensor) -> tuple[Asked, list[Head], Tensor]:
        """The heads for questions laid out as (n, q), of one person a line; -1 where there is none."""
        question = layout.clamp(min=0)
        people = asked.person[question[:, 0]]  # (n,)
        own = known.own.of(people)
        place, real = own.padded()
        errors = known.errors[index_of(known.own, people)]
        y, movie = own.y[place], own.movie[place]
        view = Asked(
            movie=asked.movie[question],
            at=None if asked.at is None else asked.at[question],
            own=movie,
            own_at=own.at[place],
            error=errors[place] * real,
            distance=(y - self.memory.mean[movie]) * real,
            top=(y >= self.top).float() * real,
            real=real,
        )
        heads, told = self.memory.look(view)
        return view, heads, told


def index_of(own: Histories, people: Tensor) -> Tensor:
    """Where the ratings of some people stand in the flat list."""
    counts = own.counts[people]
    begins = (own.offsets[people] - (counts.cumsum(0) - counts)).repeat_interleave(counts)
    return torch.arange(len(begins)) + begins


def batches(own: Histories, asked: Questions, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Questions in lines of one person each, in blocks of people with about equally many ratings.

    Yields the questions of a block (B',) and their layout (n, q), -1 where a line is not full.
    """
    people, counts = torch.unique_consecutive(asked.person[order], return_counts=True)
    begins, longest = counts.cumsum(0) - counts, own.counts[people]
    begins, counts, longest = pieces(begins, counts, longest)
    waiting = longest.argsort(stable=True).tolist()
    sizes = list(zip(longest.tolist(), counts.tolist(), strict=True))
    while waiting:
        taken = block(waiting, sizes)
        lines, waiting = torch.tensor(waiting[:taken]), waiting[taken:]
        place = torch.arange(int(counts[lines].max()))
        layout = torch.where(place < counts[lines, None], begins[lines, None] + place, -1)
        layout = order[layout.clamp(min=0)].where(layout >= 0, -1)
        yield layout[layout >= 0], layout


def pieces(begins: Tensor, counts: Tensor, longest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lines cut so that none alone has more pairs than a block may have: somebody may ask about the whole catalogue."""
    most = (PAIRS_AT_ONCE // longest.clamp(min=1)).clamp(min=1)
    cuts = (counts + most - 1) // most
    line = torch.arange(len(counts)).repeat_interleave(cuts)
    done = (torch.arange(len(line)) - (cuts.cumsum(0) - cuts)[line]) * most[line]
    return begins[line] + done, torch.minimum(most[line], counts[line] - done), longest[line]


def block(waiting: list[int], sizes: list[tuple[int, int]]) -> int:
    """How many of the waiting lines fit into one block; at least one."""
    most, taken = 0, 0
    for line in waiting:
        own, questions = sizes[line]
        most = max(most, questions)
        if taken and (taken + 1) * most * max(own, 1) > PAIRS_AT_ONCE:
            break
        taken += 1
    return taken


def person_features(
    own: Histories, profile: Tensor, company: Company, counted: Standard, told: Standard, kept: Standard
) -> Tensor:
    n = own.counts[:, None].float()
    count = counted(n.log1p()) * n / (n + ACTIVE)
    return torch.cat([count, told(profile), kept(company.of(own)) * n / (n + NEWCOMER)], dim=1)
