"""The cosine of every two vectors."""

import torch.nn.functional as F
from torch import Tensor


def cosines(vectors: Tensor) -> Tensor:
    """(N, N) of (N, D), -1 to 1. A vector of zeros has no direction: it is like itself alone, 0 with every other."""
    unit = F.normalize(vectors, dim=1)
    return (unit @ unit.T).clamp(-1, 1).fill_diagonal_(1)
