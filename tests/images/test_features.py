"""Decoding: what is accepted, what is refused before a pixel is decoded, and what the network sees."""

import numpy as np
import pytest
import torch
from PIL import Image

from services.images.features import content_id, decode, in_batches, moved, to_batch, to_tensor
from shared.problems import Problem, Unprocessable, UnsupportedMedia
from tests.images.pictures import encoded, png_bomb

LIMIT = 25_000_000


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP"])
def test_every_format_of_the_list_is_read(noise: Image.Image, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    image = noise.quantize(200) if kind == "GIF" else noise
    assert decode(encoded(image, kind, **options), LIMIT).tobytes() == image.convert("RGB").tobytes()


def test_a_jpeg_is_read_nearly_as_it_was(noise: Image.Image) -> None:
    smooth = noise.resize((6, 4)).resize((60, 40))
    difference = np.abs(np.asarray(decode(encoded(smooth, "JPEG"), LIMIT), int) - np.asarray(smooth, int))
    assert difference.mean() < 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    image = Image.new(mode, (5, 5), 1 if mode == "1" else 40_000 if mode == "I;16" else None)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert decode(encoded(image, kind), LIMIT).mode == "RGB"


def test_sixteen_bits_keep_their_upper_eight() -> None:
    image = Image.new("I;16", (5, 5), 40_000)
    assert decode(encoded(image, "PNG"), LIMIT).getpixel((0, 0)) == (156, 156, 156)


def test_what_is_transparent_shows_white() -> None:
    image = Image.new("RGBA", (5, 5), (0, 0, 0, 0))
    assert decode(encoded(image, "PNG"), LIMIT).getpixel((2, 2)) == (255, 255, 255)


def test_a_photograph_is_turned_upright_by_its_exif() -> None:
    lying = Image.new("RGB", (60, 40), "white")
    exif = lying.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    assert decode(encoded(lying, "JPEG", exif=exif), LIMIT).size == (40, 60)


def test_an_animation_is_its_first_frame(noise: Image.Image) -> None:
    frames = [noise.quantize(200), Image.new("P", noise.size)]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(animated, LIMIT).tobytes() == frames[0].convert("RGB").tobytes()


def test_a_bomb_is_refused_from_its_header() -> None:
    bomb = png_bomb(13_000)
    assert len(bomb) < 25_000
    with pytest.raises(Unprocessable, match="13000 x 13000 pixels; at most 25,000,000"):
        decode(bomb, LIMIT)
    with pytest.raises(Unprocessable, match="13000 x 13000"):  # also when nothing follows the header
        decode(bomb[:60], LIMIT)


def test_the_pixel_limit_is_the_settings_and_inclusive(noise: Image.Image) -> None:
    raw = encoded(noise, "PNG")
    assert decode(raw, 40 * 60).size == (60, 40)
    with pytest.raises(Unprocessable, match="at most 2,399"):
        decode(raw, 40 * 60 - 1)


def test_a_text_file_is_no_picture() -> None:
    with pytest.raises(UnsupportedMedia, match=r"b'Dear all'.*image/png, image/jpeg, image/webp, image/gif, image/bmp"):
        decode(b"Dear all, ", LIMIT)


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO"])
def test_other_formats_stay_closed(noise: Image.Image, kind: str) -> None:
    with pytest.raises(UnsupportedMedia):
        decode(encoded(noise, kind), LIMIT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_truncated_file_is_refused_wherever_it_was_cut(noise: Image.Image, kind: str) -> None:
    whole = encoded(noise, kind)
    for kept in (1, 20, 100, len(whole) // 2):
        with pytest.raises(Problem) as caught:
            decode(whole[:kept], LIMIT)
        assert kept == 1 or "cut off or damaged" in caught.value.detail


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1)])
def test_thin_pictures_are_squashed_like_any(size: tuple[int, int]) -> None:
    assert to_tensor(decode(encoded(Image.new("RGB", size), "PNG"), LIMIT)).shape == (3, 224, 224)


def test_pixels_are_scaled_as_the_trunk_was_trained() -> None:
    white, black = to_tensor(Image.new("RGB", (9, 9), "white")), to_tensor(Image.new("RGB", (9, 9), "black"))
    assert white.amin() == white.amax() == 1
    assert black.amin() == black.amax() == -127 / 128


def test_moving_keeps_the_size_and_is_told_by_the_seed(noise: Image.Image) -> None:
    once, again, other = (moved(noise, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert once.size == noise.size
    assert once.tobytes() == again.tobytes() != other.tobytes()


def test_moving_by_nothing_changes_nothing(noise: Image.Image) -> None:
    assert moved(noise, np.random.default_rng(0), turn=0, shrink=1, shift=0).tobytes() == noise.tobytes()


def test_moving_turns_about_the_middle() -> None:
    dot = Image.new("L", (101, 101), "white")
    dot.putpixel((50, 50), 0)
    still_there = moved(dot, np.random.default_rng(3), shrink=1, shift=0)
    assert np.asarray(still_there)[49:52, 49:52].min() < 128
    assert np.asarray(still_there).sum() > 255 * (101 * 101 - 9)


def test_batches_give_what_all_at_once_gives(noise: Image.Image) -> None:
    images = [noise.rotate(angle) for angle in range(10)]
    rows = in_batches(lambda x: x.mean((2, 3)), [image.copy for image in images], workers=2, size=4)
    assert torch.equal(torch.cat(list(rows)), to_batch(images).mean((2, 3)))


def test_the_same_bytes_have_the_same_id() -> None:
    assert content_id(b"abc") == content_id(b"abc") == "ba7816bf8f01cfea"  # the SHA-256 example of FIPS 180
    assert content_id(b"abd") != content_id(b"abc")
