"""A siamese embedding network: EfficientNet-Lite0, mean pooling, a linear head, unit length; and its triplet losses."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 1280  # channels of the trunk's last feature map
EMBEDDING = 256  # the newsletter's width of the embedding

# EfficientNet (Tan & Le 2019, arXiv:1905.11946), table 1, stages 2 to 8: (repeats, kernel, stride, expansion, channels).
# The "Lite" family leaves squeeze-and-excitation out and has ReLU6 for swish; Lite0 has B0's widths and depths.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))  # fmt: skip


class ConvNorm(nn.Module):
    """Convolution and batch normalisation, padded as TensorFlow's "same", which trained these weights.

    A stride of 2 on an even side pads one pixel more right and below than left and above; PyTorch's symmetric padding
    would shift every feature map by a pixel and cost accuracy without an error.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        below, right = ((-(-side // stride) - 1) * stride + kernel - side for side in x.shape[-2:])
        x = F.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2))
        return self.norm(self.conv(x))  # type: ignore[no-any-return]


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
