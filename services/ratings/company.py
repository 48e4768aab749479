"""Who rated what, whatever the stars: coordinates of movies and of people by the company they keep.

The singular vectors of the users x movies matrix with entries 1 / sqrt(ratings of the user * ratings of the movie):
implicit feedback in the sense of Koren 2008, "Factorization Meets the Neighborhood", KDD, section 4.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from services.ratings.history import Histories


@dataclass(frozen=True)
class Company:
    movies: Tensor  # (M, K) coordinates; 0 for a movie that nobody rated
    pull: Tensor  # (M, K) what a rated movie adds to a person's coordinates

    @classmethod
    def fit(cls, own: Histories, movies: int, width: int, seed: int) -> "Company":
        """Singular vectors 1 to `width`."""
        rated = torch.bincount(own.movie, minlength=movies).clamp(min=1).rsqrt()  # (M,)
        weights = rated[own.movie] * own.counts[own.person].rsqrt()
        index = torch.stack([own.person, own.movie])
        matrix = torch.sparse_coo_tensor(index, weights, (len(own), movies), check_invariants=False)
        width = min(width, len(own), movies)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            _, values, vectors = torch.svd_lowrank(matrix, q=min(width + 10, len(own), movies), niter=4)
        # Of the first, which is 1, less than a tenth is no company: its inverse would make much of one more rating.
        vectors, values = vectors[:, :width], values[:width].clamp(min=0.1)
        return cls(vectors * movies**0.5, vectors / values * rated[:, None] * len(own) ** 0.5)

    def of(self, own: Histories) -> Tensor:
        """People's coordinates: the left singular vectors for those of the training, and the same sum for newcomers."""
        sums = embedding_bag(own.movie, self.pull, own.offsets[:-1], mode="sum")
        return sums * own.counts.clamp(min=1).rsqrt()[:, None]  # (N, K)
