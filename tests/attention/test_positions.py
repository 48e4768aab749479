"""Tables of positions, and the picture of them."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from services.attention.figures.positions import positions_figure
from services.attention.positions import cosine_by_distance, learned, sinusoidal
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.positions import PositionsRequest
from shared.figures import picture
from shared.problems import Unprocessable


def info(name: str, steps: bool = True) -> ModelInfo:
    sizes = {"layers": 1, "heads": 1, "d_model": 6, "d_k": 6, "max_tokens": 20}
    return ModelInfo(name=name, kind="encoder", languages=["en"], prefix="", steps=steps, default=False, **sizes)


def asked(**fields: Any) -> PositionsRequest:
    return PositionsRequest.model_validate(fields)


@pytest.mark.parametrize("width", [1, 2, 5, 8, 384])
def test_sines_and_cosines_alternate_by_dimension_and_odd_widths_end_on_a_sine(width: int) -> None:
    found = sinusoidal(asked(length=7, width=width), 99)
    assert found.table.shape == (found.length, found.width) == (7, width)
    for position, dimension in np.ndindex(7, width):
        angle = position / 10_000 ** (dimension // 2 * 2 / width)
        expected = math.cos(angle) if dimension % 2 else math.sin(angle)
        assert found.table[position, dimension] == pytest.approx(expected, abs=1e-6)


def test_there_is_a_frequency_for_each_pair_of_dimensions() -> None:
    found = sinusoidal(asked(length=2, width=5), 99)
    assert found.frequencies == pytest.approx([1, 10_000**-0.4, 10_000**-0.8])


def test_the_width_left_out_is_the_models() -> None:
    assert sinusoidal(asked(), 384).width == 384


def test_the_cosine_of_sines_and_cosines_depends_on_the_distance_alone() -> None:
    found = sinusoidal(asked(length=12, width=6), 99)
    for a, b in np.ndindex(12, 12):
        x, y = found.table[a].astype(float), found.table[b].astype(float)
        cosine = x @ y / np.sqrt((x @ x) * (y @ y))
        assert cosine == pytest.approx(found.cosine_by_distance[abs(a - b)], abs=1e-6)


def test_the_cosine_of_other_tables_is_a_mean_over_all_pairs_that_far_apart() -> None:
    table = torch.tensor([[1.0, 0], [0, 2], [3, 3]])
    assert cosine_by_distance(table).tolist() == pytest.approx([1, (0 + 0.5**0.5) / 2, 0.5**0.5])


def test_a_vector_of_zeros_is_like_itself_alone() -> None:
    assert sinusoidal(asked(length=1, width=1), 99).cosine_by_distance.tolist() == [1]
    assert cosine_by_distance(torch.tensor([[0.0], [1], [2]])).tolist() == pytest.approx([1, 0.5, 0])


def test_a_learned_table_is_given_as_it_is() -> None:
    table = torch.nn.Embedding(20, 6).weight
    found = learned(asked(kind="learned", length=8), info("made"), table)
    assert torch.equal(torch.tensor(found.table), table[:8].detach())
    assert (found.model, found.width, found.frequencies) == ("made", 6, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"width": 5}, "width is 5: the table of made has 6 dimensions"),
        ({"length": 21}, "length is 21: the table of made has 20 positions"),
    ],
)
def test_a_learned_table_cannot_be_had_in_another_size(fields: dict[str, int], said: str) -> None:
    with pytest.raises(Unprocessable, match=said):
        learned(asked(kind="learned", **({"length": 8} | fields)), info("made"), torch.zeros(20, 6))


def test_a_model_without_a_learned_table_says_so() -> None:
    with pytest.raises(Unprocessable, match="toy computes its positions, sines and cosines, and has learned no table"):
        learned(asked(kind="learned"), info("toy"), None)


def test_of_a_checkpoint_it_is_not_known_whether_it_learned_a_table() -> None:
    with pytest.raises(Unprocessable, match="whether gpt2 has learned a table of positions is not known here"):
        learned(asked(kind="learned"), info("gpt2", steps=False), None)


@pytest.mark.parametrize("fields", [{"length": 0}, {"length": 1025}, {"width": 0}, {"width": 1025}, {"kind": "rotary"}])
def test_sizes_and_kinds_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        asked(**fields)


@pytest.mark.parametrize(("length", "width"), [(1, 1), (8, 5), (64, 128), (1024, 3)])
def test_the_picture_shows_every_number_and_is_the_same_twice(length: int, width: int) -> None:
    table = sinusoidal(asked(length=length, width=width), 99).table
    figure = positions_figure(table, "positions, $d$ = 5")
    assert np.array_equal(np.asarray(figure.axes[0].images[0].get_array()), table.T)
    curves = [np.asarray(line.get_ydata()) for line in figure.axes[1].lines]
    shown = sorted({0, width // 8, width // 4, width // 2})
    assert [curve.tolist() for curve in curves] == table.T[shown].tolist()
    for kind in ("svg", "png"):
        assert picture(positions_figure(table, "a"), kind) == picture(positions_figure(table, "a"), kind)


def test_a_table_of_zeros_can_be_drawn() -> None:
    assert picture(positions_figure(np.zeros((3, 3)), "zeros"), "png").startswith(b"\x89PNG")
