"""Which picture to draw, and how."""

from typing import Literal

from pydantic import Field

from services.attention.schemas.common import TRAIN, ModelName, PartOfModel, Sentence
from shared.schemas import Request

View = Literal["matrix", "head", "grid"]
Kind = Literal["svg", "png", "html"]


class DrawingRequest(Request):
    """How to draw."""

    view: View = Field(
        "matrix",
        description="matrix: one head, query tokens on rows, key tokens on columns; head: one head, lines from each "
        "token to those it looks at; grid: every head of every layer.",
    )
    layer: int = Field(0, description="The layer, numbered from 0; a grid draws all.", examples=[0])
    head: int = Field(0, description="The head, numbered from 0; a grid draws all.", examples=[4])
    format: Kind | None = Field(
        None,
        description="svg, png, or html: one file with nothing to fetch, where pointing at a cell says what it is. Left "
        "out, the Accept header decides, and SVG is sent when it does not mind.",
    )
    language: Literal["en", "ko"] = Field("en", description="Of the words around the picture.")


class FigureRequest(DrawingRequest):
    """Which head of which sentence to draw, and how."""

    text: Sentence = Field(description="The sentence.", examples=[TRAIN])
    pair: Sentence | None = Field(None, description="A second sentence, read in the same pass.")
    model: ModelName = None
    part: PartOfModel = "self"
    merge: Literal["words"] | None = Field(None, description="words: one row and one column a word, not a token.")
