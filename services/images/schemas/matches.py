"""Searches: by a picture, by words, and what they find."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from services.images.schemas.anchors import ATTRIBUTION, Anchor
from shared.schemas import Request

Embedding = Literal["general", "adapted"]
EMBEDDING = (
    "`general` knows pictures of any kind as its backbone was trained to; `adapted` was trained on pictures like the "
    "anchors. Unless told, the adapted one where it was found better."
)
K = "How many anchors, from 1 to as many as are indexed."
# How many there are, the engine knows: it refuses what is out of range with the range.
K_FIELD = Field(5, description=K, examples=[5], json_schema_extra={"minimum": 1})
Map = Annotated[
    list[list[float]],
    WithJsonSchema({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
]


class SimilarRequest(Request):
    """How many, and by which embedding."""

    k: int = K_FIELD
    embedding: Embedding | None = Field(None, description=EMBEDDING)


class EmbedRequest(Request):
    """By which embedding."""

    embedding: Embedding | None = Field(None, description=EMBEDDING)


class SearchRequest(SimilarRequest):
    """How to search with a picture."""

    by: Literal["look", "copy"] = Field(
        "look", description="`look` finds what shows the same kind of thing; `copy` finds edited copies of the picture."
    )
    box: str | None = Field(
        None,
        max_length=100,
        description="Search with a region: x,y,w,h in pixels of the upright picture.",
        examples=["0,0,48,48"],
    )
    explain: bool = Field(False, description="Whether each match says which cells of your picture made it similar.")


class TextRequest(Request):
    """Words to search by."""

    text: str = Field(
        min_length=1, max_length=500, description="What to look for, in English.", examples=["a red fruit"]
    )
    k: int = K_FIELD


class Match(Anchor):
    """An anchor that was found."""

    similarity: float = Field(
        ge=-1, le=1, description="Cosine of the two vectors, -1 to 1, 4 decimals; 1 for the picture itself."
    )
    probability: float | None = Field(
        description="That it shows the same thing as the picture, 0 to 1, calibrated on identities held out of "
        "training; null where nothing was calibrated (words, copies).",
    )
    map: Map | None = Field(
        None,
        description="With explain=true: what each cell of your picture adds to the similarity, top row first; they sum "
        "to `similarity` before rounding.",
    )


class Matches(BaseModel):
    """What was found."""

    matches: list[Match] = Field(description="The k most similar anchors, the most similar first.")
    no_match: bool | None = Field(
        description="True when even the first is probably something else; null where nothing was calibrated."
    )
    model: str = Field(description="Which network was asked.", examples=["efficientnet-lite0-256"])
    embedding: str = Field(description="Which of its vectors: general, adapted, words, copies.", examples=["adapted"])
    index_size: int = Field(ge=0, description="How many anchors were compared.", examples=[1193])
    note: str | None = Field(description="What to know beside the answer.")
    attribution: str = Field(description=ATTRIBUTION)


class Compared(BaseModel):
    """How similar two pictures are, and where."""

    similarity: float = Field(ge=-1, le=1, description="Cosine of the two vectors, -1 to 1.")
    probability: float | None = Field(
        description="That both show the same thing, 0 to 1, as of a query and its match; null where not calibrated."
    )
    maps: dict[Literal["a", "b"], Map] = Field(
        description="What each cell of either picture adds to the similarity, top row first; each map sums to it."
    )
    copy_similarity: float = Field(ge=-1, le=1, description="The same for edited copies: network and pHash together.")
    tier: Literal["same", "edited", "alike"] | None = Field(
        description="Same pixels, an edited copy, probably the same thing; or none of these."
    )
    model: str = Field(description="Which network was asked.")
    embedding: Embedding = Field(description="Which of its vectors.")


class Embedded(BaseModel):
    """A picture as a vector."""

    vector: Any = Field(
        description="256 numbers, unit length.", json_schema_extra={"type": "array", "items": {"type": "number"}}
    )
    model: str = Field(description="Which network made it.")
    embedding: Embedding = Field(description="Which of its vectors.")
