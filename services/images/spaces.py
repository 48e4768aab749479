"""The spaces a picture is indexed in: one unit vector in each, compared by inner product."""

from typing import Literal

Space = Literal["general", "adapted", "words", "copies"]
Look = Literal["general", "adapted"]  # the two in which pictures look alike

WIDTHS: dict[Space, int] = {"general": 256, "adapted": 256, "words": 384, "copies": 256 + 64}
