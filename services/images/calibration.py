"""The probability that a match shows the same thing as the query, and whether any does, out of the cosines of a search.

A cosine ranks, but 0.8 is a sure match among some pictures and a poor one among others. Logistic regression makes it a
probability, from what the other cosines of the same search say of it. Fitted on things that the embedding was not
trained on, else it would be too sure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FIRST, LAST = 10, 50  # the ranks 11 to 50 tell how crowded it is where the query lies
RANKS = LAST  # how many cosines to search for, however few are shown
SHOWN = 10  # ranks of a search that it is fitted on: those that people see
WRONGLY_NONE = 0.1  # share of searches with a match that may be told there is none
RIDGE = 1e-3  # keeps the weights finite where cosines tell right from wrong without a mistake


@dataclass(frozen=True)
class Calibration:
    """P = σ(bias + the weighted `features` of a match), and below which P of the best match there is none."""

    cosine: float
    contrast: float
    lead: float
    first: float
    bias: float
    usual: float  # background of the searches it was fitted on; stands for the ranks that a small index does not have
    threshold: float
    queries: int  # fitted on

    def probabilities(self, cosines: Floats) -> Floats:
        """(Q, M), sorted descending, to (Q, M); -inf marks where a search found fewer, its probability is 0."""
        weights = np.array([self.cosine, self.contrast, self.lead, self.first])
        likely = sigmoid(features(cosines, self.usual) @ weights + self.bias)
        return np.where(np.isfinite(cosines), likely, 0.0)

    def no_match(self, cosines: Floats) -> Flags:
        """(Q,): whether the best match looks like that of a query whose thing is not in the index."""
        if not cosines.shape[1]:
            return np.ones(len(cosines), dtype=bool)
        no_match: Flags = self.probabilities(cosines)[:, 0] < self.threshold
        return no_match

    def to_json(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, float]) -> "Calibration":
        return replace(cls(**stored), queries=int(stored["queries"]))  # type: ignore[arg-type]


def sigmoid(logits: Floats) -> Floats:
    likely: Floats = 0.5 * (1 + np.tanh(logits / 2))  # 1 / (1 + e^-x), which would overflow
    return likely


def features(cosines: Floats, usual: float) -> Floats:
    """What is known of every match (Q, M) of a search, (Q, M, 4); what a small index does not have counts as `usual`.

    Its cosine; how far that is above the mean of ranks 11 to 50; the best's lead over the second, or how far another is
    behind the best; and whether it is the best.
    """
    cosines = np.where(np.isfinite(cosines), cosines, usual)
    rows, ranks = cosines.shape
    full = np.concatenate([cosines, np.full((rows, max(0, LAST - ranks)), usual)], axis=1)
    rival = np.where(np.arange(ranks) == 0, full[:, 1:2], full[:, :1])  # (Q, M)
    is_best = np.broadcast_to(np.arange(ranks) == 0, cosines.shape)
    return np.stack([cosines, cosines - full[:, FIRST:LAST].mean(1, keepdims=True), cosines - rival, is_best], axis=2)


def fit(cosines: Floats, right: Flags) -> Calibration:
    """From searches (Q, M) of held-out things: their cosines, sorted descending, and which matches showed the same.

    The threshold is the one below which `WRONGLY_NONE` of these searches would be told that there is no match, though
    there is: how many of those without one it finds is measured, not chosen.
    """
    cosines = np.asarray(cosines, dtype=np.float64)
    behind = cosines[:, FIRST:LAST][np.isfinite(cosines[:, FIRST:LAST])]
    usual = float(behind.mean()) if len(behind) else 0.0
    there = np.isfinite(cosines[:, :SHOWN])
    weights = logistic(features(cosines, usual)[:, :SHOWN][there], right[:, :SHOWN][there])
    cosine, contrast, lead, first, bias = weights
    fitted = Calibration(cosine, contrast, lead, first, bias, usual=usual, threshold=0.0, queries=len(cosines))
    present = best(fitted, cosines[right.any(1)])
    return replace(fitted, threshold=float(np.quantile(present, WRONGLY_NONE)) if len(present) else 0.0)


def best(calibration: Calibration, cosines: Floats) -> Floats:
    """The probability of each search's best match, (Q,)."""
    return calibration.probabilities(cosines)[:, :1].ravel()


def without(cosines: Floats, right: Flags) -> Floats:
    """The searches as they were if nothing in the index showed what the query shows; -inf fills the end."""
    return -np.sort(-np.where(right, -np.inf, cosines), axis=1)


def logistic(x: Floats, right: Flags) -> list[float]:
    """A weight for each column of `x` (P, F), and the bias: ridge regression by Newton's steps.

    The targets are Platt's (1999, "Probabilistic Outputs for Support Vector Machines"), a little inside
    0 and 1, so that a sample without a mistake makes it sure, not certain.
    """
    if not len(x):
        raise ValueError("there is no match of any search to calibrate on")
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    design = np.column_stack([(x - mean) / deviation, np.ones(len(x))])  # (P, F + 1)
    yes, no = int(right.sum()), int((~right).sum())
    targets = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    ridge = np.array([RIDGE] * x.shape[1] + [0.0])
    weights: Floats = np.zeros(len(ridge))
    for _ in range(100):
        weights = weights - newton_step(design, targets, weights, ridge)
    scaled = weights[:-1] / deviation
    return [*map(float, scaled), float(weights[-1] - scaled @ mean)]


def newton_step(design: Floats, targets: Floats, weights: Floats, ridge: Floats) -> Floats:
    expected = sigmoid(design @ weights)
    gradient = design.T @ (expected - targets) / len(design) + ridge * weights
    curvature = (design.T * (expected * (1 - expected))) @ design / len(design) + np.diag(ridge + 1e-9)
    step: Floats = np.asarray(np.linalg.solve(curvature, gradient), dtype=np.float64)
    # A full step can overshoot where right and wrong lie far apart.
    return np.asarray(step / max(1.0, float(np.abs(step).max())), dtype=np.float64)


def ece(probabilities: Floats, right: Flags, bins: int = 10) -> float:
    """The expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3): 0 where 0.7 means 7 of 10."""
    flat = probabilities.ravel()
    place = np.minimum((flat * bins).astype(int), bins - 1)
    gaps = np.bincount(place, flat - right.ravel(), minlength=bins)  # (mean P - share right) times how many
    return float(np.abs(gaps).sum() / max(1, len(flat)))


def auroc(present: Floats, absent: Floats) -> float:
    """How often a score of `present` is above one of `absent`; equal scores count half."""
    ordered = np.sort(absent)
    below = np.searchsorted(ordered, present, side="left") + np.searchsorted(ordered, present, side="right")
    return float(below.mean() / 2 / len(absent))
