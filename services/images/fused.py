"""EfficientNet-Lite on a processor: oneDNN's convolutions with what follows them inside, and weights packed once.

These are the operations torch.compile would choose, called directly, so that nobody needs a C++ compiler.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from services.images.lite import ConvNorm, LiteTop, LiteTrunk, MBConv

Forward = Callable[[Tensor], Tensor]
Step = Callable[[Tensor], Tensor]

# More at once than two pictures, and the largest map (9.6 MB) is new memory from the system at every pass.
TOGETHER = 2

# The first blocks of a trunk stay in float32: their errors grow through all that follow. Of 400 pictures the smallest
# cosine of a bfloat16 vector to its float32 one is 0.9995 so, and 0.997 if these blocks are in bfloat16 too.
EXACT = 4


def fused(module: nn.Module, dtype: torch.dtype | None = None) -> Forward:
    """What `module` computes in inference, faster, if it is a trunk or top of EfficientNet-Lite; others stay.

    Scaled pictures or maps (N, C, H, W) in, maps out, all float32; inside it computes in `dtype`.
    """
    if not isinstance(module, LiteTrunk | LiteTop) or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return module.eval()
    return Mirrored(list(steps_of(module, dtype or fastest_dtype())))


def fastest_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies tiles of it (AMX); elsewhere it is slower than float32."""
    return torch.bfloat16 if torch.cpu.get_capabilities().get("amx_bf16") else torch.float32


@dataclass(frozen=True)
class Mirrored:
    """Steps on maps turned by 180°, where TensorFlow's "same" padding is PyTorch's.

    For a side n, a kernel k (odd) and a stride of 2, "same" pads k - 2 places if n is even: (k - 3) / 2 before and
    (k - 1) / 2 after. Turned, it is (k - 1) / 2 before, which is what PyTorch's symmetric padding puts there; behind,
    that is one place more than needed, and no window ends in it. If n is odd, or the stride 1, both sides are
    (k - 1) / 2 anyhow. So no map is copied into a larger one only to be padded.
    """

    steps: Sequence[Step]

    def __call__(self, x: Tensor) -> Tensor:
        with torch.inference_mode():
            return torch.cat([self.some(part) for part in torch.split(x, TOGETHER)])

    def some(self, x: Tensor) -> Tensor:
        x = turned(x).contiguous(memory_format=torch.channels_last)  # a copy: blocks add to it in place
        for step in self.steps:
            x = step(x)
        return turned(x.float())


def turned(x: Tensor) -> Tensor:
    """By 180°."""
    return x.flip(2, 3)


def steps_of(module: LiteTrunk | LiteTop, dtype: torch.dtype) -> Iterator[Step]:
    exact = EXACT if isinstance(module, LiteTrunk) else 0
    if isinstance(module, LiteTrunk):
        yield Convolution.of(module.stem, torch.float32, relu6=True)
    for number, block in enumerate(module.blocks):
        assert isinstance(block, MBConv)
        yield Block.of(block, torch.float32 if number < exact else dtype)
    if isinstance(module, LiteTop):
        yield Convolution.of(module.conv, dtype, relu6=True)


@dataclass(frozen=True)
class Convolution:
    """A convolution, its batch norm folded in, and ReLU6 or an addition while the result is in the registers."""

    weight: Tensor  # in oneDNN's own order
    bias: Tensor
    padding: list[int]
    stride: list[int]
    groups: int
    relu6: bool

    @classmethod
    def of(cls, module: ConvNorm, dtype: torch.dtype, relu6: bool) -> "Convolution":
        conv = folded(module)
        assert conv.bias is not None
        padding, stride = [(side - 1) // 2 for side in conv.kernel_size], list(conv.stride)
        weight = turned(conv.weight.detach()).to("cpu", dtype)
        packed = torch.ops.mkldnn._reorder_convolution_weight(weight, padding, stride, [1, 1], conv.groups)
        return cls(packed, conv.bias.detach().to("cpu", dtype), padding, stride, conv.groups, relu6)

    def __call__(self, x: Tensor) -> Tensor:
        after = ("hardtanh", [0.0, 6.0], "") if self.relu6 else ("none", [], "")
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(x.to(self.bias.dtype), *self.arguments, *after)
        return y

    def add_to(self, sum_: Tensor, x: Tensor) -> Tensor:
        """sum_ += self(x)"""
        y: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
            sum_, x, *self.arguments, "add", 1.0, None, [], None
        )
        return y

    @property
    def arguments(self) -> tuple[Tensor, Tensor, list[int], list[int], list[int], int]:
        return self.weight, self.bias, self.padding, self.stride, [1, 1], self.groups


@dataclass(frozen=True)
class Block:
    """An MBConv."""

    expand: Convolution | None
    depthwise: Convolution
    project: Convolution
    residual: bool

    @classmethod
    def of(cls, block: MBConv, dtype: torch.dtype) -> "Block":
        return cls(
            Convolution.of(block.expand, dtype, relu6=True) if block.expand else None,
            Convolution.of(block.depthwise, dtype, relu6=True),
            Convolution.of(block.project, dtype, relu6=False),
            block.residual,
        )

    def __call__(self, x: Tensor) -> Tensor:
        x = x.to(self.project.bias.dtype)
        wide = self.depthwise(self.expand(x) if self.expand else x)
        return self.project.add_to(x, wide) if self.residual else self.project(wide)


def folded(module: ConvNorm) -> nn.Conv2d:
    """One convolution for the convolution and its batch norm; `module` stays as it is."""
    if isinstance(module.norm, nn.BatchNorm2d):
        return fuse_conv_bn_eval(copy.deepcopy(module.conv).eval(), copy.deepcopy(module.norm).eval())
    return module.conv
