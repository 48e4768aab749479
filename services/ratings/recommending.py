"""Which movies to put before somebody, and in which order.

By `rank`: what he is likeliest to choose and like (ranking.py). By `stars`: the prediction. Either looks at movies that
may be shown, and estimates only those that can come to stand on the page.
"""

from dataclasses import dataclass

import numpy as np
import torch

from services.ratings.base import Known, Questions
from services.ratings.model import PARTS
from services.ratings.predictor import Estimates, Predictor
from services.ratings.ranking import RankingHead

SHORTLIST = 1000  # movies whose prediction is worked out whole; the branches left out move it by a few tenths


@dataclass(frozen=True)
class Shown:
    """A page of movies, best first."""

    movie: np.ndarray  # (B,) positions
    score: np.ndarray  # (B,)
    found: Estimates


def estimate(predictor: Predictor, known: Known, movie: np.ndarray, at: int | None) -> Estimates:
    """One person's movies, at a moment after all his ratings."""
    if not len(movie):
        none = np.zeros(0)
        return Estimates(none, none, none, none, np.zeros((0, len(PARTS) + 1)))
    positions = torch.from_numpy(movie)
    moment = None if at is None else torch.full_like(positions, at)
    return predictor.estimate(known, Questions(torch.zeros_like(positions), positions, moment))


def by_rank(
    predictor: Predictor,
    head: RankingHead,
    known: Known,
    popular: np.ndarray,
    may: np.ndarray,
    page: slice,
    at: int | None,
) -> Shown:
    """`may` (M,): which movies may be shown. Who has rated nothing gets what is `popular` (M,)."""
    own = known.own
    stars = (own.y + predictor.base.factors.mu).double().numpy()
    scores = head.scores(own.movie.numpy(), stars) if len(own.movie) else popular
    candidates = np.flatnonzero(may)
    movie = candidates[np.lexsort((-popular[candidates], -scores[candidates]))[page]]
    return Shown(movie, scores[movie], estimate(predictor, known, movie, at))


def by_stars(predictor: Predictor, known: Known, may: np.ndarray, page: slice, at: int | None) -> Shown:
    candidates = shortlist(predictor, known, np.flatnonzero(may), max(SHORTLIST, page.stop))
    found = estimate(predictor, known, candidates, at)
    best = np.lexsort((-found.unclipped, -found.stars))[page]
    return Shown(candidates[best], found.stars[best], found[best])


@torch.inference_mode()
def shortlist(predictor: Predictor, known: Known, candidates: np.ndarray, most: int) -> np.ndarray:
    """Those with the most stars by the factors alone, in the order of the catalogue."""
    if len(candidates) <= most:
        return candidates
    movie = torch.from_numpy(candidates)
    stars = predictor.base.factors.stars(known.people, torch.zeros_like(movie), movie)
    return np.asarray(candidates[stars.topk(most).indices.sort().values.numpy()])
