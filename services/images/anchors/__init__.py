"""Which pictures are in the index, kept on the disk before it is answered, and found by their vectors."""

from services.images.anchors.anchors import Anchors
from services.images.anchors.problems import AnchorsUnreadable
from services.images.anchors.records import Added, Anchor, Change, New, Picture, picture_of, plain
from services.images.anchors.searcher import Searcher

__all__ = [
    "Added",
    "Anchor",
    "Anchors",
    "AnchorsUnreadable",
    "Change",
    "New",
    "Picture",
    "Searcher",
    "picture_of",
    "plain",
]
