"""The networks' structure, the padding, and the cut between trunk and top, each against a second opinion."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet50

from services.images.backbones import BACKBONES, Backbone
from services.images.lite import ConvNorm
from services.images.model import Siamese

PUBLISHED = {"lite0": 4_652_008, "lite2": 6_092_072, "resnet50": 25_557_032}  # parameters, the classifier included


@pytest.fixture(scope="module")
def network() -> Siamese:
    torch.manual_seed(0)
    return Siamese(BACKBONES["lite0"]).eval()


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=list(BACKBONES))
def test_a_backbone_has_as_many_parameters_as_published(backbone: Backbone) -> None:
    classifier = nn.Linear(backbone.width, 1000)
    assert sum(map(parameters, (backbone.trunk(), backbone.top(), classifier))) == PUBLISHED[backbone.name]


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=list(BACKBONES))
def test_a_backbone_halves_the_picture_five_times(backbone: Backbone) -> None:
    pictures = torch.zeros(1, 3, backbone.side, backbone.side)
    with torch.inference_mode():
        cells = backbone.top().eval()(backbone.trunk().eval()(pictures))
    assert cells.shape == (1, backbone.width, -(-backbone.side // 32), -(-backbone.side // 32))


def test_resnet_in_two_parts_is_resnet() -> None:
    torch.manual_seed(0)
    whole, backbone = resnet50(weights=None).eval(), BACKBONES["resnet50"]
    parts = [backbone.trunk().eval(), backbone.top().eval()]
    for part, weights in zip(parts, backbone.split(whole.state_dict()), strict=True):
        part.load_state_dict(weights)
    picture = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(whole.fc(parts[1](parts[0](picture)).mean((2, 3))), whole(picture))


@pytest.mark.parametrize("name", ["lite0", "lite2"])
def test_the_weights_of_a_lite_network_all_find_their_part(name: str) -> None:
    backbone = BACKBONES[name]
    trunk, top = backbone.trunk().state_dict(), backbone.top().state_dict()
    first = 1 + max(int(key.split(".")[1]) for key in trunk if key.startswith("blocks."))
    whole = trunk | {
        key.replace("conv.", "top.", 1) if key.startswith("conv.") else moved(key, first): value
        for key, value in top.items()
    }
    split = backbone.split(whole)
    assert [set(part) for part in split] == [set(trunk), set(top)]


def moved(key: str, first: int) -> str:
    """`blocks.0.x` of the top as it is called in the whole network."""
    _, number, rest = key.split(".", 2)
    return f"blocks.{first + int(number)}.{rest}"


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


def embedded(network: Siamese, pictures: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([part(network.maps(pictures)) for part in (network.general, network.adapted)])


def test_embeddings_have_unit_length(network: Siamese) -> None:
    embeddings = embedded(network, 255 * torch.rand(2, 3, 224, 224))
    assert embeddings.shape == (4, 256)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


def test_folding_the_norms_changes_nothing(network: Siamese) -> None:
    folded = Siamese(BACKBONES["lite0"])
    folded.load_state_dict(network.state_dict())
    picture = 255 * torch.rand(1, 3, 224, 224)
    torch.testing.assert_close(embedded(folded.for_inference(), picture), embedded(network, picture), atol=1e-5, rtol=0)


def test_pixels_are_scaled_as_lite_was_trained() -> None:
    scaled = BACKBONES["lite0"].scaled(torch.tensor([0, 127, 255], dtype=torch.uint8).view(1, 3, 1, 1))
    torch.testing.assert_close(scaled.flatten(), torch.tensor([-127 / 128, 0.0, 1.0]))
