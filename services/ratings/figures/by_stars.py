"""How often each number of stars was given (the newsletter's "by stars")."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.ratings.figures.sheet import BLUE, INK, ORANGE, quiet, say, sheet
from services.ratings.figures.words import Language

VALUES_UP_TO = 21  # different ratings that each have a bar of their own
BINS = 20  # where there are more


def by_stars(stars: np.ndarray, scale: tuple[float, float], source: str, language: Language) -> Figure:
    """`stars` (R,) on `scale`, its fewest and most."""
    mean = float(stars.mean())
    figure = sheet(say(language, "by_stars", ratings=len(stars), mean=mean), source, width=8, height=4.8)
    axes = figure.subplots()
    quiet(axes, grid="y")
    at, count, width = bars(stars, scale)
    axes.bar(at, count, width=width * 0.86, color=BLUE)
    write_shares(axes, at, count)
    axes.axvline(mean, color=ORANGE, linewidth=1.5, label=say(language, "overall", mean=mean))
    axes.set(xlabel=say(language, "stars"), ylabel=say(language, "ratings"))
    axes.set(xlim=(scale[0] - width * 0.7, scale[1] + width * 0.7), ylim=(0, count.max() * 1.12))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    if len(np.unique(stars)) <= VALUES_UP_TO:
        axes.set_xticks(at, [f"{value:g}" for value in at])
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    return figure


def bars(stars: np.ndarray, scale: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, float]:
    """Where the bars stand, how high, and how wide each may be."""
    values, count = np.unique(stars, return_counts=True)
    if len(values) <= VALUES_UP_TO:
        return values, count, float(np.diff(values).min()) if len(values) > 1 else 1.0
    count, edges = np.histogram(stars, BINS, range=scale)
    return (edges[1:] + edges[:-1]) / 2, count, float(edges[1] - edges[0])


def write_shares(axes: Axes, at: np.ndarray, count: np.ndarray) -> None:
    for place, number in zip(at, count, strict=True):
        share = number / count.sum()
        white = {"facecolor": "white", "linewidth": 0, "pad": 1}
        where = (place, number)
        axes.annotate(
            f"{share:.1%}", where, (0, 4), textcoords="offset points", ha="center", size=8, color=INK, bbox=white
        )
