"""Pictures of attention, as matplotlib figures."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.figures import font_families

COLOURS = "Blues"  # one hue from white to dark: darker is more, in print and for the colour-blind too
NUMBERS_UP_TO = 12  # tokens; in a larger matrix a number no longer fits its cell
LONGEST_LABEL = 24  # characters


def matrix(tokens: Sequence[str], weights: np.ndarray, title: str) -> Figure:
    """One head: query tokens on rows, key tokens on columns. All sizes are inches, so every label keeps its room."""
    cell = min(max(6 / len(tokens), 0.16), 1.0)
    side, room, edge = cell * len(tokens), label_room(tokens), 0.3
    width, height = room + max(side + 1.3, 4.2), room + side + 1.1 + edge
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((room / width, edge / height, side / width, side / height))
    # "none" keeps one pixel a weight in an SVG; the viewer enlarges it without blur.
    image = axes.imshow(weights, cmap=COLOURS, vmin=0, interpolation="none", aspect="auto")
    write_tokens(axes, tokens, size=min(max(cell * 45, 7), 11))
    if len(tokens) <= NUMBERS_UP_TO:
        write_numbers(axes, weights, size=min(cell * 16, 10))
    bar = figure.add_axes(((room + side + 0.2) / width, edge / height, 0.18 / width, min(side, 4.0) / height))
    figure.colorbar(image, cax=bar, label="weight; each row sums to 1")
    figure.text(edge / width, 1 - 0.4 / height, title, size=12, fontfamily=font_families(), parse_math=False)
    return figure


def label_room(tokens: Sequence[str]) -> float:
    """Inches for the longest label and the name of its axis; a Hangul or Chinese character is as wide as two Latin."""
    longest = max(sum(1 if character < "\u1100" else 2 for character in shown(token)) for token in tokens)
    return 0.6 + 0.09 * longest


def shown(token: str) -> str:
    return token if len(token) <= LONGEST_LABEL else token[: LONGEST_LABEL - 1] + "…"


def write_tokens(axes: Axes, tokens: Sequence[str], size: float) -> None:
    labels, places = [shown(token) for token in tokens], range(len(tokens))
    # A token such as $ is text, not the start of a formula.
    style = {"size": size, "fontfamily": font_families(), "parse_math": False}
    axes.set_xticks(places, labels, rotation=90, **style)
    axes.set_yticks(places, labels, **style)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("key: the token looked at")
    axes.set_ylabel("query: the token that looks")


def write_numbers(axes: Axes, weights: np.ndarray, size: float) -> None:
    dark = weights > weights.max() * 0.6
    for (query, key), weight in np.ndenumerate(weights):
        colour = "white" if dark[query, key] else "black"
        axes.text(key, query, f"{weight:.2f}", ha="center", va="center", size=size, color=colour)
