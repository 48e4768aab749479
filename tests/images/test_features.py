"""Decoding: what is accepted, what is refused before a pixel is decoded, and what the network sees."""

import numpy as np
import pytest
from PIL import Image

from services.images.features import content_id, cropped, decode, media_of, moved
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


def test_a_palette_may_have_transparent_colours() -> None:
    image = Image.new("P", (2, 1), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    shown = decode(encoded(image, "PNG", transparency=bytes([0, 255])), LIMIT)
    assert [shown.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 0, 255)]


def test_cmyk_is_what_it_looks_like() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    shown = np.asarray(decode(encoded(red, "JPEG", quality=95), LIMIT), int)
    assert np.abs(shown - (255, 0, 0)).max() < 5


def test_the_first_of_a_phones_two_pictures_is_taken() -> None:
    """MPO: a JPEG with another one behind it, as some phones and cameras write them."""
    first, second = Image.new("RGB", (30, 20), "red"), Image.new("RGB", (30, 20), "blue")
    raw = encoded(first, "MPO", save_all=True, append_images=[second])
    assert media_of(raw) == "image/jpeg"
    assert np.abs(np.asarray(decode(raw, LIMIT), int) - (255, 0, 0)).max() < 5


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


def test_nothing_is_said_to_be_nothing() -> None:
    with pytest.raises(Unprocessable, match="the body is empty: send the bytes of a picture"):
        decode(b"", LIMIT)


@pytest.mark.parametrize(
    ("begins", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "an SVG, which is a drawing: render it to PNG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n<svg>', "an SVG"),
        (b"<!DOCTYPE svg PUBLIC", "an SVG"),
        (b"\n<!doctype HTML><body><svg>", "a web page: save the picture itself"),
        (b"PK\x03\x04", "a zip: send the pictures themselves, several in one form"),
        (b"PK\x05\x06" + bytes(18), "a zip"),  # of nothing
        (b"\x1f\x8b\x08", "an archive"),
        (b"\0\0\0\x18ftypheic", "a HEIC picture, as some phones take them: save it as JPEG"),
        (b"\0\0\0\x18ftypavif", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom", "a video: send one of its frames"),
        (b"II*\0", "a TIFF or a camera's raw picture"),
        (b"MM\0*", "a TIFF or a camera's raw picture"),
        (b"%PDF-1.7", "a PDF: save the page as PNG"),
        (b"8BPS", "a Photoshop file"),
        (b"data:image/png;base64,iVBO", "a data URL: send the bytes"),
    ],
)
def test_other_kinds_are_named_in_words(begins: bytes, words: str) -> None:
    with pytest.raises(UnsupportedMedia, match=words):
        decode(begins, LIMIT)


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "AVIF"])
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
def test_thin_pictures_are_read_like_any(size: tuple[int, int]) -> None:
    assert decode(encoded(Image.new("RGB", size), "PNG"), LIMIT).size == size


def test_a_region_is_cut_out_of_the_upright_picture() -> None:
    image = Image.new("RGB", (6, 4))
    image.putpixel((4, 1), (9, 9, 9))
    region = cropped(image, "4,1,2,3")
    assert region.size == (2, 3)
    assert region.getpixel((0, 0)) == (9, 9, 9)
    assert cropped(image, " 0, 0, 6, 4 ").tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ("", "four whole numbers are wanted, x,y,w,h"),
        ("1,2,3", "four whole numbers"),
        ("1,2,3,4,5", "four whole numbers"),
        ("0,0,0.5,1", "four whole numbers"),
        ("a,b,c,d", "four whole numbers"),
        ("9" * 5000 + ",0,1,1", "four whole numbers"),
        ("0,0,0,3", "there is nothing in a region 0 pixels wide and 3 high"),
        ("3,3,-1,1", "there is nothing"),
        ("5,0,2,2", "reaches out of the picture, which is 6 x 4 pixels when upright"),
        ("-1,0,2,2", "reaches out"),
        ("0,3,1,2", "reaches out"),
    ],
)
def test_a_region_that_cannot_be_is_refused_in_words(box: str, words: str) -> None:
    with pytest.raises(Unprocessable, match=words):
        cropped(Image.new("RGB", (6, 4)), box)


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


def test_the_same_bytes_have_the_same_id() -> None:
    assert content_id(b"abc") == content_id(b"abc") == "ba7816bf8f01cfea"  # the SHA-256 example of FIPS 180
    assert content_id(b"abd") != content_id(b"abc")
