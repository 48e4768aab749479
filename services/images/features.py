"""Pictures to tensors: decoded with care, made upright RGB on white, squashed to 224 x 224, scaled to about -1..1."""

import hashlib
import io
import math
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from shared.problems import Unprocessable, UnsupportedMedia

SIDE = 224  # pixels; what EfficientNet-Lite0 was trained on

# The formats read, each with how its files begin. Anything else Pillow could open (PSD, EPS, TIFF, ...) stays closed.
SIGNATURES = {
    "PNG": re.compile(rb"\x89PNG"),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WEBP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8"),
    "BMP": re.compile(rb"BM"),
}
MEDIA_TYPES = tuple(f"image/{name.lower()}" for name in SIGNATURES)

# Pillow warns of large pictures by a limit of its own; `decode` refuses earlier, by a limit that is a setting.
Image.MAX_IMAGE_PIXELS = None


def content_id(raw: bytes) -> str:
    """The name of a file by what is in it: the first 16 hex digits of its SHA-256. The same file twice is one."""
    return hashlib.sha256(raw).hexdigest()[:16]


def decode(raw: bytes, max_pixels: int) -> Image.Image:
    """The picture in a file, upright, RGB on white; refused from its header when it is not a picture or too large."""
    image = open_header(raw)
    width, height = image.size
    if width * height > max_pixels:
        raise Unprocessable(f"the picture is {width} x {height} pixels; at most {max_pixels:,} are decoded: shrink it")
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, struct.error) as error:  # what Pillow raises for broken pixel data
        raise Unprocessable(f"the {image.format} file is cut off or damaged ({error}): send it again, whole") from error
    return on_white(upright(image))


def upright(image: Image.Image) -> Image.Image:
    """As its EXIF orientation says; as it lies when its EXIF data is damaged, which the pixels may well survive."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, TypeError, ValueError, struct.error):
        return image


def open_header(raw: bytes) -> Image.Image:
    """The picture with its format and size known and no pixel decoded."""
    if not raw:
        raise Unprocessable(f"the body is empty: send the bytes of a picture ({', '.join(MEDIA_TYPES)})")
    known = next((name for name, start in SIGNATURES.items() if start.match(raw)), None)
    if known is None:
        raise UnsupportedMedia(
            f"this is not a picture we read: it begins with {raw[:8]!r}; send {', '.join(MEDIA_TYPES)}"
        )
    try:
        return Image.open(io.BytesIO(raw), formats=[known])
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise Unprocessable(f"the {known} file's header is cut off or damaged: send it again, whole") from error


def on_white(image: Image.Image) -> Image.Image:
    """Any mode to RGB; what is transparent shows white."""
    if image.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8, a plain conversion would clip to white
        image = image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def to_tensor(image: Image.Image) -> Tensor:
    """(3, 224, 224), scaled as the trunk was trained: (x - 127) / 128, not ImageNet's mean and deviation.

    The whole picture is squashed to a square: cutting the middle out would lose what a wide picture shows at its ends.
    """
    pixels = np.array(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32)  # (224, 224, 3)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)


def to_batch(images: Sequence[Image.Image]) -> Tensor:
    return torch.stack([to_tensor(image) for image in images])  # (N, 3, 224, 224)


def moved(
    image: Image.Image, rng: np.random.Generator, turn: float = 20, shrink: float = 0.7, shift: float = 0.1
) -> Image.Image:
    """Turned by up to ±`turn` degrees, scaled by `shrink` to 1, shifted by up to ±`shift` of a side; white around."""
    angle = math.radians(rng.uniform(-turn, turn))
    scale = rng.uniform(shrink, 1)
    width, height = image.size
    dx, dy = rng.uniform(-shift, shift, 2) * (width, height)
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    # Pillow asks for the inverse: where in the old picture each new pixel comes from, turning about the middle.
    x, y = width / 2 + dx, height / 2 + dy
    inverse = (cos, sin, width / 2 - cos * x - sin * y, -sin, cos, height / 2 + sin * x - cos * y)
    return image.transform(image.size, Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC, fillcolor="white")


def picture_files(folder: Path) -> list[Path]:
    """The picture files of a folder in the order of their names."""
    endings = Image.registered_extensions()
    return sorted(path for path in folder.iterdir() if endings.get(path.suffix.lower()) in SIGNATURES)


def in_batches(
    network: Callable[[Tensor], Tensor], pictures: Sequence[Callable[[], Image.Image]], workers: int, size: int = 4
) -> Iterator[Tensor]:
    """`network` over many pictures, given by what opens them, a few at a time and in order.

    `workers` small batches at once, of one torch thread each: feature maps stay in the cache, and no thread waits for
    another (two torch threads on one batch spin while the other core is busy).
    """

    def run(batch: Sequence[Callable[[], Image.Image]]) -> Tensor:
        with torch.inference_mode():
            return network(to_batch([open_picture() for open_picture in batch]))

    batches = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(run, batches)
