"""Attention in fewer bytes: what each form gives back, and that no weight is further off than it says."""

import numpy as np
import pytest
import torch
from torch import Tensor

from services.attention.forms import fixed_point, fixed_point_error, half_vectors, softmax_error
from services.attention.models import Vectors


def weights(*shape: int) -> Tensor:
    return (3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))).softmax(-1)


@pytest.mark.parametrize(("weight", "coded"), [(0.0, 0), (1.0, 255), (0.5, 128), (1 / 255, 1), (0.4 / 255, 0)])
def test_a_weight_becomes_the_nearest_of_256_steps(weight: float, coded: int) -> None:
    assert fixed_point(torch.tensor([weight]), 8).tolist() == [coded]


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
@pytest.mark.parametrize("shape", [(1, 1, 3, 3), (2, 3, 130, 130)])
def test_fixed_point_is_no_further_off_than_declared(bits: int, kind: type, shape: tuple[int, ...]) -> None:
    exact = weights(*shape)
    coded = fixed_point(exact, bits)
    assert coded.dtype == kind
    assert coded.shape == shape
    back = coded.astype(np.float64) / (2**bits - 1)
    assert np.abs(back - exact.numpy()).max() <= fixed_point_error(bits)


def test_a_part_of_a_larger_tensor_is_coded_as_its_copy() -> None:
    whole = weights(4, 3, 50, 50)
    assert np.array_equal(fixed_point(whole[:, 1:2], 8), fixed_point(whole[:, 1:2].clone(), 8))


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_weights_of_q_and_k_as_float16_are_no_further_off_than_declared(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    queries, keys = ([torch.randn(3, 40, 8, generator=generator) * scale for _ in range(2)] for _ in "qk")
    coded, error = half_vectors(Vectors([q / 8**0.5 for q in queries], keys))
    assert coded.dtype == np.float16
    assert coded.shape == (2, 2, 3, 40, 8)
    q, k = torch.from_numpy(coded.astype(np.float32))
    exact = (torch.stack(queries) @ torch.stack(keys).mT / 8**0.5).softmax(-1)
    assert float(((q @ k.mT / 8**0.5).softmax(-1) - exact).abs().max()) <= error < 0.5


def test_a_weight_of_two_equal_keys_moves_as_far_as_the_bound_says() -> None:
    exact, off = torch.tensor([-0.1, 0.1]), torch.tensor([0.1, -0.1])  # each score is 0.2 off
    assert float((off.softmax(0) - exact.softmax(0))[0]) == pytest.approx(softmax_error(0.2), rel=1e-5)
