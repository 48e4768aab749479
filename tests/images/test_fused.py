"""The fast forward pass is the network's own, computed otherwise."""

import pytest
import torch
from torch import nn

from services.images.backbones import BACKBONES
from services.images.fused import Convolution, fastest_dtype, folded, fused, turned
from services.images.inference import inference
from services.images.lite import VARIANTS, ConvNorm, LiteTop, LiteTrunk

VARIANT, KEPT = VARIANTS["lite0"], 1


def lively(module: nn.Module) -> nn.Module:
    """With batch norms that do something, and maps that keep their size from block to block."""
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.bias, std=0.2)
            nn.init.uniform_(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
            nn.init.normal_(part.running_mean, std=0.2)  # type: ignore[arg-type]
    return module.eval()


@pytest.mark.parametrize("side", [14, 15])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_turned_convolution_is_padded_as_tensorflow_pads(kernel: int, stride: int, side: int) -> None:
    module = lively(ConvNorm(8, 8, kernel, stride, groups=8))
    assert isinstance(module, ConvNorm)
    x = torch.randn(2, 8, side, side)
    with torch.inference_mode():
        found = turned(Convolution.of(module, torch.float32, relu6=True)(turned(x)))
        torch.testing.assert_close(found, module(x).clamp(0, 6), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side", [64, 70, 96])
def test_a_trunk_gives_the_maps_of_its_module(side: int) -> None:
    trunk, x = lively(LiteTrunk(VARIANT, KEPT)), torch.randn(5, 3, side, side)
    with torch.inference_mode():
        maps = trunk(x)
        assert maps.std() > 0.1
        torch.testing.assert_close(fused(trunk, torch.float32)(x), maps, rtol=1e-3, atol=1e-3)


def test_a_top_gives_the_cells_of_its_module_and_leaves_the_maps_alone() -> None:
    top, x = lively(LiteTop(VARIANT, KEPT + 1)), torch.randn(3, 192, 7, 7)
    before = x.clone()
    with torch.inference_mode():
        torch.testing.assert_close(fused(top, torch.float32)(x), top(x), rtol=1e-3, atol=1e-3)
    assert torch.equal(x, before)


def test_every_block_of_lite2_is_known() -> None:
    trunk = lively(LiteTrunk(VARIANTS["lite2"], KEPT))
    x = torch.randn(1, 3, 68, 68)  # 68, 34, 17, 9, 5, 3: odd sides too
    with torch.inference_mode():
        torch.testing.assert_close(fused(trunk, torch.float32)(x), trunk(x), rtol=1e-3, atol=1e-3)


def test_bfloat16_is_near() -> None:
    trunk, x = lively(LiteTrunk(VARIANT, KEPT)), torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        found, maps = fused(trunk, torch.bfloat16)(x), trunk(x)
    assert found.dtype == torch.float32
    assert torch.cosine_similarity(found.flatten(1), maps.flatten(1)).min() > 0.99


def test_a_module_is_as_it_was_after_it_was_fused() -> None:
    trunk = lively(LiteTrunk(VARIANT, KEPT))
    before = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    fused(trunk, torch.float32)
    assert all(torch.equal(tensor, before[name]) for name, tensor in trunk.state_dict().items())


def test_a_batch_norm_that_was_folded_before_is_not_folded_again() -> None:
    module = ConvNorm(4, 4, 3)
    module.norm = nn.Identity()
    assert folded(module) is module.conv


def test_other_networks_stay_as_they_are() -> None:
    trunk = BACKBONES["resnet50"].trunk()
    assert fused(trunk) is trunk
    assert inference(trunk, "torch", torch.device("cpu")) is trunk


def test_bfloat16_is_taken_only_where_it_is_fast() -> None:
    fast = torch.cpu.get_capabilities().get("amx_bf16", False)
    assert fastest_dtype() == (torch.bfloat16 if fast else torch.float32)
