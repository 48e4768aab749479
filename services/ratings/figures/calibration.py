"""Whether the service knows how wrong it is: promised coverage beside the real one, predicted errors beside real ones.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2, calls the like a reliability diagram.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.ratings.figures.sheet import BLUE, INK, QUIET, quiet, say, sheet
from services.ratings.figures.words import Language


def calibration(
    nominal: np.ndarray,
    covered: np.ndarray,
    predicted_sd: np.ndarray,
    rmse: np.ndarray,
    source: str,
    language: Language,
) -> Figure:
    """`nominal` and `covered` (N,) are shares from 0 to 1; `predicted_sd` and `rmse` (Q,) stars, one for each group of
    predictions, from the surest to the least sure."""
    figure = sheet(say(language, "calibration"), source, width=9.5, height=5.2)
    left, right = figure.subplots(1, 2)
    draw_pairs(left, nominal * 100, covered * 100, language, digits=1, limits=(0, 100))
    left.set(xlabel=say(language, "nominal"), ylabel=say(language, "covered"))
    both = np.concatenate([predicted_sd, rmse])
    room = 0.15 * float(np.ptp(both)) or 0.1
    draw_pairs(
        right, predicted_sd, rmse, language, digits=2, limits=(float(both.min()) - room, float(both.max()) + room)
    )
    right.set(xlabel=say(language, "predicted_sd"), ylabel=say(language, "real_rmse"))
    return figure


def draw_pairs(
    axes: Axes, promised: np.ndarray, found: np.ndarray, language: Language, digits: int, limits: tuple[float, float]
) -> None:
    quiet(axes, grid="both")
    axes.plot(limits, limits, color=QUIET, linewidth=1, linestyle=(0, (5, 4)), label=say(language, "ideal"))
    axes.plot(promised, found, color=BLUE, marker="o", markersize=6, linewidth=1.8, label=say(language, "measured"))
    for x, y in zip(promised, found, strict=True):
        axes.annotate(f"{y:.{digits}f}", (x, y), (8, -11), textcoords="offset points", size=9, color=INK)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.legend(frameon=False, loc="upper left", fontsize=9)
