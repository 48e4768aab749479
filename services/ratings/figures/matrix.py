"""The sparse users x movies matrix (the newsletter's Fig. 10), with how often each user rated and each movie was."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from services.ratings.figures.sheet import BLUE, FILLED, cells, logarithmic, members, quiet, say, sheet
from services.ratings.figures.words import Language

ROWS, COLUMNS = 420, 640  # cells at most: about as many as a screen can show apart
SKEWED = 30  # times the median: beyond, a linear scale would hide all but the few most rated


def matrix(
    user: np.ndarray, movie: np.ndarray, stars: np.ndarray, users: int, movies: int, source: str, language: Language
) -> Figure:
    """`user` and `movie` (R,) are places from 0, `stars` (R,) theirs; `users` and `movies` how many there are.

    Where every pair has a cell, its colour is its stars; in a larger matrix, how many per cent of a cell's pairs are
    rated.
    """
    pairs = users * movies
    title = say(language, "matrix", rated=len(stars), pairs=pairs, share=100 * len(stars) / pairs)
    figure = sheet(title, source, width=10, height=7)
    grid = figure.add_gridspec(2, 3, width_ratios=(12, 1.6, 0.3), height_ratios=(1.6, 9))
    middle = figure.add_subplot(grid[1, 0])
    draw_cells(figure, middle, figure.add_subplot(grid[1, 2]), (user, movie, stars), (users, movies), language)
    above = figure.add_subplot(grid[0, 0], sharex=middle)
    beside = figure.add_subplot(grid[1, 1], sharey=middle)
    draw_counts(above, movie, movies, COLUMNS, language, upright=True)
    draw_counts(beside, user, users, ROWS, language, upright=False)
    return figure


def draw_cells(
    figure: Figure,
    axes: Axes,
    bar: Axes,
    ratings: tuple[np.ndarray, np.ndarray, np.ndarray],
    size: tuple[int, int],
    language: Language,
) -> None:
    values, together = shares(*ratings, *size)
    limits = float(np.nanmin(values)), float(np.nanmax(values))
    single = together == (1, 1)
    norm = Normalize(*limits) if single else LogNorm(*limits)
    box = (0, size[1], size[0], 0)  # left, right, bottom, top
    image = axes.imshow(values, cmap=FILLED, norm=norm, interpolation="none", aspect="auto", extent=box)
    label = say(language, "stars") if single else say(language, "binned", users=together[0], movies=together[1])
    figure.colorbar(image, cax=bar, label=label)
    if not single:
        logarithmic(bar.yaxis)
    axes.set(xlabel=say(language, "movie_axis"), ylabel=say(language, "user_axis"))
    axes.spines[:].set_color("silver")
    axes.tick_params(color="silver", labelsize=9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
        axis.set_major_formatter("{x:,.0f}")


def shares(
    user: np.ndarray, movie: np.ndarray, stars: np.ndarray, users: int, movies: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """The value of each cell, not-a-number where nothing is rated; and how many users and movies share a cell."""
    (down, rows), (across, columns) = cells(users, ROWS), cells(movies, COLUMNS)
    place = (user // down) * columns + movie // across  # (R,)
    count = np.bincount(place, minlength=rows * columns).reshape(rows, columns)
    area = np.outer(members(users, down), members(movies, across))
    value = 100 * count / area
    if (down, across) == (1, 1):
        value = np.bincount(place, stars, minlength=rows * columns).reshape(rows, columns) / count.clip(1)
    return np.where(count > 0, value, np.nan), (down, across)


def draw_counts(axes: Axes, index: np.ndarray, size: int, most: int, language: Language, upright: bool) -> None:
    """The mean number of ratings of those who share a cell."""
    together, bins = cells(size, most)
    mean = np.bincount(index // together, minlength=bins) / members(size, together)  # (bins,)
    edges = np.minimum(np.arange(bins + 1) * together, size)
    skewed = mean.max() > SKEWED * np.median(mean)
    baseline = mean[mean > 0].min() / 2 if skewed else 0
    way: Literal["vertical", "horizontal"] = "vertical" if upright else "horizontal"
    axes.stairs(mean.clip(baseline), edges, baseline=baseline, fill=True, color=BLUE, orientation=way)
    quiet(axes)
    axes.tick_params(labelbottom=not upright, labelleft=upright)
    side, scale = "y" if upright else "x", "log" if skewed else "linear"
    axes.set(**{f"{side}label": say(language, "ratings"), f"{side}scale": scale})
    axis = axes.yaxis if upright else axes.xaxis
    logarithmic(axis) if skewed else axis.set_major_locator(MaxNLocator(3, integer=True))
