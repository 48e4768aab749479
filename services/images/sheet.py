"""The newsletter's figure 10: a picture asked with, and its matches with their similarities; a row a query."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

COLUMNS = 6
SIDE = 224  # pixels of the longer side of a tile
LONGEST = 28  # letters of a line of a caption


@dataclass(frozen=True)
class Row:
    """A query, as a picture or as words, and what it found: pictures with their captions."""

    query: Image.Image | str
    matches: list[tuple[Image.Image, str]] = field(default_factory=list)


def contact_sheet(rows: Sequence[Row], footer: str) -> Figure:
    """Each query first, framed, then its matches above their captions; `footer` says whose pictures they are."""
    columns = min(COLUMNS, 1 + max(len(row.matches) for row in rows))
    lines = [math.ceil((1 + len(row.matches)) / columns) for row in rows]
    figure = Figure(figsize=(2 * max(columns, 3), 2.4 * sum(lines) + 0.4), dpi=100, layout="constrained")
    grid = figure.add_gridspec(sum(lines), columns)
    for place, row in enumerate(rows):
        first = sum(lines[:place]) * columns
        for tile, (shown, caption) in enumerate([(row.query, "query"), *row.matches]):
            line, column = divmod(first + tile, columns)
            draw(figure.add_subplot(grid[line, column], xticks=[], yticks=[]), shown, caption, framed=tile == 0)
    figure.supxlabel(footer, fontsize=7, color="dimgrey")
    return figure


def draw(axes: Axes, shown: Image.Image | str, caption: str, framed: bool) -> None:
    if isinstance(shown, str):
        axes.text(0.5, 0.5, shown, ha="center", va="center", fontsize=11, wrap=True, parse_math=False)
        axes.set_aspect("equal")
    else:
        axes.imshow(shown)
    axes.set_xlabel("\n".join(shortened(line) for line in caption.split("\n")), fontsize=8, parse_math=False)
    axes.spines[:].set(color="tab:orange" if framed else "lightgrey", linewidth=2 if framed else 1)


def shortened(line: str) -> str:
    """Its beginning and its end: of a file's name the ending tells as much as the beginning."""
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[: half - 1]}…{line[-half:]}"


def tile(image: Image.Image) -> Image.Image:
    """No larger than a tile shows."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE))
    return small
