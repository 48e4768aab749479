"""What a figure shows, and how its tokens are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.attention.figures.words import WORDS, Language

LONGEST_LABEL = 24  # characters


@dataclass(frozen=True)
class Drawing:
    """The weights of some heads over one text, or over two in cross-attention."""

    queries: Sequence[str]  # the tokens that look: rows
    keys: Sequence[str]  # the tokens looked at: columns
    weights: np.ndarray  # (L, H, Tq, Tk), 0 to 1
    title: str
    layers: Sequence[int]  # the numbers of the L layers
    heads: Sequence[int]  # the numbers of the H heads
    language: Language = "en"
    segments: Sequence[int] | None = None  # 0 in the text, 1 in its pair; one number a token, on both axes

    def __post_init__(self) -> None:
        wanted = (len(self.layers), len(self.heads), len(self.queries), len(self.keys))
        if self.weights.shape != wanted:
            raise ValueError(f"weights are {self.weights.shape}; layers, heads, queries and keys ask for {wanted}")

    @property
    def one(self) -> np.ndarray:
        """(Tq, Tk): the only head of a matrix or of lines."""
        [[weights]] = self.weights
        return np.asarray(weights)

    @property
    def boundaries(self) -> list[int]:
        """The tokens with which another text begins."""
        segments = list(self.segments or [])
        return [place for place in range(1, len(segments)) if segments[place] != segments[place - 1]]

    def say(self, word: str, **values: Any) -> str:
        return WORDS[self.language][word].format(**values)


def shown(token: str) -> str:
    """`token` as it can be read: no longer than a label, with signs for what has no shape."""
    visible = "".join(map(visible_character, token)).replace(" ", "␣" if token.isspace() else " ")
    return visible if len(visible) <= LONGEST_LABEL else visible[: LONGEST_LABEL - 1] + "…"


def legible(text: str) -> str:
    """`text` of any length on one line."""
    return "".join(" " if character.isspace() else visible_character(character) for character in text)


def visible_character(character: str) -> str:
    """XML 1.0, section 2.2, has no control characters; Unicode's control pictures stand in for them."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return chr(0x2400 + code) if code < 0x20 else "\u2421"
    # C1 controls, signs that turn the direction of the text after them, halves of characters, and no characters at all.
    turns = code in (0x200E, 0x200F, 0x061C) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    hidden = 0x80 <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE
    return "\ufffd" if turns or hidden else character
