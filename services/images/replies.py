"""What is answered, from what is known: anchors, matches and lists of them in the words of the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from services.images import anchors
from services.images.grouping import Group
from services.images.schemas import groups
from services.images.schemas.anchors import Added, Anchor, AnchorPage, AnchorsRequest
from services.images.schemas.groups import Duplicate, Point
from services.images.schemas.matches import Match

Map = NDArray[np.float64]

DECIMALS = 4  # of a similarity
CELL_DECIMALS = 8  # of a cell of a map: the rounding of 81 of them stays under 1e-6


def anchor(of: anchors.Anchor) -> Anchor:
    url = f"/images/anchors/{of.id}"
    shown = {name: value for name, value in asdict(of).items() if name in Anchor.model_fields}
    return Anchor(**shown, id=of.id, url=f"{url}/file", thumbnail_url=f"{url}/thumbnail")


def added(of: anchors.Added) -> Added:
    return Added(**anchor(of.anchor).model_dump(), known=of.known)


def group(of: Group, there: Mapping[int, anchors.Anchor]) -> groups.Group:
    """Those of the group that are there."""
    scored = [(of.first, 1.0), *zip(of.others, of.scores, strict=True)]
    members = [
        Duplicate(**anchor(there[key]).model_dump(), score=rounded(score)) for key, score in scored if key in there
    ]
    return groups.Group(anchors=members)


def points(of: Sequence[anchors.Anchor], places: Sequence[Sequence[float]]) -> list[Point]:
    return [
        Point(
            id=one.id, name=one.name, x=round(x, 4), y=round(y, 4), thumbnail_url=f"/images/anchors/{one.id}/thumbnail"
        )
        for one, (x, y) in zip(of, places, strict=True)
    ]


def match(of: anchors.Anchor, cosine: float, probability: float | None = None, map_: Map | None = None) -> Match:
    return Match(
        **anchor(of).model_dump(),
        similarity=rounded(cosine),
        probability=None if probability is None else round(float(probability), DECIMALS),
        map=None if map_ is None else cells(map_),
    )


def cells(map_: Map) -> list[list[float]]:
    rows: list[list[float]] = np.round(map_, CELL_DECIMALS).tolist()
    return rows


def rounded(cosine: float) -> float:
    """float32 may end a hair beyond ±1."""
    return round(float(np.clip(cosine, -1, 1)), DECIMALS)


def page(found: Sequence[anchors.Anchor], total: int, asked: AnchorsRequest, attribution: str) -> AnchorPage:
    return AnchorPage(
        items=[anchor(one) for one in found],
        total=total,
        limit=asked.limit,
        offset=asked.offset,
        attribution=attribution,
    )
