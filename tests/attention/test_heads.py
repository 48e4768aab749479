"""The statistics of heads, on attention made by hand."""

from math import log

import pytest
import torch
from torch import Tensor

from services.attention.heads import statistics

CLS = torch.tensor([True, False, False, False])
SEP = torch.tensor([False, False, False, True])


def numbers(attention: Tensor) -> dict[str, float]:
    return {name: float(value) for name, value in statistics(attention, CLS, SEP).items()}


def test_a_head_that_looks_at_itself() -> None:
    expected = {"entropy": 0, "mean_distance": 0, "cls_share": 0.25, "sep_share": 0.25, "diagonal_share": 1}
    assert numbers(torch.eye(4)) == expected


def test_a_head_that_looks_at_all_alike() -> None:
    found = numbers(torch.full((4, 4), 0.25))
    assert found["entropy"] == pytest.approx(log(4))
    assert found["mean_distance"] == pytest.approx((6 + 4 + 4 + 6) / 16)
    assert found["diagonal_share"] == pytest.approx(0.25)


def test_a_head_that_looks_at_sep() -> None:
    found = numbers(SEP.float().expand(4, 4))
    assert (found["sep_share"], found["cls_share"]) == (1, 0)
    assert found["mean_distance"] == pytest.approx((3 + 2 + 1 + 0) / 4)


def test_every_head_of_every_layer_gets_its_own() -> None:
    both = torch.stack([torch.eye(4), torch.full((4, 4), 0.25)]).expand(3, 2, 4, 4)
    assert statistics(both, CLS, SEP)["diagonal_share"].tolist() == [[1, 0.25]] * 3
