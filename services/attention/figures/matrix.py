"""The matrix of one head: query tokens on rows, key tokens on columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.attention.figures.drawing import Drawing, shown
from services.attention.figures.paper import (
    BOUNDARY,
    COLOURS,
    common_notes,
    label_inches,
    label_points,
    named,
    paper,
    token_inches,
)

NUMBERS_UP_TO = 12  # tokens; in a larger matrix a number no longer fits its cell
AXIS, BAR = 0.5, 1.2  # inches for the name of an axis, and for the scale of colours


def matrix(drawing: Drawing) -> Figure:
    weights, longest = drawing.one, max(drawing.one.shape)
    cell = token_inches(longest, widest=1.0)
    letter, step = label_points(cell), named(longest, cell).step
    left, above = (AXIS + label_inches(tokens, letter) for tokens in (drawing.queries, drawing.keys))
    width, height = cell * len(drawing.keys), cell * len(drawing.queries)
    sheet = paper(drawing.title, common_notes(drawing, step), left + width + BAR, above + height + 0.2)
    axes = sheet.axes(left, above, width, height)
    # "none" keeps one pixel a weight in an SVG; the viewer enlarges it without blur.
    image = axes.imshow(weights, cmap=COLOURS, vmin=0, vmax=weights.max() or 1, interpolation="none", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    write_tokens(axes, drawing, cell, letter, step)
    draw_boundaries(axes, drawing.boundaries)
    if longest <= NUMBERS_UP_TO:
        write_numbers(axes, weights, size=min(cell * 16, 10))
    bar = sheet.axes(left + width + 0.2, above, 0.18, min(height, 4.0))
    sheet.figure.colorbar(image, cax=bar, label=drawing.say("row_sums") if height > 2 else drawing.say("weight"))
    return sheet.figure


def write_tokens(axes: Axes, drawing: Drawing, cell: float, size: float, step: int) -> None:
    """As texts, which matplotlib draws three times as fast as the labels of ticks."""
    edge = -0.5 - 0.05 / cell
    style: dict[str, Any] = {"size": size, "parse_math": False}
    for place in range(0, len(drawing.keys), step):
        axes.text(place, edge, shown(drawing.keys[place]), rotation=90, ha="center", va="bottom", **style)
    for place in range(0, len(drawing.queries), step):
        axes.text(edge, place, shown(drawing.queries[place]), ha="right", va="center", **style)
    across, down = (-0.5 - (0.2 + label_inches(tokens, size)) / cell for tokens in (drawing.keys, drawing.queries))
    axes.text(len(drawing.keys) / 2 - 0.5, across, drawing.say("key_axis"), size=10, ha="center", va="bottom")
    axes.text(
        down, len(drawing.queries) / 2 - 0.5, drawing.say("query_axis"), size=10, rotation=90, ha="right", va="center"
    )


def draw_boundaries(axes: Axes, places: Sequence[int]) -> None:
    for place in places:
        axes.axhline(place - 0.5, color=BOUNDARY, linewidth=1)
        axes.axvline(place - 0.5, color=BOUNDARY, linewidth=1)


def write_numbers(axes: Axes, weights: np.ndarray, size: float) -> None:
    dark = weights > weights.max() * 0.6
    for (query, key), weight in np.ndenumerate(weights):
        colour = "white" if dark[query, key] else "black"
        axes.text(key, query, f"{weight:.2f}", ha="center", va="center", size=size, color=colour)
