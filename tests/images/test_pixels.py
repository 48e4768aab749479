"""Bytes to pixels: what Pillow's own decoding and resizing give, and refused in the same words."""

import threading
import time
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from services.images.features import decode, open_header
from services.images.pixels import ahead, of_image, pixels, shrunk
from shared.problems import Problem, Unprocessable
from tests.images.pictures import encoded, png_bomb

LIMIT, SIDE = 25_000_000, 64
ORIENTATION = 0x0112  # of EXIF


def scene(mode: str = "RGB", size: tuple[int, int] = (200, 150)) -> Image.Image:
    """Smooth, with an edge, and no two quarters alike."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    channels = np.stack([255 * x, 255 * y, 255 * ((x - 0.3) ** 2 + (y - 0.6) ** 2 < 0.1)], axis=2)
    return Image.fromarray(channels.astype(np.uint8)).convert(mode)


def by_pillow(raw: bytes, side: int = SIDE) -> torch.Tensor:
    image = decode(raw, LIMIT).resize((side, side), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def difference(raw: bytes, side: int = SIDE) -> float:
    """Mean, in grey levels of 0 to 255."""
    return (pixels(raw, LIMIT, side).float() - by_pillow(raw, side)).abs().mean().item()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_format_is_seen_as_pillow_sees_it(kind: str, mode: str) -> None:
    assert difference(encoded(scene(mode), kind)) < 0.1


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "I;16"])
def test_every_mode_of_png_is_seen_as_pillow_sees_it(mode: str) -> None:
    image = scene("I").point(lambda value: value * 256).convert("I;16") if mode == "I;16" else scene(mode)
    assert difference(encoded(image, "PNG")) < 0.1


def test_a_transparent_colour_shows_white() -> None:
    image = Image.new("RGB", (20, 20), "black")
    assert pixels(encoded(image, "PNG", transparency=(0, 0, 0)), LIMIT, SIDE).min() == 255


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"quality": 20}])
def test_every_jpeg_is_seen_as_pillow_sees_it(options: dict[str, int]) -> None:
    assert difference(encoded(scene(), "JPEG", **options)) < 0.1


def test_cmyk_is_seen_as_pillow_sees_it() -> None:
    assert difference(encoded(scene("CMYK"), "JPEG")) < 0.1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_upright_whatever_its_camera_was(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert difference(encoded(scene(), kind, exif=exif)) < 0.1


def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same() -> None:
    raw = encoded(scene(size=(1000, 700)), "JPEG")
    image = open_header(raw)
    assert shrunk(image, SIDE)
    assert image.size == (250, 175)
    assert difference(raw) < 1.5


def test_a_large_jpeg_on_its_side_is_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    assert difference(encoded(scene(size=(1000, 700)), "JPEG", exif=exif)) < 1.5


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (3, 2)])
def test_every_shape_becomes_a_square(size: tuple[int, int]) -> None:
    raw = encoded(Image.new("RGB", size, (200, 30, 90)), "PNG")
    assert pixels(raw, LIMIT, SIDE).flatten(1).amin(1).tolist() == [200, 30, 90]


def test_a_moving_png_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    raw = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert pixels(raw, LIMIT, SIDE)[:, 0, 0].tolist() == [255, 0, 0]


def test_a_decoded_picture_is_the_same_as_its_file() -> None:
    raw = encoded(scene(), "PNG")
    assert torch.equal(of_image(decode(raw, LIMIT), SIDE), pixels(raw, LIMIT, SIDE))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
def test_a_file_that_is_cut_off_is_refused_in_the_words_of_decode(kind: str, part: float) -> None:
    raw = encoded(scene(), kind)
    raw = raw[: int(len(raw) * part)]
    with pytest.raises(Unprocessable) as ours:
        pixels(raw, LIMIT, SIDE)
    with pytest.raises(Unprocessable) as theirs:
        decode(raw, LIMIT)
    assert str(ours.value) == str(theirs.value)


def test_a_large_jpeg_that_is_cut_off_is_refused() -> None:
    raw = encoded(scene(size=(1000, 700)), "JPEG")
    with pytest.raises(Unprocessable, match="damaged"):
        pixels(raw[: len(raw) // 2], LIMIT, SIDE)


@pytest.mark.parametrize("raw", [b"", b"<svg/>", png_bomb(30_000)], ids=["nothing", "drawing", "too large"])
def test_what_decode_refuses_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem) as ours:
        pixels(raw, LIMIT, SIDE)
    with pytest.raises(Problem) as theirs:
        decode(raw, LIMIT)
    assert str(ours.value) == str(theirs.value)


def test_what_is_opened_ahead_comes_in_order() -> None:
    def opener(number: int) -> int:
        time.sleep(0.002 * (-number % 3))  # the later ones of three are ready first
        return number

    assert list(ahead([partial(opener, number) for number in range(20)], workers=3, most=5)) == list(range(20))


def test_no_more_is_opened_ahead_than_was_said() -> None:
    opened, lock = [0], threading.Lock()

    def opener() -> None:
        with lock:
            opened[0] += 1

    for taken, _ in enumerate(ahead([opener] * 30, workers=2, most=4)):
        assert opened[0] <= taken + 5


def test_what_an_opener_raises_is_raised_at_its_turn() -> None:
    found = ahead([lambda: 1, lambda: 1 // 0], workers=1, most=2)
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)
