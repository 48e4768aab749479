"""One head as lines between two columns of tokens: queries on the left, the keys they look at on the right."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from services.attention.figures.drawing import Drawing, shown
from services.attention.figures.paper import (
    BOUNDARY,
    INK,
    MARGIN,
    common_notes,
    label_inches,
    label_points,
    named,
    paper,
    token_inches,
    whole_points,
)

LEVELS = 32  # of opacity: finer steps cannot be told apart, and the lines of one level are one short path
ALL_UP_TO = 32  # tokens; of more, all their lines would be one dark surface
KEPT = 3  # lines of a query then: the sinks of a sentence, and one word
LINES_A_PATH = 500  # agg cannot fill a path with many more
# Eyes see faint lines less than they weigh; the exponent makes up for a part of it.
GAMMA = 0.7
GAP = 1 / 12  # inches between a token and its lines


def lines(drawing: Drawing) -> Figure:
    weights, longest = drawing.one, max(drawing.one.shape)
    cell = token_inches(longest, widest=0.3)
    letter, step = label_points(cell), named(longest, cell).step
    left, right = (label_inches(tokens, letter) + MARGIN + GAP for tokens in (drawing.queries, drawing.keys))
    between, height = whole_points(np.clip(longest * 0.05, 2.5, 6)), cell * longest
    sheet = paper(drawing.title, notes(drawing, step), left + between + right, height + 0.5)
    axes = sheet.axes(left, 0.25, between, height)
    axes.set(xlim=(0, 1), ylim=(longest - 0.5, -0.5))
    axes.set_axis_off()
    draw_lines(axes, weights, thickest=min(cell * 10, 2.5))
    gap = GAP / between
    write_column(axes, drawing.queries, -gap, "right", letter, step)
    write_column(axes, drawing.keys, 1 + gap, "left", letter, step)
    for at, word, side in ((-gap, "query", "right"), (1 + gap, "key", "left")):
        axes.text(at, 1 + 0.1 / height, drawing.say(word), ha=side, size=9, color="dimgrey", transform=axes.transAxes)
    draw_boundaries(axes, drawing.boundaries, left / between, right / between, gap)
    return sheet.figure


def notes(drawing: Drawing, step: int) -> list[str]:
    weights, dropped = drawing.one, int((levels(drawing.one) == 0).sum())
    least = drawing.say("faint", dropped=dropped, count=weights.size, least=faintest(weights).max())
    which = drawing.say("strongest", kept=KEPT) if crowded(weights) else least
    return [f"{drawing.say('lines', largest=weights.max())} {which}", *common_notes(drawing, step)]


def levels(weights: np.ndarray) -> np.ndarray:
    """(Tq, Tk) of 0, not drawn, to LEVELS, the largest weight."""
    return np.where(weights > faintest(weights), np.ceil(weights / (weights.max() or 1) * LEVELS), 0).astype(int)


def crowded(weights: np.ndarray) -> bool:
    return any(count > ALL_UP_TO for count in weights.shape)


def faintest(weights: np.ndarray) -> np.ndarray:
    """(Tq, 1) the largest weight of each query without a line: half a level, or more where there are too many tokens.

    Equal weights all have their line or all have none: no choice among them would say anything.
    """
    least = np.full((len(weights), 1), weights.max() / (2 * LEVELS))
    if not crowded(weights) or weights.shape[1] <= KEPT:
        return least
    next_one: np.ndarray = np.partition(weights, -KEPT - 1)[:, -KEPT - 1, None]
    return next_one.clip(min=least)


def draw_lines(axes: Axes, weights: np.ndarray, thickest: float) -> None:
    """The strongest last, so that they lie on top."""
    of_pair = levels(weights)
    for level in range(1, LEVELS + 1):
        share = level / LEVELS
        style = {
            "edgecolor": INK,
            "alpha": round(share**GAMMA, 3),
            "linewidth": round(thickest * (0.3 + 0.7 * share), 2),
        }
        for path in paths(np.argwhere(of_pair == level)):
            axes.add_patch(PathPatch(path, fill=False, clip_on=False, **style))


def paths(pairs: np.ndarray) -> Iterator[Path]:
    """Straight lines from (0, query) to (1, key) of (N, 2) pairs, joined into few paths: a small SVG."""
    for start in range(0, len(pairs), LINES_A_PATH):
        part = pairs[start : start + LINES_A_PATH]
        points = np.stack([np.tile([0, 1], len(part)), part.ravel()], axis=1)  # (2 N, 2): x and y of both ends
        path = Path(points, np.tile([Path.MOVETO, Path.LINETO], len(part)))
        path.should_simplify = False
        yield path


def write_column(axes: Axes, tokens: Sequence[str], at: float, side: str, size: float, step: int) -> None:
    for place in range(0, len(tokens), step):
        axes.text(at, place, shown(tokens[place]), ha=side, va="center_baseline", size=size, parse_math=False)


def draw_boundaries(axes: Axes, places: Sequence[int], left: float, right: float, gap: float) -> None:
    """Beside the tokens, where no line of a weight runs."""
    for place in places:
        for ends in ((-left + gap, -gap / 2), (1 + gap / 2, 1 + right - gap)):
            axes.plot(ends, (place - 0.5, place - 0.5), color=BOUNDARY, linewidth=1, clip_on=False)
