"""Anchors: the pictures of the index, listed, added, renamed and removed."""

from pydantic import BaseModel, Field

from shared.schemas import Page, PageRequest, Request

EXAMPLE_ID = "cefbfc131de63d91"
ATTRIBUTION = "Who made the pictures and under which licence they may be shown; what you added is yours."


class Anchor(BaseModel):
    """A picture of the index."""

    id: str = Field(description="First 16 hex digits of the file's SHA-256.", examples=[EXAMPLE_ID])
    file: str = Field(description="Name of the file.", examples=["1F34E.png"])
    name: str = Field(description="What it shows, in words.", examples=["red apple"])
    sha256: str = Field(description="SHA-256 of the file, in hex.")
    width: int = Field(ge=1, description="Of the upright picture, in pixels.", examples=[224])
    height: int = Field(ge=1, description="Of the upright picture, in pixels.", examples=[224])
    bytes: int = Field(ge=1, description="Size of the file.", examples=[7306])
    added_at: str = Field(
        description="When it came into the index, ISO 8601 in UTC.", examples=["2026-11-23T10:00:00Z"]
    )
    source: str = Field(description="`default` for what training brought along, `added` for the rest.")
    url: str = Field(description="Where the file is.", examples=[f"/images/anchors/{EXAMPLE_ID}/file"])
    thumbnail_url: str = Field(
        description="Where a small PNG of it is.", examples=[f"/images/anchors/{EXAMPLE_ID}/thumbnail"]
    )


class AnchorsRequest(PageRequest):
    """Which anchors to list."""

    query: str = Field("", max_length=200, description="Part of the name or file.", examples=["apple"])


class AnchorPage(Page):
    """A part of the list of anchors, in the order they came in."""

    items: list[Anchor] = Field(description="The anchors of this part.")
    attribution: str = Field(description=ATTRIBUTION)


class AddRequest(Request):
    """What to call the pictures that are added."""

    name: str | None = Field(
        None, min_length=1, max_length=200, description="What it shows; else the file's name, without its ending."
    )
    file: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="File name of a picture sent as the body itself; a form brings its own.",
    )


class Added(Anchor):
    """An anchor, as it is now in the index."""

    known: bool = Field(description="Whether this very file was there already; then nothing changed.")


class Refused(BaseModel):
    """A file that was not added, and why."""

    file: str = Field(description="Its name in the form.")
    detail: str = Field(description="What is wrong with it.")


class AddedList(BaseModel):
    """What became of each picture: on the disk, and found by the next search."""

    items: list[Added] = Field(description="Those in the index now, in the order they were sent.")
    refused: list[Refused] = Field(
        description="Those that are no pictures we can read; the others are added all the same."
    )
    index_size: int = Field(ge=0, description="How many anchors there are now.")


class RenameRequest(Request):
    """What an anchor shows, in other words."""

    model_config = Request.model_config | {"json_schema_extra": {"examples": [{"name": "red apple"}]}}

    name: str = Field(
        min_length=1, max_length=200, description="What it shows; text queries and lists find it by this."
    )


class Removed(BaseModel):
    """An anchor that is gone."""

    id: str = Field(description="What its id was.", examples=[EXAMPLE_ID])
    name: str = Field(description="What it was called.")
    index_size: int = Field(ge=0, description="How many anchors there are now.")
