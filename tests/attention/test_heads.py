"""The statistics and labels of heads, on attention made by hand."""

from collections.abc import Sequence
from math import log

import pytest
import torch
from torch import Tensor

from services.attention.heads import describe, entropies, statistics
from services.attention.schemas.heads import Head

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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_entropies_are_torchs_own_also_where_a_weight_is_0(dtype: torch.dtype) -> None:
    attention = torch.randn(3, 90, 400, generator=torch.Generator().manual_seed(0)).to(dtype).softmax(-1)
    attention[..., 2] = 0
    assert torch.allclose(entropies(attention), torch.special.entr(attention).sum(-1), atol=1e-6)


# ---- labels

SIZES = [4, 5, 9, 40]


def onto(places: Sequence[int]) -> Tensor:
    """(T, T) the token i looks at the token `places[i]` alone."""
    return torch.eye(len(places))[list(places)]


def made(size: int) -> dict[str, Tensor]:
    """A head of each kind; the first has no previous token and the last no next, so they look at themselves."""
    places = range(size)
    return {
        "previous": onto([max(place - 1, 0) for place in places]),
        "next": onto([min(place + 1, size - 1) for place in places]),
        "self": torch.eye(size),
        "first": onto([0] * size),
        "separator": onto([size - 1] * size),
        "broad": torch.full((size, size), 1 / size),
    }


def special(size: int) -> list[bool]:
    return [True, *[False] * (size - 2), True]


def described(attention: Tensor, marks: list[bool] | None = None, within: bool = True) -> Head:
    [found] = describe(attention[None, None], marks or special(attention.shape[-1]), within)
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", made(4))
def test_a_head_made_by_hand_gets_its_label(kind: str, size: int) -> None:
    found = described(made(size)[kind])
    assert found.label == kind
    assert found.confidence == found.shares[kind] == pytest.approx(1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", made(4))
def test_a_head_that_does_mostly_one_thing_is_named_after_it_with_less_confidence(kind: str, size: int) -> None:
    kinds = made(size)
    found = described(0.8 * kinds[kind] + 0.2 * sum(kinds.values()) / len(kinds))
    assert found.label == kind
    assert 0.5 < found.confidence < 1


MIXTURES = [
    ("previous", "next"),  # a half each, and a half is not more than half
    ("previous", "next", "self"),
    ("self", "separator", "first"),
    ("previous", "next", "broad"),
    ("first", "separator", "previous", "next", "self"),
]


@pytest.mark.parametrize("size", [9, 40])
@pytest.mark.parametrize("parts", MIXTURES)
def test_a_mixture_is_mixed_and_its_confidence_what_was_not_enough(parts: tuple[str, ...], size: int) -> None:
    kinds = made(size)
    found = described(torch.stack([kinds[part] for part in parts]).mean(0))
    assert found.label == "mixed"
    assert found.confidence == max(share for name, share in found.shares.items() if name != "broad") <= 0.5


def test_the_shares_of_a_head_by_hand() -> None:
    rows = [[0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], [0, 1, 0, 0], [0, 0, 0.6, 0.4]]
    shares = described(torch.tensor(rows)).shares
    assert shares["previous"] == pytest.approx((0.25 + 1 + 0.6) / 3)
    assert shares["next"] == pytest.approx((0.5 + 0.25 + 0) / 3)
    assert shares["self"] == pytest.approx((0.5 + 0.25 + 0 + 0.4) / 4)
    assert shares["first"] == pytest.approx((0.5 + 0.25) / 4)
    assert shares["separator"] == pytest.approx((0.25 + 0.4) / 4)
    entropy = (log(2) + log(4) + 0 - 0.6 * log(0.6) - 0.4 * log(0.4)) / log(4) / 4
    assert shares["broad"] == pytest.approx(entropy, abs=1e-6)


def test_every_later_separator_counts() -> None:
    marks = [True, False, True, False, True]
    attention = torch.tensor([0.1, 0, 0.45, 0, 0.45]).expand(5, 5)
    assert described(attention, marks).label == "separator"
    assert described(attention, marks).confidence == pytest.approx(0.9)


def test_shares_that_rounding_lifts_over_1_are_1() -> None:
    attention = torch.tensor([1.0000004, 0, 0, 0]).expand(4, 4)
    assert numbers(attention)["cls_share"] == 1
    found = described(attention)
    assert (found.shares["first"], found.confidence, found.entropy) == (1, 1, 0)


def test_without_special_tokens_there_is_no_sink() -> None:
    found = described(onto([0] * 5), [False] * 5)
    assert found.label == "mixed"
    assert set(found.shares) == {"previous", "next", "self", "broad"}


def test_a_decoder_that_looks_at_all_it_may_look_at_is_broad() -> None:
    attention = torch.ones(6, 6).tril() / torch.arange(1, 7)[:, None]
    found = described(attention, [False] * 6)
    assert (found.label, found.confidence) == ("broad", 1)


def test_between_two_texts_there_is_neither_previous_nor_distance() -> None:
    found = described(torch.eye(4, 6), [False] * 6, within=False)
    assert (found.label, set(found.shares), found.mean_distance) == ("mixed", {"broad"}, None)


def test_one_token_is_a_text_too() -> None:
    found = described(torch.ones(1, 1), [False])
    assert (found.label, found.confidence, found.entropy) == ("self", 1, 0)
