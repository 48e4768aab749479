"""What a head's attention looks like in a few numbers."""

import torch
from torch import Tensor


def statistics(attention: Tensor, cls: Tensor, sep: Tensor) -> dict[str, Tensor]:
    """Five means over the queries of each head of `attention` (..., T, T); `cls` and `sep` (T,) mark those tokens.

    entropy = -sum_j a_ij ln a_ij    nats: 0 when a query looks at one key, ln T when it looks at all alike
    mean_distance = sum_j a_ij |i - j|    tokens
    the others are shares of the weight, 0 to 1. See Clark et al. 2019, "What Does BERT Look At?", section 3.
    """
    places = torch.arange(attention.shape[-1], device=attention.device)
    distance = (places[:, None] - places).abs()  # (T, T)
    return {
        "entropy": torch.special.entr(attention).sum(-1).mean(-1),
        "mean_distance": (attention * distance).sum(-1).mean(-1),
        "cls_share": attention[..., cls].sum(-1).mean(-1),
        "sep_share": attention[..., sep].sum(-1).mean(-1),
        "diagonal_share": attention.diagonal(dim1=-2, dim2=-1).mean(-1),
    }
