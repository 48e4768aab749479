"""Which parts of a picture make it similar to another: the similarity as an exact sum over the cells of its map.

The embedding is z = W mean(c) + b over the n cells c of the last feature map, and the similarity to a unit vector g is
⟨z, g⟩ / |z|. As mean and head are linear, it is the sum of ⟨W c + b, g⟩ / (n |z|) over the cells: nothing is
approximated, and no gradient is needed. g may be a stored vector; the map is kept for one of the two pictures only.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

HIDDEN = 0.2  # share of the cells that `deletion` hides
BLANK = 127  # the grey they are hidden by, about the mean of any photograph


def similarity_map(cells: Tensor, weight: Tensor, bias: Tensor, other: Tensor) -> Tensor:
    """What each cell adds to the similarity of a picture, `cells` (C, H, W), to the unit vector `other` (D,).

    (H, W) in float64; the sum is the cosine that the head, `weight` (D, C) and `bias` (D,), gives the whole picture.
    """
    cells, weight, bias, other = (tensor.double() for tensor in (cells, weight, bias, other))
    length = (weight @ cells.mean((1, 2)) + bias).norm()  # |z|
    each = torch.einsum("chw,c->hw", cells, other @ weight) + other @ bias  # ⟨W c + b, g⟩, (H, W)
    parts: Tensor = each / (each.numel() * length)
    return parts


def strongest(maps: Tensor, share: float = HIDDEN) -> Tensor:
    """Where each map (N, H, W) is largest: a mask with `share` of the cells, at least one."""
    flat = maps.flatten(1)
    rows = flat.topk(max(1, round(share * flat.shape[1])), dim=1).indices
    return torch.zeros_like(flat, dtype=torch.bool).scatter(1, rows, True).reshape(maps.shape)


def hide(pictures: Tensor, mask: Tensor) -> Tensor:
    """Pictures (N, 3, S, S), 0 to 255, with the cells of `mask` (N, H, W) grey."""
    _, _, height, width = pictures.shape
    rows = torch.arange(height) * mask.shape[1] // height  # the cell a row of pixels is in
    columns = torch.arange(width) * mask.shape[2] // width
    hidden = mask[:, rows][:, :, columns].unsqueeze(1)  # (N, 1, S, S)
    return pictures.masked_fill(hidden, BLANK)


class Deletion(NamedTuple):
    """How far the similarity falls, in the mean, when a fifth of the cells is hidden."""

    strongest: float
    random: float
    weakest: float


def deletion(
    pictures: Tensor, maps: Tensor, others: Tensor, embed: Callable[[Tensor], Tensor], generator: Generator
) -> Deletion:
    """Whether the map means something: hiding what it points at must cost more than hiding any other cells.

    After Petsiuk et al. 2018 (RISE, arXiv:1806.07421), in one step. `embed` takes pictures (N, 3, S, S)
    to unit vectors (N, D); row i is compared with `others[i]`, whose map on it is `maps[i]`.
    """
    by = {"strongest": maps, "random": torch.rand(maps.shape, generator=generator), "weakest": -maps}
    before = (embed(pictures) * others).sum(1)  # (N,)
    after = {name: (embed(hide(pictures, strongest(order))) * others).sum(1) for name, order in by.items()}
    return Deletion(**{name: (before - cosines).mean().item() for name, cosines in after.items()})
