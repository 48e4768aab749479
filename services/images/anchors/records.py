"""What is known of a picture: by its file alone, as an anchor of the index, and as it comes to be added."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from PIL import Image

from services.images.stores import Vectors

# One vector (D,) a space, or (N, D); by `Space`, whose mapping is to Python no mapping of strings.
BySpace = Mapping[Any, Vectors]

ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif", "image/bmp": ".bmp"}


@dataclass(frozen=True)
class Picture:
    """A file, without a model."""

    sha256: str
    file: str  # its name where it came from
    name: str  # what it shows, in words
    media: str
    width: int
    height: int
    bytes: int
    pixels: str  # sha256 of what is seen, whatever the format

    @property
    def id(self) -> str:
        return self.sha256[:16]

    @property
    def stored_as(self) -> str:
        """Named by what is in it, its ending too, whatever it was called."""
        return f"{self.id}{ENDINGS[self.media]}"


@dataclass(frozen=True)
class Anchor(Picture):
    """A picture of the index."""

    key: int
    added_at: str  # ISO 8601, UTC
    source: Literal["default", "added"]  # came with the model, in whose folder its file is; or was added


@dataclass(frozen=True)
class New:
    """A picture to add: its file, and one vector (D,) a space."""

    raw: bytes
    picture: Picture
    vectors: BySpace


class Added(NamedTuple):
    anchor: Anchor
    known: bool  # the same file was there before


class Change(NamedTuple):
    seq: int
    key: int
    what: str  # vectors, name, gone


def plain(name: str) -> str:
    """A name that can be stored, sent and shown: what is no letter of Unicode, and control characters, are left out."""
    whole = name.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in whole).strip()


def picture_of(raw: bytes, image: Image.Image, file: str, name: str, media: str) -> Picture:
    """`image` is what was decoded from `raw`: upright, RGB."""
    pixels = hashlib.sha256(f"{image.width}x{image.height}:".encode() + image.tobytes()).hexdigest()
    file = plain(file) or "picture"
    name = plain(name) or file
    return Picture(hashlib.sha256(raw).hexdigest(), file, name, media, image.width, image.height, len(raw), pixels)
