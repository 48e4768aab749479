"""A siamese embedding network: EfficientNet-Lite0, mean pooling, a linear head, unit length; and its triplet losses."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

WIDTH = 1280  # channels of the trunk's last feature map
EMBEDDING = 256  # the newsletter's width of the embedding

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


class EfficientNetLite0(nn.Module):
    """Pictures (N, 3, 224, 224), scaled to -1..1, to a feature map (N, 1280, 7, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, 32, 3, stride=2)
        blocks, channels_in = [], 32
        for repeats, kernel, stride, expansion, channels in STAGES:
            for repeat in range(repeats):
                blocks.append(MBConv(channels_in, channels, kernel, stride if repeat == 0 else 1, expansion))
                channels_in = channels
        self.blocks = nn.Sequential(*blocks)
        self.top = ConvNorm(channels_in, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem(x))  # (N, 32, 112, 112)
        x = self.blocks(x)  # (N, 320, 7, 7)
        return F.relu6(self.top(x))  # (N, 1280, 7, 7)


class Siamese(nn.Module):
    """One network for anchor, positive and negative alike: pictures of one thing get near vectors, others far ones."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.head = nn.Linear(WIDTH, EMBEDDING)

    def pool(self, pictures: Tensor) -> Tensor:
        """The trunk's channels, averaged over the places of the picture, unit length; training computes them once."""
        return F.normalize(self.trunk(pictures).mean((2, 3)), dim=1)  # (N, 1280)

    def project(self, pooled: Tensor) -> Tensor:
        return F.normalize(self.head(pooled), dim=1)  # (N, 256), unit length

    def forward(self, pictures: Tensor) -> Tensor:
        return self.project(self.pool(pictures))  # (N, 256)

    def for_inference(self) -> "Siamese":
        """Every batch norm folded into the convolution before it: the same function (to 1e-4), in fewer steps."""
        for module in self.eval().modules():
            if isinstance(module, ConvNorm):
                assert isinstance(module.norm, nn.BatchNorm2d)  # or it was folded before
                module.conv, module.norm = fuse_conv_bn_eval(module.conv, module.norm), nn.Identity()
        return self.to(memory_format=torch.channels_last)


def squared_distances(left: Tensor, right: Tensor) -> Tensor:
    """|l - r|² of every pair of unit vectors: 2 - 2 cos, so that what is trained is what the search ranks by."""
    return 2 - 2 * left @ right.T  # (N, N)


# Each rule chooses one negative for every anchor. `distances[i, j]` is from anchor i to the positive of anchor j; the
# diagonal are the pairs, everything else can be a negative. Returned are the distances to the chosen ones, (N,).


def random_negatives(distances: Tensor, generator: Generator) -> Tensor:
    """Any other picture, as in the newsletter: nearly always an easy one."""
    n = len(distances)
    others = (torch.arange(n) + torch.randint(1, n, (n,), generator=generator)) % n
    return distances[torch.arange(n), others]


def semi_hard_negatives(distances: Tensor, generator: Generator) -> Tensor:
    """The nearest of those farther than the positive (FaceNet, section 3.2); the farthest where there is none."""
    others = ~torch.eye(len(distances), dtype=torch.bool)
    farther = others & (distances > distances.diagonal().unsqueeze(1))
    nearest = distances.masked_fill(~farther, torch.inf).amin(1)
    farthest = distances.masked_fill(~others, -torch.inf).amax(1)
    return torch.where(farther.any(1), nearest, farthest)


def batch_hard_negatives(distances: Tensor, generator: Generator) -> Tensor:
    """The nearest of all (Hermans et al. 2017, arXiv:1703.07737, eq. 5)."""
    return distances.masked_fill(torch.eye(len(distances), dtype=torch.bool), torch.inf).amin(1)


NEGATIVES: dict[str, Callable[[Tensor, Generator], Tensor]] = {
    "random": random_negatives,
    "semi-hard": semi_hard_negatives,
    "batch-hard": batch_hard_negatives,
}


def triplet_loss(anchors: Tensor, positives: Tensor, margin: float, negatives: str, generator: Generator) -> Tensor:
    """mean [ |a - p|² - |a - n|² + margin ]₊ (FaceNet, Schroff et al. 2015, arXiv:1503.03832, eq. 1).

    The mean for the paper's sum; over the anchors and, with the sides exchanged, over the positives, because a search
    goes from one to the other.
    """
    distances = squared_distances(anchors, positives)  # (N, N)
    both = torch.stack([distances, distances.T])  # (2, N, N)
    near = distances.diagonal()  # (N,)
    far = torch.stack([NEGATIVES[negatives](side, generator) for side in both])  # (2, N)
    return F.relu(near - far + margin).mean()
