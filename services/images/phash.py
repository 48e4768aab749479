"""A perceptual hash: 64 signs of a picture's lowest frequencies, which JPEG, blur, grey and resizing hardly change.

Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions": the DCT of the grey
picture at 32 x 32, its 8 x 8 lowest frequencies, each above or below their median.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE, KEPT = 32, 8  # pixels a side, and frequencies a side
BITS = KEPT * KEPT
LUMA = torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601, as JPEG and Pillow make grey


def grey(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) to (N, H, W)."""
    return torch.einsum("nchw,c->nhw", pictures, LUMA.to(pictures))


def cosines(size: int, kept: int) -> Tensor:
    """The first `kept` rows of the DCT-II, unnormalised: cos(π (2x + 1) k / 2N)."""
    k, x = torch.arange(kept).unsqueeze(1), torch.arange(size)
    return torch.cos(math.pi * (2 * x + 1) * k / (2 * size))  # (kept, size)


def signs(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) to (N, 64) of ±1/8: unit vectors, whose inner product is 1 - 2 (bits that differ) / 64."""
    small = F.interpolate(grey(pictures.float()).unsqueeze(1), (SIDE, SIDE), mode="bilinear", antialias=True)
    basis = cosines(SIDE, KEPT).to(small)
    lowest = (basis @ small.squeeze(1) @ basis.T).flatten(1)  # (N, 64)
    above = lowest > lowest.median(dim=1, keepdim=True).values
    return torch.where(above, 1.0, -1.0) / KEPT
