"""EfficientNet-Lite in two parts: the trunk, which stays as it was trained, and the top, which may learn."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 1280  # channels of the last feature map, whatever the variant

# EfficientNet (Tan & Le 2019, arXiv:1905.11946), table 1, stages 2 to 8. The "Lite" family has no squeeze-and-
# excitation, and ReLU6 for swish; Lite0 has B0's widths and depths.
STAGES = (  # repeats, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class ConvNorm(nn.Module):
    """Convolution and batch normalisation, padded as TensorFlow's "same", which trained these weights.

    A stride of 2 on an even side pads one pixel more right and below than left and above; PyTorch's symmetric padding
    would shift every feature map by a pixel and cost accuracy without an error.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        below, right = ((-(-side // stride) - 1) * stride + kernel - side for side in x.shape[-2:])
        x = F.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2))
        y: Tensor = self.norm(self.conv(x))
        return y


class MBConv(nn.Module):
    """Inverted residual (MobileNetV2, arXiv:1801.04381): widen, filter each channel by itself, narrow again."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = ConvNorm(channels_in, wide, 1) if expansion > 1 else None
        self.depthwise = ConvNorm(wide, wide, kernel, stride, groups=wide)
        self.project = ConvNorm(wide, channels, 1)
        self.residual = stride == 1 and channels_in == channels

    def forward(self, x: Tensor) -> Tensor:
        wide = F.relu6(self.expand(x)) if self.expand else x
        narrow: Tensor = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.residual else narrow


class Variant(NamedTuple):
    """How much wider and deeper than Lite0 (the paper's section 3.3), and the pictures it was trained on."""

    width: float
    depth: float
    side: int  # pixels


VARIANTS = {"lite0": Variant(1.0, 1.0, 224), "lite2": Variant(1.1, 1.2, 260)}


def blocks_of(variant: Variant) -> list[MBConv]:
    """Stem and last convolution are not scaled, nor the depth of the first stage and the last."""
    blocks, channels_in = [], 32
    for place, (repeats, kernel, stride, expansion, channels) in enumerate(STAGES):
        repeats = repeats if place in (0, len(STAGES) - 1) else math.ceil(repeats * variant.depth)
        channels = in_eights(channels * variant.width)
        for repeat in range(repeats):
            blocks.append(MBConv(channels_in, channels, kernel, stride if repeat == 0 else 1, expansion))
            channels_in = channels
    return blocks


def in_eights(channels: float) -> int:
    """The nearest multiple of 8, never more than a tenth below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class LiteTrunk(nn.Module):
    """Pictures (N, 3, S, S), scaled to about -1..1, to maps (N, C, S / 32, S / 32): all blocks but the last `kept`."""

    def __init__(self, variant: Variant, kept: int) -> None:
        super().__init__()
        self.stem = ConvNorm(3, 32, 3, stride=2)
        self.blocks = nn.Sequential(*blocks_of(variant)[:-kept])

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.blocks(F.relu6(self.stem(x)))
        return maps


class LiteTop(nn.Module):
    """Maps of the trunk to cells (N, 1280, S / 32, S / 32): the last `kept` blocks and the last convolution."""

    def __init__(self, variant: Variant, kept: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks_of(variant)[-kept:])
        self.conv = ConvNorm(in_eights(320 * variant.width), WIDTH, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return F.relu6(self.conv(self.blocks(maps)))


def split_weights(weights: dict[str, Tensor], kept: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weights of a whole network (`stem.`, `blocks.N.`, `top.`) as those of its trunk and of its top."""
    first = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks.")) - kept
    trunk, top = {}, {}
    for name, tensor in weights.items():
        part, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if part == "top":
            top[f"conv.{rest}"] = tensor
        elif part == "blocks" and int(number) >= first:
            top[f"blocks.{int(number) - first}.{inner}"] = tensor
        else:
            trunk[name] = tensor
    return trunk, top


def directions(weights: dict[str, Tensor], count: int) -> Tensor:
    """The `count` directions in which cells differ most, (count, 1280), rows orthonormal, told by the weights alone.

    A cell is what the last convolution makes of the map before it. Its left singular vectors, each input channel
    counted by its deviation on ImageNet, which the batch norm before it has on record, keep more of the cosines of
    photographs than a random projection, the classifier's own directions or a PCA of pictographs.
    """
    scale = weights["top.norm.weight"] / (weights["top.norm.running_var"] + 1e-3).sqrt()
    last = max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    deviations = weights[f"blocks.{last}.project.norm.weight"].abs()  # (320,)
    convolution = weights["top.conv.weight"][:, :, 0, 0] * scale[:, None] * deviations  # (1280, 320)
    return widest(convolution.T, count)


def widest(rows: Tensor, count: int) -> Tensor:
    """The right singular vectors (count, C) of the largest singular values of `rows` (N, C), their signs fixed.

    The largest component of each is positive: libraries of linear algebra do not agree on signs.
    """
    found = torch.linalg.svd(rows.double(), full_matrices=False).Vh[:count]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))  # (count, 1)
    fixed: Tensor = (found * largest.sign()).float()
    return fixed
