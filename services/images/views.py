"""Views of a picture that show the same thing: each a seeded draw, so that the same seed gives the same training.

What a view may change is what must not matter to the search. A pair is turned, mirrored or recoloured into another
pair; a photograph is taken again, from elsewhere and in another light.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from services.images.features import moved

Generator = np.random.Generator
Places = NDArray[np.float64]  # (4, 2)
View = Callable[[Image.Image, int, Generator], Image.Image]

BICUBIC = Image.Resampling.BICUBIC
GREY = (127, 127, 127)

# The eight ways to lay a square on itself. Both sides of a pair are laid alike and are then a pair like any other, of
# a thing that was not there before: eight times as many identities to learn from.
LAYINGS = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)


def laid(image: Image.Image, view: int) -> Image.Image:
    laying = LAYINGS[view % len(LAYINGS)]
    return image if laying is None else image.transpose(laying)


def anchor_view(image: Image.Image, view: int, rng: Generator) -> Image.Image:
    """Laid as its positive is, most often in other colours, and moved a little."""
    image = laid(image, view)
    if rng.random() < 0.7:
        image = recoloured(image, turn=int(rng.integers(256)), saturation=rng.uniform(0.3, 1.5))
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1))
    return moved(image, rng, turn=10, shrink=0.8, shift=0.05)


def positive_view(image: Image.Image, view: int, rng: Generator) -> Image.Image:
    """Laid as its anchor is, and moved."""
    return moved(laid(image, view), rng, turn=15, shrink=0.8)


def photograph_view(image: Image.Image, view: int, rng: Generator) -> Image.Image:
    """Taken again: another part of it, perhaps mirrored, turned or tilted, in another light, not quite sharp."""
    image = zoomed(image, rng)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.4:
        image = tilted(image, rng) if rng.random() < 0.5 else turned(image, rng)
    image = relit(image, rng)
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2))) if rng.random() < 0.2 else image


def zoomed(image: Image.Image, rng: Generator, least: float = 0.3, most_wide: float = 1.4) -> Image.Image:
    """A part with `least` to all of the area, its sides up to `most_wide` times out of proportion."""
    area = image.width * image.height * rng.uniform(least, 1)
    ratio = math.exp(rng.uniform(-1, 1) * math.log(most_wide)) * image.width / image.height
    width = min(image.width, max(1, round(math.sqrt(area * ratio))))
    height = min(image.height, max(1, round(math.sqrt(area / ratio))))
    left, top = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    return image.crop((int(left), int(top), int(left) + width, int(top) + height))


def turned(image: Image.Image, rng: Generator) -> Image.Image:
    return image.rotate(rng.uniform(-25, 25), BICUBIC, fillcolor=GREY)


def tilted(image: Image.Image, rng: Generator, most: float = 0.15) -> Image.Image:
    """Seen from the side: each corner moves inwards by up to `most` of a side."""
    width, height = image.size
    inwards = rng.uniform(0, most, (4, 2)) * (width, height)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float)
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, homography(corners + signs * inwards, corners), BICUBIC, fillcolor=GREY
    )


def homography(new: Places, old: Places) -> tuple[float, ...]:
    """Pillow's eight numbers (a, ..., h): the place (x, y) of the new picture shows the old one's
    ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)). Four places of each fix them.
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(new, old, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(right)).tolist())


def relit(image: Image.Image, rng: Generator) -> Image.Image:
    """Brightness and contrast by ±40 %, saturation by ±30 %, hue by ±6 %: shops differ in their light."""
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.6, 1.4))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.6, 1.4))
    return recoloured(image, turn=round(rng.uniform(-0.06, 0.06) * 256), saturation=rng.uniform(0.7, 1.3))


def recoloured(image: Image.Image, turn: int, saturation: float) -> Image.Image:
    """Its hues turned by `turn` of 256 steps, its colours `saturation` times as strong."""
    hue, strength, value = image.convert("HSV").split()
    turned = hue.point([(step + turn) % 256 for step in range(256)])
    return ImageEnhance.Color(Image.merge("HSV", (turned, strength, value)).convert("RGB")).enhance(saturation)


VIEWS: dict[str, View] = {"anchor": anchor_view, "positive": positive_view, "any": photograph_view}
