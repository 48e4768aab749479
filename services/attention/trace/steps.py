"""The arrays of one layer of one pass, by the names of the lesson."""

import math
from copy import deepcopy
from functools import lru_cache
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from services.attention.features import Batch
from services.attention.model import Encoder, Layer, LayerSteps, SelfAttention, Steps, frequencies
from services.attention.trace.recompute import Array

DECIMALS = 9  # Prints as short as float32 and loses at most 5e-10.


@torch.inference_mode()
def arrays_of(encoder: Encoder, one: Batch, layer: int, query: int) -> dict[str, Array]:
    """Every step by name, in float64; those with heads have them on the first axis.

    The layer that is shown is computed in float64 from the model's float32 weights and input. A score of 300 is no
    finer than 3e-5 in float32: a reader who recomputes it could not come within 1e-5.
    """
    found, x = embedding_arrays(encoder, one)
    for earlier in encoder.layers[:layer]:
        x = earlier(x).output
    block, x = exact(cast(Layer, encoder.layers[layer])), x.cpu().double()
    steps: LayerSteps = block(x)
    made = simple_arrays(x[0], query) | block_arrays(steps)
    made |= attention_arrays(x[0], Steps(*(step[0] for step in steps.attention)), block.attention, query)
    found |= {"x": x[0]} | weights_of(block)
    return {name: in_float64(array) for name, array in found.items()} | {
        name: in_float64(array).round(DECIMALS) for name, array in made.items()
    }


def in_float64(array: Tensor) -> Array:
    """numpy's, and float64 unless they are whole numbers."""
    numbers: Array = (array.cpu().double() if array.is_floating_point() else array.cpu()).numpy()
    return numbers


def exact(block: Layer) -> Layer:
    """The same block in float64 on the CPU; made once for weights that stay as they are."""
    return in_double(block, tuple(weight._version for weight in block.parameters() if not weight.is_inference()))


@lru_cache(maxsize=4)  # 14 MB for a layer of MiniLM
def in_double(block: Layer, versions: tuple[int, ...]) -> Layer:
    return deepcopy(block).cpu().double()


def embedding_arrays(encoder: Encoder, one: Batch) -> tuple[dict[str, Tensor], Tensor]:
    """Figures 5 to 9, and what the first layer reads (1, T, D)."""
    part, steps = encoder.embedding, encoder.embedding.steps(one.ids, one.types)
    rows = part.token(one.ids)[0]  # (T, D)
    found = {"token_ids": one.ids[0], "token_embedding": rows, "embedding_cosine": cosine(rows.cpu(), rows.cpu())}
    found |= {"position_encoding": steps.position, "embedding_sum": steps.summed[0]}
    if steps.segment is None:
        found |= {"token_scaled": steps.token[0], "position_frequencies": frequencies(rows.shape[1])}
    else:
        found |= {"segment_embedding": steps.segment[0], "embedding_normalised": steps.x[0]}
        found |= {"embedding_gamma": part.norm.weight, "embedding_beta": part.norm.bias}
    return found, steps.x


def simple_arrays(x: Tensor, query: int) -> dict[str, Tensor]:
    """Figure 3: attention without projections, scale and heads; x is (T, D)."""
    weights = (x @ x[query]).softmax(0)  # (T,)
    weighted = weights[:, None] * x  # (T, D)
    return {"simple_weights": weights, "simple_weighted": weighted, "simple_sum": weighted.sum(0)}


def weights_of(block: Layer) -> dict[str, Tensor]:
    """W (H, D, d_k) and b (H, d_k) of each projection, W_O (H x d_v, D) and so on: torch keeps a matrix transposed."""
    part, epsilon = block.attention, torch.tensor(block.forward_norm.eps, dtype=torch.float64)
    found = {"W_O": part.output.weight.T, "b_O": part.output.bias, "epsilon": epsilon}
    for letter, linear in {"Q": part.query, "K": part.key, "V": part.value}.items():
        shape = (part.heads, part.head_width)
        found |= {f"W_{letter}": linear.weight.view(*shape, -1).mT, f"b_{letter}": linear.bias.view(shape)}
    for number, linear in enumerate((block.expand, block.contract), 1):
        found |= {f"W_{number}": linear.weight.T, f"b_{number}": linear.bias}
    for number, norm in enumerate((block.attention_norm, block.forward_norm), 1):
        found |= {f"norm{number}_gamma": norm.weight, f"norm{number}_beta": norm.bias}
    return found


def attention_arrays(x: Tensor, steps: Steps, part: SelfAttention, query: int) -> dict[str, Tensor]:
    """Figures 10 to 21; x is (T, D) and the steps are those of one text, (H, T, ...)."""
    # Of the scores as they are returned, the first of equal ones: a reader must find the same.
    strongest = torch.from_numpy(in_float64(steps.scores[:, query]).round(DECIMALS).argmax(-1))  # (H,)
    keys = steps.key[torch.arange(len(strongest)), strongest]  # (H, d_k)
    parts = x[query] * part.query.weight[:: part.head_width]  # (H, D): row `query` of x times column 0 of each W_Q
    return {
        "product_parts": parts,
        "product": steps.query[:, query, 0],
        "Q": steps.query,
        "K": steps.key,
        "V": steps.value,
        "qk_cosine": cosine(steps.query, steps.key),
        "scores": steps.scores,
        "strongest_key": strongest,
        "elementwise": steps.query[:, query] * keys,
        "scale": torch.tensor(math.sqrt(steps.key.shape[-1]), dtype=torch.float64),
        "scaled": steps.scaled,
        "scores_std": steps.scores.std((1, 2), correction=0),
        "scaled_std": steps.scaled.std((1, 2), correction=0),
        "formula": F.scaled_dot_product_attention(steps.query[:, query, None], steps.key, steps.value)[:, 0],
        "attention": steps.attention,
        "row_sums": steps.attention.sum(-1),
        "row_entropy": torch.special.entr(steps.attention).sum(-1),
        "weighted_values": steps.attention[:, query, :, None] * steps.value,
        "filtered": steps.filtered,
        "joined": steps.joined,
        "attention_output": steps.output,
    }


def block_arrays(steps: LayerSteps) -> dict[str, Tensor]:
    """Figure 4: the rest of the encoder block."""
    after = steps._asdict() | {"layer_output": steps.output}
    names = ("residual", "normed", "expanded", "activated", "contracted", "residual2", "layer_output")
    return {name: after[name][0] for name in names}


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """(..., rows of a, rows of b), -1 to 1; 0 where a row is all zero."""
    return F.normalize(a.double(), dim=-1) @ F.normalize(b.double(), dim=-1).mT
