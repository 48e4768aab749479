"""The newsletter's figure 10: the picture asked with, and its matches with their similarities."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from PIL import Image

COLUMNS = 6


def contact_sheet(query: Image.Image, matches: Sequence[tuple[Image.Image, str]], footer: str) -> Figure:
    """The query first, framed, then each match above its caption; `footer` says whose pictures they are."""
    tiles = [(query, "query"), *matches]
    columns = min(COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    figure = Figure(figsize=(2 * max(columns, 3), 2.4 * rows + 0.4), dpi=100, layout="constrained")
    for place, (image, caption) in enumerate(tiles, start=1):
        axes = figure.add_subplot(rows, columns, place, xticks=[], yticks=[])
        axes.imshow(image)
        axes.set_xlabel(caption, fontsize=8)
        axes.spines[:].set(color="tab:orange" if place == 1 else "lightgrey", linewidth=2 if place == 1 else 1)
    figure.supxlabel(footer, fontsize=7, color="dimgrey")
    return figure
