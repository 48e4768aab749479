"""Pictures of attention, as matplotlib figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = "Blues"  # one hue from white to dark: darker is more, in print and for the colour-blind too
NUMBERS_UP_TO = 12  # tokens; in a larger matrix a number no longer fits its cell
LONGEST_LABEL = 24  # characters


def matrix(tokens: Sequence[str], weights: np.ndarray, title: str) -> Figure:
    """One head: query tokens on rows, key tokens on columns. All sizes are inches, so every label keeps its room."""
    cell = min(max(6 / len(tokens), 0.16), 1.0)
    letter = min(max(cell * 50, 8), 11)  # points
    side, room = cell * len(tokens), 0.5 + label_inches(tokens, letter)
    width, height = room + side + 1.2, 0.2 + side + room + 0.5
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((room / width, 0.2 / height, side / width, side / height))
    # "none" keeps one pixel a weight in an SVG; the viewer enlarges it without blur.
    image = axes.imshow(weights, cmap=COLOURS, vmin=0, interpolation="none", aspect="auto")
    write_tokens(axes, tokens, letter)
    axes.set_title(title, size=12, loc="left", pad=10, parse_math=False)
    if len(tokens) <= NUMBERS_UP_TO:
        write_numbers(axes, weights, size=min(cell * 16, 10))
    tall = min(side, 4.0)
    bar = figure.add_axes(((room + side + 0.2) / width, (0.2 + side - tall) / height, 0.18 / width, tall / height))
    figure.colorbar(image, cax=bar, label="weight; each row sums to 1")
    return figure


def label_inches(tokens: Sequence[str], points: float) -> float:
    """The longest label; a letter is about 0.65 of its height wide, a Hangul or Chinese character twice that."""
    longest = max(sum(1 if character < "\u1100" else 2 for character in shown(token)) for token in tokens)
    return longest * 0.65 * points / 72


def shown(token: str) -> str:
    return token if len(token) <= LONGEST_LABEL else token[: LONGEST_LABEL - 1] + "…"


def write_tokens(axes: Axes, tokens: Sequence[str], size: float) -> None:
    labels, places = [shown(token) for token in tokens], range(len(tokens))
    # A token such as $ is text, not the start of a formula.
    style: dict[str, Any] = {"size": size, "parse_math": False}
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
