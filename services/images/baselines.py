"""What the model is measured beside: its backbone with no training, and two measures that never learned anything."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.images.embedder import Seen
from services.images.phash import grey, signs

Floats = NDArray[np.float32]
Describe = Callable[[Tensor], Floats]

SIDE, CELL, BINS = 128, 16, 9  # pixels a side, pixels a cell, and directions of the gradients' histograms


def untrained(seen: Seen) -> Floats:
    """(C,): the mean of the backbone's cells, all its channels, as ImageNet left them and with no head."""
    pooled: Floats = seen.cells["general"].float().mean((1, 2)).cpu().numpy()
    return pooled


def phash(picture: Tensor) -> Floats:
    """(64,): a perceptual hash of (3, S, S) as ±1/8, so that the cosine falls as the Hamming distance grows."""
    bits: Floats = signs(picture.unsqueeze(0).float())[0].numpy()
    return bits


def hog(picture: Tensor) -> Floats:
    """(576,): histograms of oriented gradients (Dalal & Triggs 2005), 8 x 8 cells of 9 directions, square roots of the
    sums.
    """
    small = torch.nn.functional.interpolate(grey(picture.unsqueeze(0).float())[None], (SIDE, SIDE), mode="area")
    dy, dx = np.gradient(small[0, 0].numpy())
    direction = (np.arctan2(dy, dx) % np.pi / np.pi * BINS).astype(int) % BINS
    cell = np.arange(SIDE) // CELL
    histograms = np.zeros((SIDE // CELL, SIDE // CELL, BINS), dtype=np.float32)
    np.add.at(histograms, (cell[:, None], cell[None, :], direction), np.hypot(dx, dy))
    return np.sqrt(histograms.ravel())


LEARNED_NOTHING: dict[str, Describe] = {"pHash": phash, "HOG": hog}
