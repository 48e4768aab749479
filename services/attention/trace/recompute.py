"""Every step of a trace once more, in float64 numpy, from nothing but the arrays that the trace returns.

One function a step; the names of its parameters are the steps it is recomputed from. `query` and `head` are those of
the answer. The functions hold for all heads (H, ...) and for one head alone, where that axis is missing.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]
Equation = Callable[..., Array]


def cosine(a: Array, b: Array) -> Array:
    """Rows of `a` against rows of `b`, -1 to 1; 0 where a row is all zero."""
    return unit(a) @ np.swapaxes(unit(b), -1, -2)


def unit(a: Array) -> Array:
    lengths: Array = np.linalg.norm(a, axis=-1, keepdims=True)
    return a / np.maximum(lengths, 1e-12)


def softmax(a: Array) -> Array:
    powers: Array = np.exp(a - a.max(axis=-1, keepdims=True))  # less the largest, so that no power overflows
    sums: Array = powers.sum(axis=-1, keepdims=True)
    return powers / sums


def affine(x: Array, W: Array, b: Array) -> Array:
    product: Array = x @ W
    return product + b[..., None, :]


def normalised(a: Array, gamma: Array, beta: Array, epsilon: Array) -> Array:
    centred: Array = a - a.mean(axis=-1, keepdims=True)
    variance: Array = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * gamma + beta


def gelu(a: Array) -> Array:
    """x Phi(x), exact (Hendrycks & Gimpel 2016). numpy has no erf; torch's is taken, in float64."""
    erf: Array = torch.erf(torch.from_numpy(a / np.sqrt(2))).numpy()
    return a * (1 + erf) / 2


def entropy(a: Array) -> Array:
    """Nats; 0 ln 0 is 0."""
    parts: Array = a * np.log(np.where(a > 0, a, 1))
    sums: Array = parts.sum(axis=-1)
    return -sums


def interleaved(frequencies: Array, tokens: int, width: int) -> Array:
    """(T, D): even dimensions are sines, odd ones cosines, two by two of one frequency."""
    angles: Array = np.arange(tokens)[:, None] * np.repeat(frequencies, 2)[:width]  # (T, D)
    return np.where(np.arange(width) % 2 == 0, np.sin(angles), np.cos(angles))


def row_of(K: Array, places: Array) -> Array:
    """For each head its own row of (..., T, d_k)."""
    return np.take_along_axis(K, places[..., None, None].astype(int), axis=-2)[..., 0, :]


def side_by_side(filtered: Array) -> Array:
    """(H, T, d_v) to (T, H x d_v); one head alone is already that."""
    return filtered if filtered.ndim == 2 else np.concatenate(list(filtered), axis=-1)


# The figures' order. A LayerNorm in BERT's embedding and a ReLU in the paper exist in one kind of model only.
BERT: dict[str, Equation] = {
    "embedding_sum": lambda token_embedding, segment_embedding, position_encoding: (
        token_embedding + segment_embedding + position_encoding
    ),
    "embedding_normalised": lambda embedding_sum, embedding_gamma, embedding_beta, epsilon: normalised(
        embedding_sum, embedding_gamma, embedding_beta, epsilon
    ),
    "x": lambda embedding_normalised: embedding_normalised,
    "activated": lambda expanded: gelu(expanded),
}
PAPER: dict[str, Equation] = {
    "token_scaled": lambda token_embedding: token_embedding * np.sqrt(token_embedding.shape[-1]),
    "position_frequencies": lambda token_embedding: (
        10_000.0 ** -(np.arange(0, token_embedding.shape[-1], 2) / token_embedding.shape[-1])
    ),
    "position_encoding": lambda position_frequencies, token_embedding: interleaved(
        position_frequencies, *token_embedding.shape
    ),
    "embedding_sum": lambda token_scaled, position_encoding: token_scaled + position_encoding,
    "x": lambda embedding_sum: embedding_sum,
    "activated": lambda expanded: np.maximum(expanded, 0),
}
COMMON: dict[str, Equation] = {
    "embedding_cosine": lambda token_embedding: cosine(token_embedding, token_embedding),
    "simple_weights": lambda x, query: softmax(x @ x[query]),
    "simple_weighted": lambda simple_weights, x: simple_weights[:, None] * x,
    "simple_sum": lambda simple_weighted: simple_weighted.sum(axis=0),
    "product_parts": lambda x, W_Q, query: x[query] * W_Q[..., 0],
    "product": lambda product_parts, b_Q: product_parts.sum(axis=-1) + b_Q[..., 0],
    "Q": lambda x, W_Q, b_Q: affine(x, W_Q, b_Q),
    "K": lambda x, W_K, b_K: affine(x, W_K, b_K),
    "V": lambda x, W_V, b_V: affine(x, W_V, b_V),
    "qk_cosine": lambda Q, K: cosine(Q, K),
    "scores": lambda Q, K: Q @ np.swapaxes(K, -1, -2),
    "strongest_key": lambda scores, query: scores[..., query, :].argmax(axis=-1),
    "elementwise": lambda Q, K, strongest_key, query: Q[..., query, :] * row_of(K, strongest_key),
    "scale": lambda K: np.sqrt(K.shape[-1]),
    "scaled": lambda scores, scale: scores / scale,
    "scores_std": lambda scores: scores.std(axis=(-2, -1)),
    "scaled_std": lambda scaled: scaled.std(axis=(-2, -1)),
    "formula": lambda Q, K, V, scale, query: (
        softmax(Q[..., query, None, :] @ np.swapaxes(K, -1, -2) / scale) @ V  # (..., 1, d_v)
    )[..., 0, :],
    "attention": lambda scaled: softmax(scaled),
    "row_sums": lambda attention: attention.sum(axis=-1),
    "row_entropy": lambda attention: entropy(attention),
    "weighted_values": lambda attention, V, query: attention[..., query, :, None] * V,
    "filtered": lambda attention, V: attention @ V,
    "joined": lambda filtered: side_by_side(filtered),
    "attention_output": lambda joined, W_O, b_O: affine(joined, W_O, b_O),
    "residual": lambda x, attention_output: x + attention_output,
    "normed": lambda residual, norm1_gamma, norm1_beta, epsilon: normalised(residual, norm1_gamma, norm1_beta, epsilon),
    "expanded": lambda normed, W_1, b_1: affine(normed, W_1, b_1),
    "contracted": lambda activated, W_2, b_2: affine(activated, W_2, b_2),
    "residual2": lambda normed, contracted: normed + contracted,
    "layer_output": lambda residual2, norm2_gamma, norm2_beta, epsilon: normalised(
        residual2, norm2_gamma, norm2_beta, epsilon
    ),
}


def equations(paper: bool, layer: int) -> dict[str, Equation]:
    """The steps that can be recomputed; the input of a later layer is what the one before it left."""
    known = COMMON | (PAPER if paper else BERT)
    return known if layer == 0 else {name: equation for name, equation in known.items() if name != "x"}


@cache
def inputs_of(equation: Equation) -> tuple[str, ...]:
    return tuple(inspect.signature(equation).parameters)


def difference(name: str, equation: Equation, arrays: Mapping[str, Array], query: int, head: int | None) -> float:
    """The largest difference between a step as returned and the step as recomputed."""
    again: Array = equation(**{part: query if part == "query" else arrays[part] for part in inputs_of(equation)})
    given = arrays[name]
    if name == "joined" and head is not None:  # the other heads' columns come from arrays that are not here
        width = again.shape[-1]
        given = given[:, head * width : (head + 1) * width]
    return float(np.abs(again - given).max())
