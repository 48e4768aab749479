"""A map of the pictures for people to wander on: neighbours on it are neighbours in the space, and stay where they are.

t-SNE (van der Maaten and Hinton 2008, JMLR 9) of some landmarks, once, from their two principal components, so without
chance. Any other picture is placed among the landmarks nearest to it, by a fixed rule: the places of all the others
do not matter, so nothing moves when pictures come and go.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LANDMARKS = 1500  # at most; the time to fit grows with their square, here to about 10 s
PERPLEXITY = 20.0  # neighbours that count for a landmark
STEPS, EXAGGERATED, EXAGGERATION = 400, 100, 12.0  # of gradient descent; the first of them pull neighbours together
NEAREST = 8  # landmarks that place another picture
SHARPNESS = 4  # how much more the nearest of these count


@dataclass(frozen=True)
class Projection:
    """Unit vectors of the landmarks, (L, D), and their places on the map, (L, 2), from -1 to 1."""

    landmarks: Tensor
    places: Tensor

    def place(self, vectors: Tensor, batch: int = 4096) -> Tensor:
        """Unit vectors (N, D) to their places (N, 2)."""
        return torch.cat([self.place_batch(some) for some in torch.split(vectors, batch)])

    def place_batch(self, vectors: Tensor) -> Tensor:
        """The mean of the nearest landmarks' places, weighted by distance (Shepard 1968): each keeps its own."""
        cosines, nearest = (vectors @ self.landmarks.T).topk(min(NEAREST, len(self.landmarks)), dim=1)  # (N, K) each
        squares = (1 - cosines).clamp(min=1e-6)
        weights = (squares[:, :1] / squares) ** SHARPNESS
        return (self.places[nearest] * (weights / weights.sum(1, keepdim=True)).unsqueeze(2)).sum(1)  # (N, 2)


def fit(vectors: Tensor) -> Projection:
    """The map of unit vectors (N, D): every one of them a landmark, or evenly picked ones where there are too many."""
    landmarks = thinned(vectors.float())
    return Projection(landmarks, spread(landmarks))


def thinned(vectors: Tensor) -> Tensor:
    picked = torch.linspace(0, len(vectors) - 1, min(len(vectors), LANDMARKS)).round().long()
    return vectors[picked]


def spread(landmarks: Tensor) -> Tensor:
    """Places (L, 2) from -1 to 1; too few landmarks to have neighbours lie along their principal components."""
    start = principal(landmarks)
    few = len(landmarks) < 3 * PERPLEXITY
    return fitted(start if few else descend(affinities(landmarks), start))


def fitted(places: Tensor) -> Tensor:
    """In the middle, and scaled until the farthest touches -1 or 1; one scale for both axes."""
    places = places - (places.amax(0) + places.amin(0)) / 2
    return (places / places.abs().max().clamp(min=1e-12)).clamp(-1, 1)


def principal(vectors: Tensor) -> Tensor:
    """The two widest directions, (N, 2), each with the sign that makes its largest part positive."""
    centred = vectors - vectors.mean(0)
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:2]  # (2, D); one where there is one vector
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    places = centred @ axes.T
    return torch.nn.functional.pad(places, (0, 2 - places.shape[1]))


def affinities(vectors: Tensor) -> Tensor:
    """p = (p_{j|i} + p_{i|j}) / 2L (eq. 1 and section 3.1), (L, L); halving finds the widths of the perplexity."""
    squares = (2 - 2 * vectors @ vectors.T).clamp(min=0)  # (L, L)
    squares.fill_diagonal_(math.inf)
    low, high = torch.zeros(len(vectors), 1), torch.full((len(vectors), 1), 1e5)
    for _ in range(50):
        precision = (low + high) / 2  # 1 / 2σ²
        chances = (-squares * precision).softmax(1)
        entropy = -(chances * chances.clamp(min=1e-30).log()).sum(1, keepdim=True)
        too_wide = entropy > math.log(PERPLEXITY)
        low, high = torch.where(too_wide, precision, low), torch.where(too_wide, high, precision)
    return (chances + chances.T) / (2 * len(vectors))


def descend(p: Tensor, start: Tensor) -> Tensor:
    """Gradient descent on KL(P || Q) with momentum and a gain for each coordinate, as the paper's authors do."""
    places = start / start[:, :1].std() * 1e-4  # (L, 2)
    velocity, gains = torch.zeros_like(places), torch.ones_like(places)
    rate = max(len(p) / EXAGGERATION / 4, 50.0)  # Belkina et al. 2019, doi:10.1038/s41467-019-13055-y
    for step in range(STEPS):
        early = step < EXAGGERATED
        slope = gradient(p * EXAGGERATION if early else p, places)
        gains = torch.where(slope.sign() == velocity.sign(), gains * 0.8, gains + 0.2).clamp(min=0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * slope
        places = places + velocity
    return places


def gradient(p: Tensor, places: Tensor) -> Tensor:
    """Eq. 5: 4 Σ_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|²), (L, 2)."""
    near = 1 / (1 + torch.cdist(places, places).square())  # (L, L)
    near.fill_diagonal_(0)
    pull = (p - near / near.sum()) * near
    return 4 * (pull.sum(1, keepdim=True) * places - pull @ places)
