"""The network's structure, its padding, and the triplet loss, each against a second opinion."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from services.images.model import (
    NEGATIVES,
    ConvNorm,
    EfficientNetLite0,
    Siamese,
    squared_distances,
    triplet_loss,
)


@pytest.fixture(scope="module")
def network() -> Siamese:
    torch.manual_seed(0)
    return Siamese().eval()


def unit_vectors(count: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(count, 16, generator=Generator().manual_seed(seed)), dim=1)


def test_lite0_has_as_many_parameters_as_published() -> None:
    classifier = 1280 * 1000 + 1000  # ImageNet's, which we leave out
    parameters = sum(parameter.numel() for parameter in EfficientNetLite0().parameters())
    assert parameters + classifier == 4_652_008  # 4.7 M in the EfficientNet-Lite README


def test_lite0_halves_the_picture_five_times() -> None:
    trunk = EfficientNetLite0().eval()
    with torch.inference_mode():
        assert trunk(torch.zeros(1, 3, 224, 224)).shape == (1, 1280, 7, 7)
    assert len(trunk.blocks) == 16


@pytest.mark.parametrize(("side", "kernel", "stride"), [(8, 3, 2), (7, 3, 2), (8, 5, 2), (7, 5, 1), (8, 1, 1)])
def test_padding_is_tensorflows_same(side: int, kernel: int, stride: int) -> None:
    """Its rule in words: as many outputs as strides begin inside, what is missing split, the odd one at the end."""
    layer = ConvNorm(1, 1, kernel, stride).eval()
    picture = torch.arange(side * side, dtype=torch.float32).view(1, 1, side, side)
    outputs = (side + stride - 1) // stride
    missing = (outputs - 1) * stride + kernel - side
    padded = torch.zeros(1, 1, side + missing, side + missing)
    padded[..., missing // 2 : missing // 2 + side, missing // 2 : missing // 2 + side] = picture
    expected = F.conv2d(padded, layer.conv.weight, stride=stride) / (1 + 1e-3) ** 0.5
    torch.testing.assert_close(layer(picture), expected)


def test_embeddings_have_unit_length(network: Siamese) -> None:
    with torch.inference_mode():
        embeddings = network(torch.randn(2, 3, 224, 224))
    assert embeddings.shape == (2, 256)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_folding_the_norms_changes_nothing(network: Siamese) -> None:
    folded = Siamese()
    folded.load_state_dict(network.state_dict())
    picture = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(folded.for_inference()(picture), network(picture), atol=1e-5, rtol=0)


def test_distances_are_those_of_torch() -> None:
    left, right = unit_vectors(5, 0), unit_vectors(5, 1)
    torch.testing.assert_close(squared_distances(left, right), torch.cdist(left, right) ** 2)


def test_random_negatives_are_never_the_pair_itself() -> None:
    distances = torch.eye(6)  # 1 on the pairs, 0 elsewhere
    for seed in range(20):
        assert NEGATIVES["random"](distances, Generator().manual_seed(seed)).sum() == 0


def test_semi_hard_is_the_nearest_beyond_the_positive() -> None:
    distances = torch.tensor([[0.5, 0.4, 0.6, 0.9], [0.1, 0.8, 0.3, 0.2], [1, 1, 0, 1], [2, 3, 4, 1]])
    chosen = NEGATIVES["semi-hard"](distances, Generator())
    assert chosen.tolist() == pytest.approx([0.6, 0.3, 1, 2])  # the second has none beyond: its farthest


def test_batch_hard_is_the_nearest_other() -> None:
    distances = torch.tensor([[0.1, 0.4, 0.6], [0.3, 0.1, 0.2], [0.5, 0.7, 0.1]])
    assert NEGATIVES["batch-hard"](distances, Generator()).tolist() == pytest.approx([0.4, 0.2, 0.5])


def test_the_triplet_loss_is_torchs() -> None:
    """torch's takes roots where FaceNet's equation has squares, so it is given squares to measure by."""
    anchors, positives = unit_vectors(7, 0), unit_vectors(7, 1)
    ours = triplet_loss(anchors, positives, 0.5, "batch-hard", Generator())
    distances = squared_distances(anchors, positives) + 9 * torch.eye(7)
    theirs = torch.nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).square().sum(1), margin=0.5)
    one_way = theirs(anchors, positives, positives[distances.argmin(1)])
    other_way = theirs(positives, anchors, anchors[distances.argmin(0)])
    torch.testing.assert_close(ours, (one_way + other_way) / 2)


def test_the_loss_is_zero_when_every_negative_is_a_margin_away() -> None:
    corners = torch.eye(4)  # squared distances: 0 to their own, 2 to each other
    assert triplet_loss(corners, corners, 1.9, "batch-hard", Generator()) == 0
    assert triplet_loss(corners, corners, 2.5, "batch-hard", Generator()) == pytest.approx(0.5)


@pytest.mark.parametrize("negatives", list(NEGATIVES))
def test_descending_the_loss_brings_pairs_together(negatives: str) -> None:
    generator = Generator().manual_seed(0)
    points = torch.randn(2, 16, 8, generator=generator, requires_grad=True)  # anchors and positives, anywhere
    optimizer = torch.optim.Adam([points], lr=0.05)
    for _ in range(150):
        anchors, positives = F.normalize(points, dim=2)
        optimizer.zero_grad()
        torch.autograd.backward(triplet_loss(anchors, positives, 0.5, negatives, generator))
        optimizer.step()
    nearest = squared_distances(*F.normalize(points, dim=2)).argmin(1)
    assert (nearest == torch.arange(16)).all()
