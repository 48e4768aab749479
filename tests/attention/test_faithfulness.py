"""Deletion and insertion curves on games whose scores can be added up by hand."""

from collections.abc import Callable
from itertools import permutations

import pytest
import torch
from torch import Tensor

from services.attention.measures.faithfulness import faithfulness, judged, random_orders, removed
from services.attention.schemas.measures import Faithfulness, Random

WORTH = torch.tensor([1.0, 4.0, 1.0, 2.0])  # of each part


def added(deleted: Tensor) -> Tensor:
    """A game in which every part adds its worth."""
    return (~deleted).float() @ WORTH


def together(deleted: Tensor) -> Tensor:
    """A game in which parts 0 and 1 score only when both are there, and part 2 always does."""
    here = (~deleted).float()
    return 3 * here[:, 0] * here[:, 1] + here[:, 2]


def only(importance: list[float], game: Callable[[Tensor], Tensor]) -> Faithfulness:
    found = faithfulness(torch.tensor([importance]), game)
    assert found is not None
    return found[0]


def test_the_curves_of_a_sum_are_what_adding_up_by_hand_gives() -> None:
    found = only(WORTH.tolist(), added)  # the order is 4, 2, 1, 1 of 8
    assert found.fractions == [0, 0.25, 0.5, 0.75, 1]
    assert found.deletion == [1, 0.5, 0.25, 0.125, 0]
    assert found.insertion == [0, 0.5, 0.75, 0.875, 1]
    assert found.deletion_auc == pytest.approx((0.5 + 0.5 + 0.25 + 0.125) / 4)
    assert found.insertion_auc == pytest.approx((0.5 + 0.75 + 0.875 + 0.5) / 4)


def test_insertion_puts_the_most_important_part_in_first() -> None:
    found = only([3, 2, 1], together)  # part 0, then 1, then 2, of a whole of 4
    assert found.deletion == [1, 0.25, 0.25, 0]
    assert found.insertion == [0, 0, 0.75, 1]


def test_no_order_of_a_sum_has_a_smaller_deletion_area_than_that_of_its_worth() -> None:
    areas = [only([float(rank) for rank in order], added).deletion_auc for order in permutations(range(4))]
    assert only(WORTH.tolist(), added).deletion_auc == pytest.approx(min(areas))


def test_a_perfect_order_is_faithful_and_its_reverse_is_not() -> None:
    worth = 0.5 ** torch.arange(12)
    perfect, reversed_ = faithfulness(torch.stack([worth, -worth]), lambda deleted: (~deleted).float() @ worth) or []
    assert perfect.faithful
    assert "more than 2 standard deviations" in perfect.verdict
    assert not reversed_.faithful
    assert reversed_.deletion_auc > reversed_.random.mean


@pytest.mark.parametrize(
    ("deletion", "insertion", "faithful"), [(0.29, 0.71, True), (0.31, 0.71, False), (0.29, 0.69, False)]
)
def test_faithful_is_better_than_random_by_two_deviations_at_both(
    deletion: float, insertion: float, faithful: bool
) -> None:
    flat = torch.ones(2)  # the area under a flat curve is its height
    found = judged(deletion * flat, insertion * flat, torch.tensor([0.0, 1]), Random(mean=0.5, std=0.1, orders=10))
    assert found.faithful == faithful


def test_the_random_areas_are_those_of_the_random_orders() -> None:
    spread = only(WORTH.tolist(), added).random
    areas = torch.tensor(
        [only((-order.argsort().float()).tolist(), added).deletion_auc for order in random_orders(4, 0)]
    )
    assert (spread.mean, spread.std) == pytest.approx((float(areas.mean()), float(areas.std())), abs=1e-6)
    assert spread.orders == len(areas)


def test_equal_parts_have_no_order_better_than_random() -> None:
    found = only([5, 4, 3, 2, 1], lambda deleted: (~deleted).float().sum(1))
    assert found.deletion_auc == pytest.approx(0.5)
    assert not found.faithful


def test_one_part_has_one_order() -> None:
    found = only([1], lambda deleted: (~deleted).float().sum(1))
    assert (found.deletion, found.insertion) == ([1, 0], [0, 1])
    assert (found.deletion_auc, found.random.mean, found.random.std) == (0.5, 0.5, 0)
    assert not found.faithful


@pytest.mark.parametrize("sign", [0.0, -1.0])
def test_a_score_that_does_not_fall_has_no_curves(sign: float) -> None:
    assert faithfulness(WORTH[None], lambda deleted: sign * added(deleted)) is None


def test_a_set_of_parts_is_evaluated_once() -> None:
    seen: list[Tensor] = []

    def watched(deleted: Tensor) -> Tensor:
        seen.append(deleted)
        return added(deleted)

    only(WORTH.tolist(), watched)
    rows = torch.cat(seen).tolist()
    assert len(rows) == len({tuple(row) for row in rows}) <= 2**4


@pytest.mark.parametrize("parts", [1, 2, 7, 8, 30, 72])
def test_the_points_of_a_curve_are_the_same_from_either_end(parts: int) -> None:
    counts = removed(parts)
    assert (counts[0], counts[-1]) == (0, parts)
    assert counts == sorted(set(counts)) == [parts - count for count in reversed(counts)]
    assert len(counts) <= 12


def test_the_same_seed_draws_the_same_orders() -> None:
    assert torch.equal(random_orders(9, seed=1), random_orders(9, seed=1))
    assert not torch.equal(random_orders(9, seed=1), random_orders(9, seed=2))
