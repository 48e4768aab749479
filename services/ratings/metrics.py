"""How good predicted stars and ranked movies are: RMSE, MAE, coverage, NDCG, recall.

The ranking metrics take `hits`: for every user, best first, whether the movie at that place is relevant (U, K), and
`relevant`: how many relevant movies there were to find (U,). Users with none are left out of every mean.
"""

import numpy as np


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """sqrt(mean (predicted - truth)^2), in stars."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def mae(predicted: np.ndarray, truth: np.ndarray) -> float:
    """mean |predicted - truth|, in stars."""
    return float(np.mean(np.abs(predicted - truth)))


def interval_coverage(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> float:
    """The share (0 to 1) of the truths that lie in their interval, its ends included."""
    return float(np.mean((low <= truth) & (truth <= high)))


def top(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    """The k movies of each user with the highest scores, best first, without those seen; of equals the first.

    Where fewer than k are unseen, the places that are left hold -1.
    """
    unseen = np.where(seen, -np.inf, scores)  # (U, M)
    order = np.argsort(-unseen, axis=1, kind="stable")[:, :k]  # (U, K)
    return np.where(np.isneginf(np.take_along_axis(unseen, order, axis=1)), -1, order)


def hits_of(ranked: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Whether each ranked movie (U, K; -1 is none) is among the user's relevant ones (U, M)."""
    return np.asarray(np.take_along_axis(relevant, ranked.clip(min=0), axis=1) & (ranked >= 0))  # (U, K)


def ndcg_at(hits: np.ndarray, relevant: np.ndarray) -> float:
    """Mean of DCG / ideal DCG, where DCG = sum over places p = 1..K of hit_p / log2(p + 1).

    Järvelin and Kekäläinen 2002, "Cumulated Gain-Based Evaluation of IR Techniques", with the discount of Burges et al.
    2005 and gains of 0 and 1. The ideal list begins with min(K, relevant) hits.
    """
    asked, places = relevant > 0, hits.shape[1]
    discount = 1 / np.log2(np.arange(2, places + 2))  # (K,)
    ideal = discount.cumsum()[relevant[asked].clip(max=places) - 1]  # (U,)
    return mean_of((hits[asked] * discount).sum(1) / ideal)


def recall_at(hits: np.ndarray, relevant: np.ndarray) -> float:
    """Mean share (0 to 1) of a user's relevant movies that are among the K."""
    asked = relevant > 0
    return mean_of(hits[asked].sum(1) / relevant[asked])


def mean_of(values: np.ndarray) -> float:
    """0 when there is nobody to take the mean of."""
    return float(values.mean()) if len(values) else 0.0
