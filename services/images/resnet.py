"""ResNet-50 in two parts, cut where the newsletter began to train: after the first block of the last stage."""

from torch import Tensor, nn
from torchvision.models import resnet50

from services.images.lite import widest

WIDTH = 2048  # channels of the last feature map


class ResNetTrunk(nn.Module):
    """Pictures (N, 3, 224, 224), scaled by ImageNet's mean and deviation, to maps (N, 2048, 7, 7)."""

    def __init__(self) -> None:
        super().__init__()
        whole = resnet50(weights=None)
        self.stem = nn.Sequential(whole.conv1, whole.bn1, whole.relu, whole.maxpool)
        self.stages = nn.Sequential(whole.layer1, whole.layer2, whole.layer3)
        self.first = whole.layer4[0]

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.first(self.stages(self.stem(x)))
        return maps


class ResNetTop(nn.Module):
    """The two blocks after it, Keras' conv5_block2 and conv5_block3: maps to cells (N, 2048, 7, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*resnet50(weights=None).layer4[1:])  # numbered from 0 again

    def forward(self, maps: Tensor) -> Tensor:
        cells: Tensor = self.blocks(maps)
        return cells


def split_weights(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """torchvision's names as those of the trunk and of the top."""
    stem = {"conv1": "stem.0", "bn1": "stem.1"}
    stages = {"layer1": "stages.0", "layer2": "stages.1", "layer3": "stages.2"}
    trunk, top = {}, {}
    for name, tensor in weights.items():
        part, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if part == "layer4" and number != "0":
            top[f"blocks.{int(number) - 1}.{inner}"] = tensor
        elif part == "layer4":
            trunk[f"first.{inner}"] = tensor
        elif part != "fc":
            trunk[f"{(stem | stages)[part]}.{rest}"] = tensor
    return trunk, top


def directions(weights: dict[str, Tensor], count: int) -> Tensor:
    """The `count` directions that ImageNet's classes differ in most, (count, 2048), rows orthonormal.

    Its last convolution is added to what came before, so it alone does not tell (as it does in lite.py).
    """
    return widest(weights["classifier.weight"], count)
