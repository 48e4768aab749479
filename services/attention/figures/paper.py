"""The paper that views draw on: a title, notes below it, and everything placed in inches."""

import math
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from services.attention.figures.drawing import Drawing, legible, shown

COLOURS = "Blues"  # one hue from white to dark: darker is more, in print and for the colour-blind too
INK = "#08306b"  # the dark end of COLOURS
BOUNDARY = "#d95f02"  # orange stands out from blue, for the colour-blind too
TITLE, NOTE = 12, 8  # points
MARGIN = 0.25  # inches
NARROWEST = 4.5  # inches
TIGHTEST = 1 / 6  # inches a token: letters of 8 points fit
LONGEST = 25  # inches a side: 150 tokens at the tightest; more of them share it


@dataclass(frozen=True)
class Paper:
    figure: Figure
    width: float  # inches
    height: float  # inches
    top: float  # inches from the upper edge to where the view begins

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """All in inches, from the paper's left edge and from below its notes, so that every label keeps its room."""
        bottom = self.height - self.top - top - height
        return self.figure.add_axes((left / self.width, bottom / self.height, width / self.width, height / self.height))


def paper(title: str, notes: Sequence[str], width: float, height: float) -> Paper:
    """Room for a view of `width` x `height` inches below a title and its notes."""
    width = max(width, NARROWEST)
    lines = [(line, TITLE) for line in wrapped(title, width, TITLE)]
    lines += [(line, NOTE) for note in notes for line in wrapped(note, width, NOTE)]
    heights = [size * 1.5 / 72 for _, size in lines]
    top = MARGIN + sum(heights) + 0.125
    figure = Figure(figsize=(width, top + height), dpi=100, label=legible(title))
    for place, (line, size) in enumerate(lines):
        down = MARGIN + sum(heights[:place])
        where = (MARGIN / width, 1 - down / (top + height))
        # A token such as $ is text, not the start of a formula.
        figure.text(*where, line, size=size, va="top", parse_math=False)
    return Paper(figure, width, top + height, top)


def wrapped(text: str, width: float, points: float) -> list[str]:
    """`text` in lines that fit `width` inches when its letters are spread evenly."""
    letter = inches(text, points) / max(len(text), 1)
    return textwrap.wrap(legible(text), max(int((width - 2 * MARGIN) / letter), 10)) if text else []


def inches(text: str, points: float) -> float:
    """A letter is about 0.65 of its height wide, a Hangul or Chinese character twice that."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text) * 0.65 * points / 72


def label_inches(tokens: Sequence[str], points: float) -> float:
    return whole_points(max(inches(shown(token), points) for token in tokens))


def token_inches(count: int, widest: float) -> float:
    """How much of an axis a token gets: at most `widest`, at least what a label needs, less when there are too many."""
    cell = min(max(6 / count, TIGHTEST), widest, LONGEST / count)
    return max(int(cell * 72), 1) / 72  # whole points are short to write in an SVG


def whole_points(inches: float) -> float:
    """The next longer length that is short to write in an SVG."""
    return math.ceil(inches * 72) / 72


def named(count: int, cell: float) -> range:
    """The places of the tokens whose labels do not overlap when each has `cell` inches."""
    return range(0, count, max(round(TIGHTEST / cell), 1))


def label_points(cell: float) -> float:
    return min(max(cell * 50, 8), 11)


def common_notes(drawing: Drawing, step: int) -> list[str]:
    notes = [drawing.say("thinned", step=step)] if step > 1 else []
    return [*notes, drawing.say("boundary")] if drawing.boundaries else notes
