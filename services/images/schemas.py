"""The words on the wire: anchors, matches, and lists of them."""

from pydantic import BaseModel, Field

from shared.schemas import Page, PageRequest

EXAMPLE_ID = "cefbfc131de63d91"


class Anchor(BaseModel):
    """A picture of the index."""

    id: str = Field(description="First 16 hex digits of the file's SHA-256.", examples=[EXAMPLE_ID])
    file: str = Field(description="Name of the file.", examples=["1F34E.png"])
    name: str = Field(description="What it shows, in words.", examples=["red apple"])
    sha256: str = Field(description="SHA-256 of the file, in hex.")
    url: str = Field(description="Where the file is.", examples=[f"/images/anchors/{EXAMPLE_ID}/file"])
    thumbnail_url: str = Field(
        description="Where a small PNG of it is.", examples=[f"/images/anchors/{EXAMPLE_ID}/thumbnail"]
    )


class Match(Anchor):
    similarity: float = Field(
        ge=-1, le=1, description="Cosine of the two embeddings, -1 to 1, 4 decimals; 1 for the same picture."
    )


class Matches(BaseModel):
    """What looks most like the picture that was asked with."""

    matches: list[Match] = Field(description="The k most similar anchors, the most similar first.")
    model: str = Field(description="Which embedding was used.", examples=["efficientnet-lite0-256"])
    index_size: int = Field(description="How many anchors were compared.", examples=[1193])
    attribution: str = Field(description="Who made the pictures and under which licence they may be shown.")


class AnchorsRequest(PageRequest):
    """Which anchors to list."""

    query: str = Field("", max_length=200, description="Part of the name or file.", examples=["apple"])


class AnchorPage(Page):
    """A part of the list of anchors, in the order of the index."""

    items: list[Anchor] = Field(description="The anchors of this part.")
    attribution: str = Field(description="Who made the pictures and under which licence they may be shown.")
