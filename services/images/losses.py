"""The losses to train an embedding with: triplet with four rules for its negatives, multi-similarity and InfoNCE.

Each is given the cosines of N rows with M columns, (N, M), and which of these are of the same identity (`positive`) and
which of another (`negative`). What is neither, such as a picture with itself, counts as nothing, and so does a row that
has only one of the two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


class Loss(Protocol):
    def __call__(self, cosines: Tensor, positive: Tensor, negative: Tensor, generator: Generator) -> Tensor: ...


def across(loss: Loss, anchors: Tensor, positives: Tensor, identities: Tensor, generator: Generator) -> Tensor:
    """Of pairs, (N, D) each, row i with row i: the mean of both directions, as a search may go either way.

    Another pair of the same identity, (N,), is neither a positive nor a negative.
    """
    cosines, positive = anchors @ positives.T, torch.eye(len(anchors), dtype=torch.bool, device=anchors.device)
    negative = identities.unsqueeze(1) != identities  # (N, N)
    return (loss(cosines, positive, negative, generator) + loss(cosines.T, positive, negative, generator)) / 2


def among(loss: Loss, vectors: Tensor, identities: Tensor, generator: Generator) -> Tensor:
    """Of any pictures (N, D) of identities (N,): each with every other."""
    same = identities.unsqueeze(1) == identities  # (N, N)
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    return loss(vectors @ vectors.T, same & ~itself, ~same, generator)


# Each rule chooses one negative a row. `distances` are |l - r|² = 2 - 2 cos of unit vectors, (N, M), so that what is
# trained is what the search ranks by; `near` are those of the positives, (N,). Returned are the chosen ones', (N,).


def one_of(distances: Tensor, mask: Tensor, generator: Generator) -> Tensor:
    """The distance of one column a row, drawn evenly from those of `mask`."""
    draws = torch.rand(mask.shape, generator=generator).to(mask.device)
    return distances.gather(1, draws.masked_fill(~mask, -1).argmax(1, keepdim=True)).squeeze(1)


def random_negatives(distances: Tensor, near: Tensor, negative: Tensor, generator: Generator) -> Tensor:
    """Any other picture, as in the newsletter: nearly always an easy one."""
    return one_of(distances, negative, generator)


def semi_hard_negatives(distances: Tensor, near: Tensor, negative: Tensor, generator: Generator) -> Tensor:
    """The nearest of those farther than the positive (FaceNet, section 3.2); the farthest where there is none."""
    farther = negative & (distances > near.unsqueeze(1))
    nearest = distances.masked_fill(~farther, torch.inf).amin(1)
    farthest = distances.masked_fill(~negative, -torch.inf).amax(1)
    return torch.where(farther.any(1), nearest, farthest)


def batch_hard_negatives(distances: Tensor, near: Tensor, negative: Tensor, generator: Generator) -> Tensor:
    """The nearest of all (Hermans et al. 2017, arXiv:1703.07737, eq. 5)."""
    return distances.masked_fill(~negative, torch.inf).amin(1)


NEGATIVES: dict[str, Callable[[Tensor, Tensor, Tensor, Generator], Tensor]] = {
    "random": random_negatives,
    "semi-hard": semi_hard_negatives,
    "batch-hard": batch_hard_negatives,
}


@dataclass(frozen=True)
class Triplet:
    """mean [ |a - p|² - |a - n|² + margin ]₊ (FaceNet, Schroff et al. 2015, arXiv:1503.03832, eq. 1).

    The mean for the paper's sum. Of several positives one is drawn; with batch-hard negatives it is the farthest, as in
    Hermans' eq. 5. The newsletter's is the margin 0.5 and random negatives.
    """

    margin: float = 0.5
    negatives: str = "random"

    def __call__(self, cosines: Tensor, positive: Tensor, negative: Tensor, generator: Generator) -> Tensor:
        distances = 2 - 2 * cosines
        near = self.near(distances, positive, generator)
        far = NEGATIVES[self.negatives](distances, near, negative, generator)
        there = positive.any(1) & negative.any(1)
        return F.relu(near - far + self.margin)[there].sum() / there.sum().clamp(min=1)

    def near(self, distances: Tensor, positive: Tensor, generator: Generator) -> Tensor:
        if self.negatives == "batch-hard":
            return distances.masked_fill(~positive, -torch.inf).amax(1)
        return one_of(distances, positive, generator)


@dataclass(frozen=True)
class MultiSimilarity:
    """Multi-similarity (Wang et al. 2019, arXiv:1904.06627), with the authors' constants.

    1/N Σᵢ { 1/α log[1 + Σ_{k ∈ Pᵢ} e^{-α (Sᵢₖ - λ)}] + 1/β log[1 + Σ_{k ∈ Nᵢ} e^{β (Sᵢₖ - λ)}] }        (section 3.3)

    Pᵢ are the positives less similar than the most similar negative + ε, Nᵢ the negatives more similar than the least
    similar positive - ε (section 3.3, pair mining): what is told apart already teaches nothing.
    """

    alpha: float = 2.0
    beta: float = 40.0
    centre: float = 0.5  # λ
    slack: float = 0.1  # ε

    def __call__(self, cosines: Tensor, positive: Tensor, negative: Tensor, generator: Generator) -> Tensor:
        highest = cosines.masked_fill(~negative, -torch.inf).amax(1, keepdim=True)
        lowest = cosines.masked_fill(~positive, torch.inf).amin(1, keepdim=True)
        pull = self.summed(-self.alpha * (cosines - self.centre), positive & (cosines < highest + self.slack))
        push = self.summed(self.beta * (cosines - self.centre), negative & (cosines > lowest - self.slack))
        return (pull / self.alpha + push / self.beta).mean()

    def summed(self, exponents: Tensor, mask: Tensor) -> Tensor:
        """log[1 + Σ e^x] over the columns of `mask`, (N,)."""
        return (exponents.exp() * mask).sum(1).log1p()


@dataclass(frozen=True)
class InfoNCE:
    """-log of the softmax that a positive gets among itself and the others, mean over its positives.

    InfoNCE (van den Oord et al. 2018, arXiv:1807.03748, eq. 4); with several positives a row the supervised contrastive
    loss (Khosla et al. 2020, arXiv:2004.11362, eq. 2).
    """

    temperature: float = 0.07

    def __call__(self, cosines: Tensor, positive: Tensor, negative: Tensor, generator: Generator) -> Tensor:
        logits = (cosines / self.temperature).masked_fill(~(positive | negative), -torch.inf)
        logs = logits - logits.logsumexp(1, keepdim=True)  # (N, M)
        return -(logs.masked_fill(~positive, 0).sum(1) / positive.sum(1).clamp(min=1)).mean()


LOSSES: dict[str, Callable[[], Loss]] = {
    "triplet": Triplet,
    "multi-similarity": MultiSimilarity,
    "infonce": InfoNCE,
}
