"""What is predicted for people, from their ratings alone: stars, interval, parts, and each own rating's push.

The same for those of the training, for newcomers and for those who rate on: everybody is folded in. A question about a
moment is answered from the ratings up to it. Axes: N people, B questions, R own ratings, P parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from services.ratings.base import Base, Known, Questions, Seen
from services.ratings.history import Histories
from services.ratings.learn import Skill

DECIMALS = 6  # of stars and parts: enough for the parts to add up to 1e-4
LATEST = 2**33  # seconds; later than any rating
PEOPLE_AT_ONCE = 1000


@dataclass(frozen=True)
class Estimates:
    """B predictions: stars, the ends of their 90 % intervals, sd, and parts with the clip as the last."""

    stars: np.ndarray  # (B,)
    low: np.ndarray  # (B,)
    high: np.ndarray  # (B,)
    sd: np.ndarray  # (B,)
    parts: np.ndarray  # (B, P + 1)

    def __len__(self) -> int:
        return len(self.stars)

    def __getitem__(self, rows: np.ndarray | slice) -> "Estimates":
        return Estimates(self.stars[rows], self.low[rows], self.high[rows], self.sd[rows], self.parts[rows])

    @classmethod
    def join(cls, several: list["Estimates"]) -> "Estimates":
        names = ("stars", "low", "high", "sd", "parts")
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in names))

    @property
    def unclipped(self) -> np.ndarray:
        """Tells apart those that were cut off at the top of the scale."""
        return np.asarray(self.stars - self.parts[:, -1])


@dataclass(frozen=True)
class Why:
    """One person's predictions for B movies as sums: prior + pushes + mlp (+ clip)."""

    prior: np.ndarray  # (B,) what is told without his stars
    pushes: np.ndarray  # (B, R)


@dataclass(frozen=True)
class Predictor:
    base: Base
    blind: Skill
    timed: Skill | None  # where the training ratings have times
    scale: tuple[float, float]

    def histories(self, person: Tensor, movie: Tensor, stars: Tensor, at: Tensor, people: int) -> Histories:
        return Histories.group(person, movie, stars.float() - self.base.factors.mu, at, people)

    def answer(self, own: Histories, profile: Tensor, asked: Questions) -> Estimates:
        """Questions about N people with these ratings and profiles (N, F), in the order asked."""
        found = list(self.by_view(own, profile, self.understood(asked)))
        back = torch.cat([rows for rows, _ in found]).argsort().numpy()
        return Estimates.join([estimates for _, estimates in found])[back]

    def understood(self, asked: Questions) -> Questions:
        """Without a moment where the training ratings had none."""
        return asked if self.timed else replace(asked, at=None)

    def by_view(self, own: Histories, profile: Tensor, asked: Questions) -> Iterator[tuple[Tensor, Estimates]]:
        """Questions about the same person with the same ratings before them share a folding in."""
        before = counts_before(own, asked)
        view, which = torch.unique(torch.stack([asked.person, before], dim=1), dim=0, return_inverse=True)
        for block in torch.split(torch.arange(len(view)), PEOPLE_AT_ONCE):
            rows = ((which >= block[0]) & (which <= block[-1])).nonzero()[:, 0]
            people = view[block, 0]
            known = self.base.know(own.of(people).first(view[block, 1]), profile[people])
            of_view = Questions(which[rows] - block[0], asked.movie[rows], None if asked.at is None else asked.at[rows])
            yield rows, self.estimate(known, of_view)

    @torch.inference_mode()
    def estimate(self, known: Known, asked: Questions) -> Estimates:
        """For people whose ratings are all known at the questions."""
        asked = self.understood(asked)
        return self.estimates(self.base.see(known, asked), self.skill(asked))

    def skill(self, asked: Questions) -> Skill:
        return self.blind if asked.at is None or self.timed is None else self.timed

    @torch.inference_mode()
    def estimates(self, seen: Seen, skill: Skill) -> Estimates:
        """Stars are the sum of all parts, the clip included."""
        sd = skill.sd(seen).double().numpy()
        branches = torch.cat([seen.parts, skill.add(seen)], dim=1).double().numpy().round(DECIMALS)
        raw = branches.sum(1)
        low, high = (raw + end * sd for end in skill.interval.quantiles.tolist())
        stars = raw.clip(*self.scale)
        # A prediction beyond the scale must still lie in its interval.
        low, high = np.minimum(low.clip(*self.scale), stars), np.maximum(high.clip(*self.scale), stars)
        parts = np.column_stack([branches, stars - raw]).round(DECIMALS)
        return Estimates(stars.round(DECIMALS), low.round(4), high.round(4), sd, parts)

    @torch.inference_mode()
    def why(self, known: Known, movie: Tensor, at: Tensor | None) -> Why:
        """One person's predictions by his own ratings: what the factors and the context branch make of each."""
        own, factors = known.own, self.base.factors
        asked = self.understood(Questions(torch.zeros_like(movie), movie, at))
        errors, distances = self.attention(known, asked, self.skill(asked))
        pushes = factors.pushes(known.people, own, movie, errors)
        pushes += distances * (own.y - self.base.memory.mean[own.movie])
        prior = factors.mu + factors.before(known.people, movie).mean(0)
        return Why(prior.double().numpy(), pushes.double().numpy())

    def attention(self, known: Known, asked: Questions, skill: Skill) -> tuple[Tensor, Tensor]:
        """The context branch's weights on the own errors and on the own distances, each (B, R)."""
        strength = torch.stack([one.heads for one in skill.corrections]).mean(0)
        _, heads, _ = self.base.attend(known, asked, torch.arange(len(asked))[None])
        both = torch.zeros(2, len(asked), len(known.own.movie))
        for head, weight in zip(heads, strength, strict=True):
            both[0 if head.brings_error else 1] += weight * head.weights[0]
        return both[0], both[1]


def counts_before(own: Histories, asked: Questions) -> Tensor:
    """How many of the person's ratings are known at the question's moment, those of the same second too. (B,)

    All where it has none. MovieLens' people rate a page at a time: ratings of one second are one visit.
    """
    if asked.at is None:
        return own.counts[asked.person]
    moments = own.person * LATEST + own.at.clamp(0, LATEST - 1)  # in order: histories are by person and time
    asked_at = asked.person * LATEST + asked.at.clamp(0, LATEST - 1)
    return torch.searchsorted(moments, asked_at, right=True) - own.offsets[asked.person]
