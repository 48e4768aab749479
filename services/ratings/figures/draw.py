"""One figure of the ratings: its name, what it shows, where that comes from."""

from collections.abc import Callable
from typing import Any, Literal

from matplotlib.figure import Figure

from services.ratings.figures.by_stars import by_stars
from services.ratings.figures.by_user import by_user
from services.ratings.figures.calibration import calibration
from services.ratings.figures.losses import losses
from services.ratings.figures.matrix import matrix
from services.ratings.figures.products import products
from services.ratings.figures.words import Language
from shared.figures import Format, can_write_hangul, picture

Name = Literal["matrix", "products", "losses", "calibration", "by-user", "by-stars"]

FIGURES: dict[Name, Callable[..., Figure]] = {
    "matrix": matrix,
    "products": products,
    "losses": losses,
    "calibration": calibration,
    "by-user": by_user,
    "by-stars": by_stars,
}


def draw(name: Name, source: str, language: Language = "en", **inputs: Any) -> Figure:
    """`inputs` are those of the function of that name; `source` is the line below: which data, which model."""
    return FIGURES[name](**inputs, source=source, language=language)


def drawn(name: Name, kind: Format, source: str, language: Language = "en", **inputs: Any) -> bytes:
    """The same bytes for the same arguments."""
    # In an SVG the reader's fonts write Hangul; in a PNG only one installed here can.
    if kind == "png" and not can_write_hangul():
        language = "en"
    return picture(draw(name, source, language, **inputs), kind)
