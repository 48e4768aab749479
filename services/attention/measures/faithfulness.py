"""Whether an order of importance is one: the score as parts of the input are taken away, or put back, in that order.

Samek et al. 2017, "Evaluating the Visualization of What a Deep Neural Network Has Learned", section III (deletion);
Petsiuk et al. 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models", section 4 (both curves).
Taken away by importance, the score should fall sooner than in random orders; put back, it should rise sooner.
Axes: P parts (tokens or heads), N sets of parts, R orders, K points of a curve.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from services.attention.schemas.measures import Faithfulness, Random

INTERVALS = 7  # eight points a curve: with ten, no verdict of the sentences tried was another
RANDOM_ORDERS = 10
LEAST_FALL = 1e-3  # of the score, from nothing deleted to all: the curves divide by it
ROUNDING = 1e-6  # two areas nearer than this are the same

Evaluate = Callable[[Tensor], Tensor]  # which parts are deleted (N, P) to the scores (N,)


def faithfulness(importances: Tensor, evaluate: Evaluate, seed: int = 0) -> list[Faithfulness] | None:
    """One answer for each row of `importances` (R, P), all beside the same random orders.

    None when deleting everything does not lower the score: then there is no fall to share among the parts.
    """
    orders = importances.argsort(dim=-1, descending=True, stable=True).cpu()  # (R, P)
    random = random_orders(orders.shape[1], seed)
    # Inserting an order is deleting its reverse, read backwards.
    curves = deletion_curves(torch.cat([orders, orders.flip(-1), random]), evaluate)  # (2 R + 10, K)
    if curves is None:
        return None
    count, fractions = len(orders), torch.tensor(removed(orders.shape[1])) / orders.shape[1]  # (K,)
    spread = spread_of(torch.trapezoid(curves[2 * count :], fractions))
    pairs = zip(curves[:count], curves[count : 2 * count].flip(-1), strict=True)
    return [judged(deletion, insertion, fractions, spread) for deletion, insertion in pairs]


def random_orders(parts: int, seed: int) -> Tensor:
    """(10, P). A random order reversed is as random: one baseline serves deletion and insertion."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(parts, generator=generator) for _ in range(RANDOM_ORDERS)])


def removed(parts: int) -> list[int]:
    """How many parts are gone at each point: 0 to all, evenly, and the same counted from either end."""
    last = min(parts, INTERVALS)
    lower = [step * parts // last for step in range(last // 2 + 1)]
    upper = [parts - count for count in reversed(lower)]
    return lower + upper[last % 2 == 0 :]


def deletion_curves(orders: Tensor, evaluate: Evaluate) -> Tensor | None:
    """(R, K) normalised scores, 1 with everything there and 0 with nothing; None where that is no fall."""
    ranks = orders.argsort(dim=-1)  # (R, P) the place of each part in the order
    counts = torch.tensor(removed(orders.shape[1]))  # (K,)
    deleted = ranks[:, None, :] < counts[:, None]  # (R, K, P)
    scores = score_once(deleted.flatten(0, 1), evaluate).view(len(orders), -1)  # (R, K)
    whole, nothing = scores[:, :1], scores[:, -1:]
    fall = float(whole[0] - nothing[0])
    return (scores - nothing) / fall if fall >= LEAST_FALL else None


def score_once(deleted: Tensor, evaluate: Evaluate) -> Tensor:
    """(N,) in float64; a set that occurs twice, as those of short sentences do, is evaluated once."""
    different, which = torch.unique(deleted, dim=0, return_inverse=True)
    return evaluate(different).double().cpu()[which]


def spread_of(areas: Tensor) -> Random:
    return Random(mean=float(areas.mean()), std=float(areas.std()), orders=len(areas))


def judged(deletion: Tensor, insertion: Tensor, fractions: Tensor, spread: Random) -> Faithfulness:
    lower, higher = (float(torch.trapezoid(curve, fractions)) for curve in (deletion, insertion))
    margin = 2 * spread.std + ROUNDING
    by_deletion, by_insertion = lower < spread.mean - margin, higher > spread.mean + margin
    return Faithfulness(
        fractions=rounded(fractions.double()),
        deletion=rounded(deletion),
        insertion=rounded(insertion),
        deletion_auc=lower,
        insertion_auc=higher,
        random=spread,
        faithful=by_deletion and by_insertion,
        verdict=verdict(by_deletion, by_insertion),
    )


def rounded(values: Tensor) -> list[float]:
    return [round(value, 6) for value in values.tolist()]


def verdict(by_deletion: bool, by_insertion: bool) -> str:
    match by_deletion, by_insertion:
        case True, True:
            return "Better than random orders by more than 2 standard deviations, at deletion and at insertion."
        case True, False:
            return "Better than random orders at deletion only: it finds what hurts most, not what suffices."
        case False, True:
            return "Better than random orders at insertion only: it finds what suffices, not what hurts most."
    return "Not better than random orders by 2 standard deviations: do not read it as an explanation here."
