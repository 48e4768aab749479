"""The picture of a table of positions: its numbers as colours, and a few dimensions as curves."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

COLOURS = "RdBu_r"  # white at 0, red above, blue below; safe for the colour-blind
CURVES = (0, 1 / 8, 1 / 4, 1 / 2)  # dimensions drawn as curves as well, as parts of the width: from fast to slow
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, told apart by the colour-blind too
DOTS_UP_TO = 64  # positions; beyond, dots would cover their curve


def positions_figure(table: np.ndarray, title: str) -> Figure:
    """`table` is (T, D): positions from left to right, dimensions from top to bottom, curves of a few below."""
    figure = Figure(figsize=(8, 7), layout="constrained", label=title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    draw_table(figure, above, table)
    draw_curves(below, table)
    figure.suptitle(title, size=12, x=0.01, ha="left", parse_math=False)
    return figure


def draw_table(figure: Figure, axes: Axes, table: np.ndarray) -> None:
    # The largest numbers of a learned table are a few outliers; a colour for them would leave the others white.
    whole, usual = float(np.abs(table).max()), float(np.quantile(np.abs(table), 0.99))
    most = (usual if whole > 1.2 * usual else whole) or 1.0
    image = axes.imshow(table.T, cmap=COLOURS, vmin=-most, vmax=most, interpolation="none", aspect="auto")
    axes.set_ylabel("dimension")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(image, ax=axes, extend="both" if whole > most else "neither")


def draw_curves(axes: Axes, table: np.ndarray) -> None:
    marker = "." if len(table) <= DOTS_UP_TO else None
    dimensions = dict.fromkeys(int(part * table.shape[1]) for part in CURVES)
    for dimension, colour in zip(dimensions, LINES, strict=False):
        axes.plot(table[:, dimension], color=colour, marker=marker, linewidth=1.2, label=f"dimension {dimension}")
    axes.set_xlabel("position")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(dimensions), frameon=False, fontsize=9)
