"""What one more rating would teach: by how much it would narrow the predictions for the whole catalogue.

A rating of movie j with noise 1 / alpha takes from the variance of movie i's prediction (z_i' C z_j)^2 / (1 / alpha +
z_j' C z_j), C the covariance of the person's w. Its mean over all movies i is z_j' C G C z_j / (...), G = Z' Z / M.
This is A-optimal design; Rubens et al. 2015, "Active Learning in Recommender Systems", section 3.
"""

import torch
from torch import Tensor

from services.ratings.base import Known
from services.ratings.gibbs import with_offset
from services.ratings.model import Factors


@torch.inference_mode()
def gains(factors: Factors, known: Known, movie: Tensor) -> tuple[Tensor, float]:
    """For one person: the mean variance that a rating of each movie would take away, (B,), and the one of now."""
    z = with_offset(factors.movies)[..., :-1]  # (S, M, D)
    spread = z.mT @ z / z.shape[1]  # (S, D, D)
    covariance = known.people.covariance[:, 0]  # (S, D, D)
    moved = z[:, movie] @ covariance  # (S, B, D)
    taken = ((moved @ spread) * moved).sum(-1)
    noise = (1 / known.people.alpha)[:, :1] + (moved * z[:, movie]).sum(-1)
    return (taken / noise).mean(0), float((spread * covariance).sum((-1, -2)).mean())
