"""The losses are the papers' sums, written out as loops, and choose the negatives they say they choose."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from services.images.losses import LOSSES, NEGATIVES, InfoNCE, MultiSimilarity, Triplet, across, among, one_of

IDENTITIES = torch.tensor([0, 0, 1, 1, 1, 2, 2])


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture
def vectors() -> Tensor:
    return F.normalize(torch.randn(7, 5, generator=seeded(1)), dim=1).double()


def masks(identities: Tensor) -> tuple[list[list[int]], list[list[int]]]:
    """For each row the positives and the negatives, by asking every pair."""
    n, labels = len(identities), identities.tolist()
    positives = [[j for j in range(n) if j != i and labels[j] == labels[i]] for i in range(n)]
    negatives = [[j for j in range(n) if labels[j] != labels[i]] for i in range(n)]
    return positives, negatives


def test_info_nce_of_pairs_is_the_cross_entropy_of_finding_the_partner_from_either_side(vectors: Tensor) -> None:
    anchors, positives = vectors[:3], vectors[3:6]
    logits, own = anchors @ positives.T / 0.07, torch.arange(3)
    expected = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    torch.testing.assert_close(across(InfoNCE(), anchors, positives, own, seeded()), expected)


def test_info_nce_of_classes_is_the_supervised_contrastive_sum(vectors: Tensor) -> None:
    cosines, (positives, _) = vectors @ vectors.T / 0.07, masks(IDENTITIES)
    total = 0.0
    for i, own in enumerate(positives):
        below = sum(math.exp(cosines[i, a]) for a in range(7) if a != i)
        total -= sum(math.log(math.exp(cosines[i, p]) / below) for p in own) / len(own)
    assert among(InfoNCE(), vectors, IDENTITIES, seeded()).item() == pytest.approx(total / 7)


def test_multi_similarity_is_the_papers_sum_over_the_mined_pairs(vectors: Tensor) -> None:
    cosines, total = (vectors @ vectors.T).tolist(), 0.0
    for i, (own, others) in enumerate(zip(*masks(IDENTITIES), strict=True)):
        highest, lowest = max(cosines[i][k] for k in others), min(cosines[i][k] for k in own)
        pull = sum(math.exp(-2 * (cosines[i][k] - 0.5)) for k in own if cosines[i][k] < highest + 0.1)
        push = sum(math.exp(40 * (cosines[i][k] - 0.5)) for k in others if cosines[i][k] > lowest - 0.1)
        total += math.log(1 + pull) / 2 + math.log(1 + push) / 40
    assert among(MultiSimilarity(), vectors, IDENTITIES, seeded()).item() == pytest.approx(total / 7)


def test_multi_similarity_has_nothing_to_teach_where_all_is_told_apart() -> None:
    vectors = torch.eye(3)[[0, 0, 1, 1, 2, 2]].requires_grad_()
    loss = among(MultiSimilarity(), vectors, torch.tensor([0, 0, 1, 1, 2, 2]), seeded())
    assert loss.item() == 0


def test_a_triplet_of_each_anchor_and_of_each_positive_counts_by_the_amount_it_misses_the_margin() -> None:
    """Two pairs on a circle, at 0° and 60°, 90° and 180°: |l - r|² = 2 - 2 cos of the angle between."""
    angles = torch.tensor([0.0, 90, 60, 180]).deg2rad()
    anchors, positives = torch.stack([angles.cos(), angles.sin()], dim=1).chunk(2)
    near, far = (
        [1.0, 2.0],
        [[4.0, 2 - math.sqrt(3)], [2 - math.sqrt(3), 4.0]],
    )  # to the other positive, the other anchor
    missed = [max(0.0, n - f + 0.5) for side in far for n, f in zip(near, side, strict=True)]
    for negatives in ("random", "batch-hard"):  # there is one negative only
        loss = across(Triplet(margin=0.5, negatives=negatives), anchors, positives, torch.arange(2), seeded())
        assert loss.item() == pytest.approx(sum(missed) / 4, abs=1e-6)


def test_each_rule_chooses_the_negative_it_is_named_for() -> None:
    distances = torch.tensor([[0.5, 0.2, 0.9, 1.5], [1.0, 0.3, 0.1, 0.2]])
    negative = torch.tensor([[False, True, True, True], [False, False, True, True]])
    near = torch.tensor([0.5, 1.0])
    chosen = {name: rule(distances, near, negative, seeded()).tolist() for name, rule in NEGATIVES.items()}
    assert chosen["batch-hard"] == pytest.approx([0.2, 0.1])
    assert chosen["semi-hard"] == pytest.approx([0.9, 0.2])  # none is farther in the second row: the farthest
    assert chosen["random"][0] in distances[0, 1:]
    assert chosen["random"][1] in distances[1, 2:]


def test_a_random_negative_is_drawn_evenly_from_the_negatives_alone() -> None:
    distances, mask = torch.arange(4.0).repeat(3000, 1), torch.tensor([True, False, True, True]).repeat(3000, 1)
    counts = one_of(distances, mask, seeded()).long().bincount(minlength=4)
    assert counts[1] == 0
    assert counts[[0, 2, 3]].min() > 900


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative(vectors: Tensor) -> None:
    distances, total = (2 - 2 * vectors @ vectors.T).tolist(), 0.0
    for i, (own, others) in enumerate(zip(*masks(IDENTITIES), strict=True)):
        total += max(0.0, max(distances[i][p] for p in own) - min(distances[i][n] for n in others) + 0.2)
    loss = among(Triplet(0.2, "batch-hard"), vectors, IDENTITIES, seeded())
    assert loss.item() == pytest.approx(total / 7)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_the_gradient_that_finite_differences_find(name: str, vectors: Tensor) -> None:
    loss = LOSSES[name]()
    given = vectors.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: among(loss, v, IDENTITIES, seeded()), given)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_falls_as_pictures_of_one_identity_come_together(name: str, vectors: Tensor) -> None:
    centres = F.normalize(torch.randn(3, 5, generator=seeded(3)), dim=1).double()[IDENTITIES]
    nearer = F.normalize(vectors + 3 * centres, dim=1)
    before, after = (among(LOSSES[name](), v, IDENTITIES, seeded(2)).item() for v in (vectors, nearer))
    assert after < before


def test_a_pair_of_the_same_identity_is_no_negative(vectors: Tensor) -> None:
    """The middle pair is of the first one's identity: left out of its softmax, and the other way round."""
    anchors, positives, identities = vectors[:3], vectors[3:6], torch.tensor([0, 0, 1])
    logits = (anchors @ positives.T / 0.07).masked_fill(torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]]).bool(), -1e9)
    expected = (F.cross_entropy(logits, torch.arange(3)) + F.cross_entropy(logits.T, torch.arange(3))) / 2
    torch.testing.assert_close(across(InfoNCE(), anchors, positives, identities, seeded()), expected)


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_a_batch_of_one_identity_teaches_nothing(negatives: str, vectors: Tensor) -> None:
    one = torch.zeros(7, dtype=torch.long)
    assert among(Triplet(0.5, negatives), vectors, one, seeded()).item() == 0
    assert among(MultiSimilarity(), vectors, one, seeded()).item() == 0


def test_the_same_seed_draws_the_same_negatives(vectors: Tensor) -> None:
    losses = [among(Triplet(2.0, "random"), vectors, IDENTITIES, seeded(seed)).item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
