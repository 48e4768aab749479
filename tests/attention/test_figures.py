"""The drawing of a matrix."""

import io
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from services.attention.figures import matrix
from shared.figures import picture

TOKENS = ["[CLS]", "the", "$train$", "left", "[SEP]"]


def weights(tokens: int) -> np.ndarray:
    random = np.random.default_rng(0).random((tokens, tokens))
    normalised: np.ndarray = random / random.sum(1, keepdims=True)
    return normalised


def svg(tokens: list[str], title: str = "minilm, layer 0, head 3") -> str:
    return picture(matrix(tokens, weights(len(tokens)), title), "svg").decode()


def test_the_same_input_gives_the_same_bytes() -> None:
    drawings = [picture(matrix(TOKENS, weights(5), "a"), kind) for kind in ("svg", "png") for _ in range(2)]
    assert drawings[0] == drawings[1]
    assert drawings[2] == drawings[3]


def test_an_svg_asks_nobody_for_anything() -> None:
    links = re.findall(r'(?:href="|src="|url\()([^")]{0,20})', svg(TOKENS))
    assert links
    assert all(link.startswith(("#", "data:image/png")) for link in links)


def test_every_token_stands_on_both_axes_as_it_is() -> None:
    drawn = svg(TOKENS)
    assert all(drawn.count(f">{token}</text>") == 2 for token in TOKENS)
    assert ">minilm, layer 0, head 3</text>" in drawn


def test_markup_in_a_token_is_text() -> None:
    assert "<b>" not in svg(["<b>", "&", "c"])


@pytest.mark.parametrize("count", [3, 12, 128])
def test_every_label_has_room(count: int) -> None:
    image = Image.open(io.BytesIO(picture(matrix(["transformer"] * count, weights(count), "a"), "png"))).convert("L")
    paper = np.asarray(image)
    frame = np.concatenate([paper[:3].ravel(), paper[-3:].ravel(), paper[:, :3].ravel(), paper[:, -3:].ravel()])
    assert frame.min() == 255
    assert image.width >= 16 * count  # a row as high as its letters


def test_a_script_without_a_font_is_no_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        picture(matrix(["[CLS]", "기차가", "[SEP]"], weights(3), "a"), "png")
    assert caught == []
