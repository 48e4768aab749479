"""All heads at once: layers on rows, heads on columns, each a small matrix."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.attention.figures.drawing import Drawing
from services.attention.figures.paper import BOUNDARY, COLOURS, common_notes, paper
from shared.problems import Unprocessable

THUMBNAIL = 32  # pixels a side at most: more do not show
SIDE, SMALL = 0.8, 0.5  # inches of a thumbnail; small from MANY heads on
MANY = 17
MOST = 600  # heads; drawing one takes 3 ms
GAP, FOOT = 0.1, 0.16  # inches between thumbnails, and for the number below each
LEFT, ABOVE = 0.7, 0.6  # inches for the numbers of layers and heads

Point = tuple[float, float]


def grid(drawing: Drawing) -> Figure:
    check_heads(len(drawing.layers) * len(drawing.heads))
    side = SIDE if max(len(drawing.layers), len(drawing.heads)) < MANY else SMALL
    width, height = (side + GAP) * len(drawing.heads), (side + GAP + FOOT) * len(drawing.layers)
    sheet = paper(drawing.title, notes(drawing), LEFT + width + 0.2, ABOVE + height + 0.1)
    axes = sheet.axes(LEFT, ABOVE, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))  # inches, downwards
    axes.set_axis_off()
    corners = [(left(column, side), top(row, side)) for row, column in np.ndindex(drawing.weights.shape[:2])]
    for corner, weights in zip(corners, drawing.weights.reshape(-1, *drawing.weights.shape[2:]), strict=True):
        draw_thumbnail(axes, weights, corner, side)
    draw_strokes(axes, (frame(corner, side) for corner in corners), "silver")
    shares = [place / len(drawing.queries) * side for place in drawing.boundaries]
    draw_strokes(
        axes, (line for corner in corners for share in shares for line in cross(corner, share, side)), BOUNDARY
    )
    number(axes, drawing, side)
    return sheet.figure


def check_heads(count: int) -> None:
    if count > MOST:
        raise Unprocessable(
            f"the grid would have {count:,} heads; a picture shows at most {MOST}: ask for format=html, which shows "
            "all, or for one head with view=matrix or view=head"
        )


def left(column: int, side: float) -> float:
    return column * (side + GAP)


def top(row: int, side: float) -> float:
    return row * (side + GAP + FOOT)


def notes(drawing: Drawing) -> list[str]:
    rows, columns = block(len(drawing.queries)), block(len(drawing.keys))
    said = [drawing.say("grid", queries=len(drawing.queries), keys=len(drawing.keys))]
    if max(rows, columns) > 1:
        said.append(drawing.say("pooled", rows=rows, columns=columns))
    return said + common_notes(drawing, step=1)


def draw_thumbnail(axes: Axes, weights: np.ndarray, corner: Point, side: float) -> None:
    (x, y), small = corner, pooled(weights)
    box = (x, x + side, y + side, y)  # left, right, bottom, top
    axes.imshow(small, cmap=COLOURS, vmin=0, vmax=small.max() or 1, interpolation="none", aspect="auto", extent=box)
    axes.text(x + side / 2, y + side + 0.03, f"{small.max():.2f}", ha="center", va="top", size=6)


def pooled(weights: np.ndarray) -> np.ndarray:
    """At most THUMBNAIL x THUMBNAIL: the largest weight of each block, so that a thin line of strong weights stays."""
    rows, columns = (np.arange(0, size, block(size)) for size in weights.shape)
    return np.asarray(np.maximum.reduceat(np.maximum.reduceat(weights, rows, axis=0), columns, axis=1))


def block(size: int) -> int:
    return math.ceil(size / THUMBNAIL)


def frame(corner: Point, side: float) -> list[Point]:
    x, y = corner
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]


def cross(corner: Point, share: float, side: float) -> list[list[Point]]:
    """Where another text begins, on both axes."""
    x, y = corner
    return [[(x, y + share), (x + side, y + share)], [(x + share, y), (x + share, y + side)]]


def draw_strokes(axes: Axes, strokes: Iterable[Sequence[Point]], colour: str) -> None:
    """All in one path, which is small and quick; a NaN lifts the pen."""
    points = [point for stroke in strokes for point in (*stroke, (np.nan, np.nan))]
    if points:
        axes.plot(*np.transpose(points), color=colour, linewidth=0.5)


def number(axes: Axes, drawing: Drawing, side: float) -> None:
    """The numbers of layers and heads, and which is which."""
    for column, head in enumerate(drawing.heads):
        axes.text(left(column, side) + side / 2, -0.06, str(head), ha="center", va="bottom", size=9)
    for row, layer in enumerate(drawing.layers):
        axes.text(-0.08, top(row, side) + side / 2, str(layer), ha="right", va="center", size=9)
    style: dict[str, Any] = {"size": 9, "color": "dimgrey"}
    axes.text(0, -0.3, drawing.say("head"), va="bottom", **style)
    axes.text(-0.5, 0, drawing.say("layer"), rotation=90, va="top", **style)
