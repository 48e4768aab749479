"""The heat map: a picture, and over it what each of its parts adds to a similarity; of one, or of two to compare."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageOps

# From dark blue to yellow in even steps of lightness, made to look the same to every reader (Nuñez et al. 2018,
# doi:10.1371/journal.pone.0199239); legible in grey print too.
COLOURS = "cividis"
STRENGTH = 0.6  # of the colours over the picture
SHOWN = 512  # pixels; larger pictures are shown smaller


class Heat(NamedTuple):
    """A picture, its map (H, W), which sums to the similarity, and what to write above it."""

    image: Image.Image
    map: NDArray[np.float64]
    title: str


def heat_map(heats: Sequence[Heat], similarity: float, footer: str) -> Figure:
    """The pictures side by side, on one scale; `footer` says whose pictures they are."""
    figure = Figure(figsize=(3.6 * len(heats) + 1.2, 4.6), dpi=100, layout="constrained")
    figure.set_label(f"Heat map of a similarity of {similarity:.3f}")
    scale = scale_of(heats)
    panels = figure.subplots(1, len(heats), squeeze=False)[0]
    for axes, heat in zip(panels, heats, strict=True):
        axes.set(title=heat.title, xticks=[], yticks=[])
        axes.imshow(background(heat.image))
        colours = axes.imshow(
            heat.map, cmap=COLOURS, norm=scale, alpha=STRENGTH, extent=axes.axis(), interpolation="bicubic"
        )
    figure.colorbar(colours, ax=panels, shrink=0.8, label="what a cell adds to the similarity")
    figure.suptitle(f"similarity {similarity:.3f}, the sum over the cells")
    figure.supxlabel(footer, fontsize=7, color="dimgrey")
    return figure


def scale_of(heats: Sequence[Heat]) -> Normalize:
    """One scale for all, from the least to the most that any cell adds."""
    values = np.concatenate([heat.map.ravel() for heat in heats])
    return Normalize(values.min(), values.max() if np.ptp(values) else values.min() + 1e-6)


def background(image: Image.Image) -> Image.Image:
    """Grey, so that the only colours are the map's, and no larger than needed."""
    shown = ImageOps.grayscale(image).convert("RGB")
    shown.thumbnail((SHOWN, SHOWN))
    return shown
