"""The pretrained networks to choose from, each in two parts and with what its pictures must look like."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from services.images import lite, resnet

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Backbone:
    """What tells one from another; pixel values are 0 to 255, scaled by (x - mean) / deviation a channel."""

    name: str
    title: str
    side: int  # pixels of the square picture it takes
    width: int  # channels of a cell
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    trunk: Callable[[], nn.Module]
    top: Callable[[], nn.Module]
    split: Callable[[Weights], tuple[Weights, Weights]]  # weights of the whole network -> of the trunk, of the top
    directions: Callable[[Weights, int], Tensor]  # of the general embedding, (D, C), out of the weights

    def scaled(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S), 0 to 255 in any type, as the network was trained to see them."""
        mean, deviation = (
            torch.tensor(x, device=pictures.device).view(1, 3, 1, 1) for x in (self.mean, self.deviation)
        )
        return (pictures.float() - mean) / deviation


Scope = Literal["head", "last-block", "last-stage"]

# How many blocks of EfficientNet-Lite may learn: the top's. The stage before the last block works on the same map.
KEPT: dict[str, dict[Scope, int]] = {
    "lite0": {"head": 1, "last-block": 1, "last-stage": 5},
    "lite2": {"head": 1, "last-block": 1, "last-stage": 6},
}


def lite_backbone(name: str, scope: Scope = "last-block") -> Backbone:
    variant, kept = lite.VARIANTS[name], KEPT[name][scope]
    return Backbone(
        name=name,
        title=f"EfficientNet-{name.capitalize()}",
        side=variant.side,
        width=lite.WIDTH,
        # Not ImageNet's mean and deviation, with which its top-1 accuracy falls from 0.88 to 0.81.
        mean=(127.0, 127.0, 127.0),
        deviation=(128.0, 128.0, 128.0),
        trunk=partial(lite.LiteTrunk, variant, kept),
        top=partial(lite.LiteTop, variant, kept),
        split=partial(lite.split_weights, kept=kept),
        directions=lite.directions,
    )


RESNET50 = Backbone(
    name="resnet50",
    title="ResNet-50",
    side=224,
    width=resnet.WIDTH,
    mean=(123.675, 116.28, 103.53),
    deviation=(58.395, 57.12, 57.375),
    trunk=resnet.ResNetTrunk,
    top=resnet.ResNetTop,
    split=resnet.split_weights,
    directions=resnet.directions,
)

BACKBONES = {backbone.name: backbone for backbone in (lite_backbone("lite0"), lite_backbone("lite2"), RESNET50)}
DEFAULT = "lite0"


def backbone_of(name: str, scope: Scope) -> Backbone:
    """Cut where `scope` says; ResNet-50 always where the newsletter began to train."""
    return lite_backbone(name, scope) if name in KEPT else BACKBONES[name]
