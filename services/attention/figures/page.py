"""A figure as one HTML file that asks nobody for anything: the weights are in it, and its script draws them."""

import base64
import functools
import json
import math
import zlib
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from services.attention.figures.drawing import Drawing, legible, shown
from services.attention.figures.lines import ALL_UP_TO, KEPT
from services.attention.figures.words import WORDS

HERE = Path(__file__).parent
LEVELS = 255  # of a weight in a byte, from 0 to the largest of its head


def page(drawing: Drawing, view: str) -> str:
    # A template is filled in one pass: a token that looks like one of its places stays a token.
    return template().substitute(
        language=drawing.language,
        title=escape(legible(drawing.title)),
        no_script=escape(drawing.say("no_script")),
        style=part("page.css"),
        script=part("page.js"),
        figure=script_json(contents(drawing, view)),
    )


@functools.cache
def template() -> Template:
    return Template(part("page.html"))


@functools.cache
def part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def contents(drawing: Drawing, view: str) -> dict[str, object]:
    """What page.js draws."""
    largest = drawing.weights.max((2, 3))  # (L, H)
    words = WORDS[drawing.language] | {
        "strongest": drawing.say("strongest", kept=KEPT),
        "precision": drawing.say("precision", error=math.ceil(largest.max() / LEVELS / 2 * 1e4) / 1e4),
    }
    return {
        "view": view,
        "title": legible(drawing.title),
        "queries": [shown(token) for token in drawing.queries],
        "keys": [shown(token) for token in drawing.keys],
        "boundaries": drawing.boundaries,
        "layers": list(drawing.layers),
        "heads": list(drawing.heads),
        "all_up_to": ALL_UP_TO,
        "kept": KEPT,
        "largest": [[round(float(weight), 6) for weight in row] for row in largest],
        "weights": packed(drawing.weights, largest),
        "words": words,
    }


def packed(weights: np.ndarray, largest: np.ndarray) -> str:
    """A byte a weight, in C order, deflated (RFC 1950), in base64: at most `largest` / 510 away from the weight."""
    scale = LEVELS / np.where(largest > 0, largest, 1)[:, :, None, None]  # (L, H, 1, 1)
    levels = np.rint(weights * scale).clip(0, LEVELS).astype(np.uint8)
    return base64.b64encode(zlib.compress(levels.tobytes(), 6)).decode()


def script_json(value: object) -> str:
    """JSON that nothing in it can end the script element of, or begin a comment in (HTML, 4.12.1.3)."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
