"""How the error fell while the model was learning (the newsletter's Fig. 19)."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from services.ratings.figures.sheet import LINES, quiet, say, sheet
from services.ratings.figures.words import Language

DOTS_UP_TO = 30  # steps; beyond, dots would cover their curve


def losses(curves: Mapping[str, Sequence[float]], source: str, language: Language) -> Figure:
    """One error (stars) a step, from the first; "Gibbs sweep/held out" is the curve `held out` over Gibbs sweeps.

    Curves with the same step share a panel.
    """
    panels: dict[str, dict[str, Sequence[float]]] = {}
    for name, curve in curves.items():
        step, _, line = name.rpartition("/")
        panels.setdefault(step or say(language, "step"), {})[line] = curve
    figure = sheet(say(language, "losses"), source, width=max(4.6 * len(panels), 7), height=4.6)
    for axes, (step, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=False):
        draw_lines(axes, lines)
        axes.set(xlabel=step, ylabel=say(language, "rmse"))
    return figure


def draw_lines(axes: Axes, lines: Mapping[str, Sequence[float]]) -> None:
    quiet(axes, grid="y")
    for place, (name, curve) in enumerate(lines.items()):
        colour = LINES[place % len(LINES)]
        marker = "." if len(curve) <= DOTS_UP_TO else None
        axes.plot(range(1, len(curve) + 1), curve, color=colour, marker=marker, linewidth=1.8, label=name)
        where = (len(curve), curve[-1])
        axes.annotate(f"{curve[-1]:.4f}", where, (4, 3), textcoords="offset points", size=8, color=colour)
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=9)
