"""Which movie has which features (the newsletter's Fig. 8), and how many movies have each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from services.ratings.figures.sheet import BLUE, INK, ORANGE, cells, members, quiet, say, sheet
from services.ratings.figures.words import Language

COLUMNS = 500  # cells at most
NAMED_UP_TO = 40  # movies whose titles fit
LONGEST = 32  # characters of a title


def products(
    flags: np.ndarray, genres: Sequence[str], old: np.ndarray, titles: Sequence[str], source: str, language: Language
) -> Figure:
    """`flags` (M, G) and `old` (M,) are 0 or 1; `old` (or half, where unknown) stands below the genres."""
    title = say(language, "products", movies=len(flags), genres=len(genres))
    figure = sheet(title, source, width=10, height=1.8 + 0.26 * (len(genres) + 1) + 1.4 * few(titles))
    left, right, bar = figure.subplots(1, 3, width_ratios=(9, 2.2, 0.22))
    table = np.column_stack([flags, old]).astype(float)  # (M, G + 1)
    draw_table(figure, left, bar, table, language)
    names = [*genres, say(language, "old")]
    left.set_yticks(range(len(names)), names, size=9, parse_math=False)
    if few(titles):
        left.set_xticks(np.arange(len(titles)) + 0.5, [short(name) for name in titles], rotation=90, size=8)
    draw_totals(right, table, language)
    return figure


def few(titles: Sequence[str]) -> bool:
    return 0 < len(titles) <= NAMED_UP_TO


def short(title: str) -> str:
    """A dollar in a title is no formula."""
    return (title if len(title) <= LONGEST else title[: LONGEST - 1] + "…").replace("$", r"\$")


def draw_table(figure: Figure, axes: Axes, bar: Axes, table: np.ndarray, language: Language) -> None:
    movies, features = table.shape
    together, columns = cells(movies, COLUMNS)
    value = np.add.reduceat(table, np.arange(columns) * together) / members(movies, together)[:, None]  # (columns, F)
    box = (0, movies, features - 0.5, -0.5)
    # Shares are small; the power makes differences among them visible.
    style = {"cmap": "Blues", "norm": PowerNorm(0.6, 0, 1), "interpolation": "none", "aspect": "auto", "extent": box}
    image = axes.imshow(value.T, **style)  # type: ignore[arg-type]
    axes.hlines(np.arange(features - 1) + 0.5, 0, movies, colors="white", linewidth=1)
    axes.axhline(features - 1.5, color=ORANGE, linewidth=1)
    axes.set(xlabel=say(language, "movie_axis"), ylabel=say(language, "genre_axis"))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[:].set_color("silver")
    axes.tick_params(color="silver", labelsize=9)
    if together > 1:
        figure.colorbar(image, cax=bar, label=say(language, "feature_share"))
    bar.set_visible(together > 1)


def draw_totals(axes: Axes, table: np.ndarray, language: Language) -> None:
    totals = (table == 1).sum(0)  # (F,)
    axes.barh(range(len(totals)), totals, height=0.72, color=[BLUE] * (len(totals) - 1) + [ORANGE])
    for place, total in enumerate(totals):
        axes.text(total, place, f" {total:,}", va="center", size=8, color=INK)
    axes.set(xlabel=say(language, "movies"), ylim=(len(totals) - 0.5, -0.5), xlim=(0, max(totals.max(), 1) * 1.35))
    quiet(axes)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
