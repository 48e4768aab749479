"""The extra `fast` computes what the network computes; skipped where it is not installed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from services.images import litert
from services.images.fused import Mirrored
from services.images.inference import inference
from services.images.lite import LiteTop, LiteTrunk
from tests.images.test_fused import KEPT, VARIANT, lively

CPU = torch.device("cpu")
needed = pytest.mark.skipif(not litert.worthwhile(), reason="needs the extra `fast` and a processor with AVX512-FP16")


def test_without_the_extra_pytorch_computes() -> None:
    trunk = LiteTrunk(VARIANT, KEPT)
    assert isinstance(inference(trunk, "torch", CPU), Mirrored)
    expected = litert.Compiled if litert.worthwhile() else Mirrored
    assert isinstance(inference(trunk, "auto", CPU), expected)


@pytest.mark.skipif(litert.installed(), reason="the extra `fast` is installed")
def test_who_asks_for_the_extra_without_it_is_told_how_to_get_it() -> None:
    with pytest.raises(RuntimeError, match="pip install --group fast"):
        inference(LiteTrunk(VARIANT, KEPT), "litert", CPU)


@needed
@pytest.mark.parametrize("side", [64, 70])
def test_a_trunk_is_computed_as_pytorch_computes_it(side: int) -> None:
    trunk, x = lively(LiteTrunk(VARIANT, KEPT)), torch.randn(3, 3, side, side)
    with torch.inference_mode():
        found, maps = litert.compiled(trunk)(x), trunk(x)
    assert found.shape == maps.shape
    assert torch.cosine_similarity(found.flatten(1), maps.flatten(1)).min() > 0.999


@needed
def test_a_top_is_computed_as_pytorch_computes_it() -> None:
    top, x = lively(LiteTop(VARIANT, KEPT + 1)), torch.randn(2, 192, 7, 7)
    with torch.inference_mode():
        found, cells = litert.compiled(top)(x), top(x)
    assert torch.cosine_similarity(found.flatten(1), cells.flatten(1)).min() > 0.999


@needed
def test_threads_do_not_disturb_each_other() -> None:
    top = litert.compiled(lively(LiteTop(VARIANT, KEPT)))
    maps = torch.randn(40, 1, 192, 7, 7)
    alone = [top(one) for one in maps]
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(one, other) for one, other in zip(pool.map(top, maps), alone, strict=True))
