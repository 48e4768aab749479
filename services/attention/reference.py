"""A second opinion that every installation has: torch's own encoder layer with our weights."""

from typing import cast

import torch
from torch import Tensor, nn

from services.attention.model import Encoder, Layer


@torch.inference_mode()
def difference_from_torch(encoder: Encoder, tokens: int = 32, seed: int = 0) -> float:
    """The largest difference in any hidden state, on tokens drawn by `seed`."""
    length = min(tokens, encoder.config.positions)
    ids = torch.randint(encoder.config.vocabulary, (1, length), generator=torch.Generator().manual_seed(seed))
    hidden = encoder.eval()(ids, torch.zeros_like(ids), torch.ones_like(ids, dtype=torch.bool)).hidden
    theirs, worst = hidden[0], 0.0  # (1, T, D)
    for layer, ours in zip(encoder.layers, hidden[1:], strict=True):
        theirs = torchs_layer(cast(Layer, layer))(theirs)
        worst = max(worst, float((ours - theirs).abs().max()))
    return worst


def torchs_layer(layer: Layer) -> nn.Module:
    width, hidden = layer.contract.out_features, layer.contract.in_features
    theirs = nn.TransformerEncoderLayer(
        width,
        layer.attention.heads,
        hidden,
        dropout=0,
        activation="gelu",
        layer_norm_eps=layer.forward_norm.eps,
        batch_first=True,
    )
    theirs.load_state_dict(torchs_weights(layer))
    return theirs.eval()


def torchs_weights(layer: Layer) -> dict[str, Tensor]:
    """Our layer's weights under torch's names; torch keeps W_Q, W_K and W_V in one matrix, one above the other."""
    parts = {
        "self_attn.out_proj": layer.attention.output,
        "linear1": layer.expand,
        "linear2": layer.contract,
        "norm1": layer.attention_norm,
        "norm2": layer.forward_norm,
    }
    weights = {f"{name}.{leaf}": tensor for name, part in parts.items() for leaf, tensor in part.state_dict().items()}
    three = (layer.attention.query, layer.attention.key, layer.attention.value)
    weights["self_attn.in_proj_weight"] = torch.cat([linear.weight for linear in three])  # (3 D, D)
    weights["self_attn.in_proj_bias"] = torch.cat([linear.bias for linear in three])  # (3 D)
    return weights
