"""The heat map as a picture."""

import io

import numpy as np
from PIL import Image

from services.images.heat import Heat, heat_map, scale_of
from shared.figures import picture


def heat(values: list[list[float]], title: str = "first") -> Heat:
    return Heat(Image.new("RGB", (40, 30), "white"), np.array(values), title)


def opened(*heats: Heat) -> Image.Image:
    return Image.open(io.BytesIO(picture(heat_map(heats, 0.5, "by somebody"), "png")))


def test_two_pictures_are_wider_than_one() -> None:
    one, two = heat([[0.1, 0.4], [0.0, 0.0]]), heat([[0.5, 0.0], [0.0, 0.0]], "second")
    assert opened(one).height == opened(one, two).height
    assert opened(one).width < opened(one, two).width


def test_the_same_map_is_the_same_file() -> None:
    assert opened(heat([[0.1, 0.4]])).tobytes() == opened(heat([[0.1, 0.4]])).tobytes()


def test_another_map_is_another_picture() -> None:
    assert opened(heat([[0.1, 0.4]])).tobytes() != opened(heat([[0.4, 0.1]])).tobytes()


def test_both_pictures_are_on_one_scale() -> None:
    scale = scale_of([heat([[0.1, 0.4]]), heat([[-0.2, 0.3]])])
    assert (scale.vmin, scale.vmax) == (-0.2, 0.4)


def test_a_map_of_equal_cells_is_drawn() -> None:
    assert opened(heat([[0.25, 0.25], [0.25, 0.25]])).format == "PNG"


def test_a_strip_of_a_picture_is_drawn() -> None:
    strip = Heat(Image.new("RGB", (2000, 1)), np.ones((7, 7)) / 98, "first")
    assert opened(strip).format == "PNG"
