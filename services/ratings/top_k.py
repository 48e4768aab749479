"""The newsletter's table of one user: the true top k beside the predicted top k, and what random picks would score.

The three scores are those of its Fig. 21 and 22. Beside each stands its exact expectation when the movies are put in
a random order: of few candidates even chance finds most of the top k.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scores:
    """Each from 0 to 1, and 1 is the best; k is no more than the number of candidates."""

    true_positives: float  # the share of the predicted top k that are in the true top k
    accuracy: float  # the share of the k places where both lists have the same movie
    mrr: float  # the mean over the true top k of 1 / its place in the predicted top k; 0 for one that is not there


@dataclass(frozen=True)
class TopK:
    """Both lists, the best first, as places among the candidates."""

    true: np.ndarray  # (k,)
    predicted: np.ndarray  # (k,)
    scores: Scores
    random: Scores  # the expectation of a random order
    candidates: int  # how many movies there were to choose from
    tied: int  # candidates left out of the true top k that have as many stars as its last


def top_k_table(stars: np.ndarray, predicted: np.ndarray, k: int) -> TopK:
    """The table for the `stars` (N,) that one user gave to the held-out movies, and for the `predicted` ones.

    Of equal stars the movie that stands first among the candidates comes first, as in the newsletter; another order of
    the candidates would give another true top k where `tied` is not 0. With fewer than k candidates k is their number.
    """
    check(stars, predicted, k)
    true, guessed = best(stars, k), best(predicted, k)
    tied = int((stars == stars[true[-1]]).sum() - (stars[true] == stars[true[-1]]).sum())
    return TopK(true, guessed, scores(true, guessed), by_chance(len(stars), k), len(stars), tied)


def check(stars: np.ndarray, predicted: np.ndarray, k: int) -> None:
    if stars.shape != predicted.shape or stars.ndim != 1 or not len(stars) or k < 1:
        raise ValueError(f"stars {stars.shape} and predicted {predicted.shape} must be (N,) and alike, N and k={k} > 0")
    if not (np.isfinite(stars).all() and np.isfinite(predicted).all()):
        raise ValueError("stars and predicted must be finite numbers: there is no order of the others")


def best(values: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-np.asarray(values, float), kind="stable")[:k]


def scores(true: np.ndarray, predicted: np.ndarray) -> Scores:
    """Of two lists of the same length without repetitions."""
    found = true[:, None] == predicted  # (k, k): a true movie on each row, a predicted one in each column
    places = np.arange(1, len(predicted) + 1)
    return Scores(
        true_positives=float(found.any(1).mean()),
        accuracy=float(found.diagonal().mean()),
        mrr=float((found / places).sum(1).mean()),
    )


def by_chance(candidates: int, k: int) -> Scores:
    """The expected scores when the predicted order of n candidates is random.

    Each true movie is then equally likely at each of the n places. It is among the first k with probability k/n, at its
    own place with 1/n, and the expectation of its reciprocal place is (1 + 1/2 + ... + 1/k) / n; so are the means.
    """
    k = min(k, candidates)
    harmonic = (1 / np.arange(1, k + 1)).sum()
    return Scores(k / candidates, 1 / candidates, float(harmonic) / candidates)
