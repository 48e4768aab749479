"""A siamese embedding network: one frozen trunk, and on it two embeddings, the general one and the one that learned."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from services.images.backbones import Backbone, Weights
from services.images.lite import ConvNorm

EMBEDDING = 256  # the newsletter's width of the embedding


class Embedding(nn.Module):
    """The backbone's top, the mean over the cells of the picture, a linear head, unit length.

    As the mean and the head are linear, the cosine of two pictures is a sum over the cells of each: explaining.py.
    """

    def __init__(self, top: nn.Module, width: int) -> None:
        super().__init__()
        self.top = top
        self.head = nn.Linear(width, EMBEDDING)

    def cells(self, maps: Tensor) -> Tensor:
        cells: Tensor = self.top(maps)
        return cells  # (N, C, H, W)

    def project(self, pooled: Tensor) -> Tensor:
        return F.normalize(self.head(pooled), dim=1)  # (N, 256), unit length

    def forward(self, maps: Tensor) -> Tensor:
        return self.project(self.cells(maps).mean((2, 3)))  # (N, 256)


class Siamese(nn.Module):
    """One network for anchor, positive and negative alike: pictures of one thing get near vectors, others far ones."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.trunk = backbone.trunk()
        self.general = Embedding(backbone.top(), backbone.width)
        self.adapted = Embedding(backbone.top(), backbone.width)
        self.classifier = nn.Linear(backbone.width, 1000)  # of ImageNet's classes; text queries ask it

    def take(self, weights: Weights) -> None:
        """The pretrained weights of the whole network; what adapts begins as the general embedding."""
        body = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier.")}
        trunk, top = self.backbone.split(body)
        self.trunk.load_state_dict(trunk)
        self.classifier.load_state_dict({name: weights[f"classifier.{name}"] for name in ("weight", "bias")})
        for embedding in (self.general, self.adapted):
            embedding.top.load_state_dict(top)
            nn.init.zeros_(embedding.head.bias)
            embedding.head.weight.data = self.backbone.directions(weights, EMBEDDING)

    def maps(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, S, S), 0 to 255, to what the frozen trunk makes of them; training computes them once."""
        maps: Tensor = self.trunk(self.backbone.scaled(pictures))
        return maps  # (N, C, H, W)

    def for_inference(self) -> "Siamese":
        """Every batch norm folded into the convolution before it: the same function (to 1e-4), in fewer steps."""
        for module in self.eval().modules():
            if isinstance(module, ConvNorm) and isinstance(module.norm, nn.BatchNorm2d):
                module.conv, module.norm = fuse_conv_bn_eval(module.conv, module.norm), nn.Identity()
        return self.to(memory_format=torch.channels_last)
