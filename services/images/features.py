"""Files to pictures: decoded with care, upright, RGB on white, cropped where asked; pixels.py makes tensors of them."""

import hashlib
import io
import math
import re
import struct

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from shared.problems import Unprocessable, UnsupportedMedia, shorten

SIDE = 224  # pixels; what EfficientNet-Lite0 and ResNet-50 were trained on

# The formats read, each with how its files begin. Anything else Pillow could open (PSD, EPS, TIFF, ...) stays closed.
SIGNATURES = {
    "PNG": re.compile(rb"\x89PNG"),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WEBP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8"),
    "BMP": re.compile(rb"BM"),
}
MEDIA_TYPES = tuple(f"image/{name.lower()}" for name in SIGNATURES)

# What people send instead, by how it begins, each with what to do about it.
OTHERS = {
    re.compile(rb"\s*<(!doctype )?html", re.IGNORECASE): "a web page: save the picture itself, not the page around it",
    re.compile(rb"[\xef\xbb\xbf\s]*<(.*<)?(!DOCTYPE )?svg", re.DOTALL): "an SVG, which is a drawing: render it to PNG",
    re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"): "a zip: send the pictures themselves, several in one form",
    re.compile(rb"\x1f\x8b|7z\xbc\xaf|Rar!"): "an archive: send the pictures themselves, several in one form",
    re.compile(rb".{4}ftypavi[fs]", re.DOTALL): "an AVIF picture: save it as JPEG or PNG",
    re.compile(rb".{4}ftyp(he[ivx]|mif1|msf1)", re.DOTALL): "a HEIC picture, as some phones take them: save it as JPEG",
    re.compile(rb".{4}ftyp", re.DOTALL): "a video: send one of its frames as JPEG or PNG",
    re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"): "a TIFF or a camera's raw picture: save it as JPEG or PNG",
    re.compile(rb"%PDF"): "a PDF: save the page as PNG",
    re.compile(rb"8BPS"): "a Photoshop file: save it as JPEG or PNG",
    re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "): "a JPEG XL picture: save it as JPEG or PNG",
    re.compile(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  "): "a JPEG 2000 picture: save it as JPEG or PNG",
    re.compile(rb"\0\0[\x01\x02]\0"): "an icon: save it as PNG",
    re.compile(rb"data:"): "a data URL: send the bytes that its base64 stands for",
}
HEAD = 1024  # bytes at the beginning of a file that tell what it is

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
    """The picture with its format and size known and no pixel decoded. What its name ends in does not matter."""
    if not raw:
        raise Unprocessable(f"the body is empty: send the bytes of a picture ({', '.join(MEDIA_TYPES)})")
    known = format_of(raw)
    if known is None:
        raise UnsupportedMedia(f"this is {named(raw)}; {', '.join(MEDIA_TYPES)} are read")
    try:
        return Image.open(io.BytesIO(raw), formats=[known])
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise Unprocessable(f"the {known} file's header is cut off or damaged: send it again, whole") from error


def format_of(head: bytes) -> str | None:
    """The format of a file that begins like this; none where it is not one of ours."""
    return next((name for name, start in SIGNATURES.items() if start.match(head)), None)


def media_of(head: bytes) -> str:
    """The media type of a picture file that begins like this."""
    return f"image/{(format_of(head) or 'unknown').lower()}"


def named(head: bytes) -> str:
    """What a file that begins like this is, in words, where it is no picture that we read."""
    words = next((words for start, words in OTHERS.items() if start.match(head[:HEAD])), None)
    return words or f"not a picture that we read: it begins with {head[:8]!r}"


def cropped(image: Image.Image, box: str) -> Image.Image:
    """The region `box`, "x,y,w,h": its left upper corner, width and height in pixels of the upright picture."""
    asked = f"box={shorten(box)}"
    try:
        x, y, width, height = (int(number) for number in box.split(","))
    except ValueError:
        raise Unprocessable(f"{asked}: four whole numbers are wanted, x,y,w,h, such as 0,0,80,60") from None
    if width < 1 or height < 1:
        raise Unprocessable(f"{asked}: there is nothing in a region {width} pixels wide and {height} high")
    if x < 0 or y < 0 or x + width > image.width or y + height > image.height:
        raise Unprocessable(
            f"{asked} reaches out of the picture, which is {image.width} x {image.height} pixels when upright"
        )
    return image.crop((x, y, x + width, y + height))


def on_white(image: Image.Image) -> Image.Image:
    """Any mode to RGB; what is transparent shows white."""
    if image.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8, a plain conversion would clip to white
        image = image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


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
