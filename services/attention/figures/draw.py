"""One figure of attention as bytes: which view, in which format."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from services.attention.figures.drawing import Drawing
from services.attention.figures.grid import grid
from services.attention.figures.lines import lines
from services.attention.figures.matrix import matrix
from services.attention.figures.page import page
from services.attention.figures.words import WORDS, Language
from services.attention.schemas.figure import Kind, View
from shared import figures
from shared.figures import can_write_hangul, picture

MEDIA: dict[Kind, str] = {"svg": figures.MEDIA["svg"], "png": figures.MEDIA["png"], "html": "text/html"}

VIEWS: dict[View, Callable[[Drawing], Figure]] = {"matrix": matrix, "head": lines, "grid": grid}


def draw(
    view: View,
    kind: Kind,
    *,
    queries: Sequence[str],
    keys: Sequence[str],
    weights: np.ndarray,
    title: str | None,
    layers: Sequence[int],
    heads: Sequence[int],
    language: Language = "en",
    segments: Sequence[int] | None = None,
) -> bytes:
    """The same bytes for the same arguments.

    `title` names the model, none stands for attention that came with the request; layer and head are added to it.
    `weights` is (L, H, Tq, Tk), 0 to 1: one layer and one head for matrix and head, any number for grid. `segments`
    (0 in the text, 1 in its pair) belongs to both axes, so it is given only where queries and keys are the same.
    """
    # In an SVG and a page the reader's fonts write Hangul; in a PNG only one installed here can.
    if kind == "png" and not can_write_hangul():
        language = "en"
    words = WORDS[language]
    title = title if title is not None else words["own_attention"]
    if view != "grid":
        title = words["one_head"].format(title=title, layer=layers[0], head=heads[0])
    drawing = Drawing(queries, keys, weights, title, layers, heads, language, segments)
    if kind == "html":
        return page(drawing, view).encode()
    return picture(VIEWS[view](drawing), kind)
