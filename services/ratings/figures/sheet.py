"""The sheet that every figure is drawn on: title, a line that names the source, quiet axes, one set of colours."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from services.ratings.figures.words import WORDS, Language
from shared.figures import MEDIA  # noqa: F401 (sets matplotlib's fonts, and SVG to text that repeats)

# Okabe and Ito's, told apart by the colour-blind too.
BLUE, ORANGE, GREEN, PINK, SKY, YELLOW = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
LINES = (BLUE, ORANGE, GREEN, PINK, SKY, YELLOW)
# From a blue that can be seen on white, so that a single rating does not vanish, to nearly black.
FILLED = LinearSegmentedColormap.from_list("filled", ["#9ecae1", "#4292c6", "#08519c", "#08244d"])
INK, QUIET = "#222222", "dimgrey"


def say(language: Language, word: str, **values: Any) -> str:
    return WORDS[language][word].format(**values)


def sheet(title: str, source: str, width: float = 9, height: float = 5.5) -> Figure:
    """`width` and `height` in inches."""
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained", label=title)
    figure.suptitle(title, size=13, x=0.012, ha="left", color=INK, parse_math=False)
    figure.supxlabel(source, size=8, x=0.012, ha="left", color=QUIET, parse_math=False)
    return figure


def quiet(axes: Axes, grid: str | None = None) -> None:
    """Only the lower and left edge, and thin lines across where numbers shall be read off."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("silver")
    axes.tick_params(color="silver", labelsize=9)
    if grid:
        axes.grid(axis=grid, color="#e8e8e8", linewidth=0.8)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def logarithmic(axis: Axis) -> None:
    """1, 2, 5, 10, ... as plain numbers, or only 1, 10, ... on a long axis, once its data are drawn."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.5g}"))
    axis.set_minor_locator(NullLocator())


def cells(size: int, most: int) -> tuple[int, int]:
    """How many things share a cell so that there are at most `most` cells, and how many cells there are then."""
    together = max(-(-size // most), 1)
    return together, max(-(-size // together), 1)


def members(size: int, together: int) -> np.ndarray:
    """How many things each cell holds: the last may hold fewer."""
    return np.diff(np.append(np.arange(0, size, together), size))
