"""Which way a part of the network is computed while serving: PyTorch's, or the extra's where that is faster."""

from typing import Literal

import torch
from torch import nn

from services.images import litert
from services.images.fused import Forward, fused
from services.images.lite import LiteTop, LiteTrunk

Engine = Literal["auto", "torch", "litert"]


def inference(module: nn.Module, engine: Engine, device: torch.device) -> Forward:
    """`module` for inference on `device`; maps (N, C, H, W) in and out, float32."""
    module = module.eval().to(device)
    if device.type != "cpu" or not isinstance(module, LiteTrunk | LiteTop):
        return module
    if engine == "litert" and not litert.installed():
        raise RuntimeError("IMAGES_ENGINE is litert, which is not installed: pip install --group fast, or take auto")
    wanted = litert.worthwhile() if engine == "auto" else engine == "litert"
    return litert.compiled(module) if wanted else fused(module)
