"""Duplicates, and the map of all anchors."""

from typing import Literal

from pydantic import BaseModel, Field

from services.images.schemas.anchors import ATTRIBUTION, Anchor
from shared.schemas import Page, PageRequest

Tier = Literal["same", "edited", "alike"]


class DuplicatesRequest(PageRequest):
    """Which kind of duplicates."""

    tier: Tier = Field(
        "edited",
        description="`same`: the same pixels in two files; `edited`: resized, cropped, turned, recoloured copies; "
        "`alike`: probably the same thing in another picture.",
    )
    threshold: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="From which score on: the copies' similarity for `edited`, the probability for `alike`; measured "
        "defaults. `same` has none.",
    )


class Duplicate(Anchor):
    """An anchor of a group."""

    score: float = Field(ge=-1, le=1, description="How near it is to the first of the group; 1 for the first itself.")


class Group(BaseModel):
    """Anchors that each score the threshold or more with the first of them."""

    anchors: list[Duplicate] = Field(description="The one that most others resemble, then these, the nearest first.")


class Duplicates(Page):
    """Groups of duplicates, largest first."""

    items: list[Group] = Field(description="The groups of this part.")
    tier: Tier = Field(description="The kind that was asked for.")
    threshold: float = Field(description="The score that was applied.")
    left: int = Field(
        ge=0, description="Pairs not compared yet: the next answer goes on there, and may find more groups."
    )
    note: str | None = Field(description="What to know beside the answer.")
    attribution: str = Field(description=ATTRIBUTION)


class MapRequest(PageRequest):
    """Which part of the map."""

    limit: int = Field(1000, ge=1, le=10_000, description="How many at most.")


class Point(BaseModel):
    """An anchor's place on the map."""

    id: str = Field(description="The anchor.")
    name: str = Field(description="What it shows.")
    x: float = Field(ge=-1, le=1, description="From the left, -1, to the right, 1.")
    y: float = Field(ge=-1, le=1, description="From the bottom, -1, to the top, 1.")
    thumbnail_url: str = Field(description="Where a small PNG of it is.")


class MapPage(Page):
    """Places of anchors; the axes were fixed when the model was trained, so a picture keeps its place."""

    items: list[Point] = Field(description="The anchors of this part.")
    method: str = Field(description="How the axes were found, and what they keep.")
    attribution: str = Field(description=ATTRIBUTION)
