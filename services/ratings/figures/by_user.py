"""How many ratings each user gave (the newsletter's "by user"), and how kindly."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from services.ratings.figures.sheet import BLUE, FILLED, ORANGE, logarithmic, quiet, say, sheet
from services.ratings.figures.words import Language

POINTS = 400  # of the curve: more do not show
DOTS_UP_TO = 3_000  # users; more of them are counted in hexagons


def by_user(user: np.ndarray, stars: np.ndarray, source: str, language: Language) -> Figure:
    """`user` (R,) places from 0, `stars` (R,); a user without ratings is left out."""
    count = np.bincount(user)
    rated = count > 0
    mean = np.bincount(user, stars)[rated] / count[rated]  # (U,)
    count = count[rated]
    title = say(language, "by_user", users=len(count), median=np.median(count), most=int(count.max()))
    figure = sheet(title, source, width=10, height=4.8)
    left, right = figure.subplots(1, 2)
    draw_ranked(left, count, language)
    draw_means(figure, right, count, mean, float(stars.mean()), language)
    return figure


def draw_ranked(axes: Axes, count: np.ndarray, language: Language) -> None:
    ranked = np.sort(count)[::-1]
    shown = np.unique(np.linspace(0, len(ranked) - 1, POINTS).astype(int))
    axes.fill_between(shown + 1, ranked[shown], step="mid", color=BLUE, alpha=0.85, linewidth=0)
    quiet(axes, grid="y")
    axes.set(xlabel=say(language, "user_rank"), ylabel=say(language, "ratings_of_user"), yscale="log")
    axes.set_xlim(1, max(len(ranked), 2))
    axes.set_ylim(max(ranked[-1] * 0.7, 0.7))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    logarithmic(axes.yaxis)


def draw_means(
    figure: Figure, axes: Axes, count: np.ndarray, mean: np.ndarray, overall: float, language: Language
) -> None:
    quiet(axes, grid="both")
    if len(count) <= DOTS_UP_TO:
        axes.scatter(count, mean, s=14, color=BLUE, alpha=0.45, linewidths=0)
    else:
        found = axes.hexbin(
            count, mean, xscale="log", gridsize=45, mincnt=1, cmap=FILLED, norm=LogNorm(), linewidths=0.1
        )
        logarithmic(figure.colorbar(found, ax=axes, label=say(language, "users"), aspect=30).ax.yaxis)
    axes.axhline(overall, color=ORANGE, linewidth=1.5, label=say(language, "overall", mean=overall))
    axes.set(xlabel=say(language, "ratings_of_user"), ylabel=say(language, "mean_of_user"), xscale="log")
    logarithmic(axes.xaxis)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
