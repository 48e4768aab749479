"""Attention as bytes: JSON, numpy's formats, and three compact forms with the error each one makes.

uint8     a in [0, 1] as round(255 a)       1 byte a weight     error at most 1/510
uint16    a in [0, 1] as round(65535 a)     2 bytes a weight    error at most 1/131070
qk        Q and K as float16, from which the reader has a = softmax(Q K^T / sqrt(d_k)); smaller than the weights when
          there are more tokens than 2 d_k, and what a query-and-key view shows
"""

from math import tanh
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from services.attention.models import Vectors

Form = Literal["json", "npy", "uint8", "uint16", "qk", "npz"]
CHUNK = 65_536  # weights: what stays in the processor's cache between two operations
JSON_DECIMALS = 4
TYPES = {8: np.uint8, 16: np.uint16}


def fixed_point(weights: Tensor, bits: int) -> np.ndarray:
    """round(a (2^bits - 1)) of weights in [0, 1], any shape."""
    coded = np.empty(weights.shape, TYPES[bits])
    code_into(coded, weights)
    return coded


def code_into(coded: np.ndarray, weights: Tensor) -> None:
    """The same into an array that is there, a little at a time."""
    most, flat = int(np.iinfo(coded.dtype).max), weights.reshape(-1)
    buffer, half = torch.empty(CHUNK, device=flat.device), torch.full((CHUNK,), 0.5, device=flat.device)
    targets = torch.split(torch.from_numpy(coded).view(-1), CHUNK)
    for source, target in zip(torch.split(flat, CHUNK), targets, strict=True):
        scaled = torch.add(half[: len(source)], source, alpha=most, out=buffer[: len(source)])
        target.copy_(scaled)  # cuts what is behind the point


def rounding_error(decimals: int) -> float:
    """Half of the last decimal, and a little for the rounding of float32."""
    return 0.5 * 10.0**-decimals + 2.0**-24


def fixed_point_error(bits: int) -> float:
    """Half a step, and a little for the rounding of float32."""
    return 0.5 / (2.0**bits - 1) + 2.0**-23


def half_vectors(vectors: Vectors) -> tuple[np.ndarray, float]:
    """Q and K, (2, L, H, T, d_k) float16, and the largest error of a weight made of them."""
    width = vectors.keys[0].shape[-1]
    exact = torch.stack([torch.stack(vectors.queries) * width**0.5, torch.stack(vectors.keys)])  # (2, L, H, T, d_k)
    coded = exact.half()
    return coded.cpu().numpy(), softmax_error(score_error(exact, coded.float()))


def score_error(exact: Tensor, coded: Tensor) -> float:
    """A bound of |q k - q' k'| / sqrt(d_k) over all pairs, by Cauchy and Schwarz: |q| |k - k'| + |q - q'| |k'|."""
    (query, key), (query_off, key_off) = exact.norm(dim=-1).amax(-1), (exact - coded).norm(dim=-1).amax(-1)  # (L, H)
    key = torch.maximum(key, coded[1].norm(dim=-1).amax(-1))  # (L, H)
    bound = (query * key_off + query_off * key) / exact.shape[-1] ** 0.5  # (L, H)
    return float(bound.max())


def softmax_error(score_error: float) -> float:
    """How far a weight can be off when each score is off by at most e: tanh(e / 2).

    A weight is the logistic function of its score less the logsumexp of the others, which is off by at most 2 e; the
    logistic function changes most around 0, between -e and e by tanh(e / 2).
    """
    return tanh(score_error / 2)
