"""One pass as an answer: the layers and heads asked for, tokens or words, thumbnails, statistics, and doubts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import orjson
import torch
import torch.nn.functional as F
from torch import Tensor

from services.attention import doubts
from services.attention.forms import (
    JSON_DECIMALS,
    Form,
    code_into,
    fixed_point,
    fixed_point_error,
    half_vectors,
    rounding_error,
)
from services.attention.heads import marks, statistics
from services.attention.models import Look, Vectors
from services.attention.schemas.common import ModelInfo, Statistics
from services.attention.schemas.maps import Maps, MapsRequest
from services.attention.selection import by_words, chosen, picked
from shared.arrays import json_bytes, npy_bytes, npy_frame, npz_bytes
from shared.problems import Unprocessable

SHOWN = 5  # unknown words that a warning names
REST = 0.5  # share of the weight on special tokens from which a warning says why


@dataclass(frozen=True)
class Sent:
    """The bytes of an answer, and how far a weight in them can be from the model's."""

    content: bytes | memoryview
    max_error: float


def weights_as(form: Form, asked: MapsRequest, info: ModelInfo, look: Look) -> Sent:
    """What was asked for of a pass, in any form but Q and K."""
    warnings = doubts.of_texts(info, look.queries, look.keys)
    look = by_words(look) if asked.merge else look
    layers, heads = layers_and_heads(asked, info, look)
    weights = picked(look.attention, layers, heads)  # (layers, heads, Tq, Tk)
    if form == "npy" or form == "uint8" or form == "uint16":
        return as_array(weights, form)
    warnings += doubts.of_weights(look.keys, weights)
    maps = maps_of(asked, info, look, layers, heads, weights, warnings)
    return as_npz(maps, weights) if form == "npz" else as_json(maps, weights)


def query_and_key(asked: MapsRequest, info: ModelInfo, look: Look) -> Sent:
    if asked.merge:
        raise Unprocessable("Q and K are those of tokens: ask for them without merging into words")
    if look.vectors is None:
        raise Unprocessable(f"{info.name} runs inside transformers, which does not give out its Q and K")
    layers, heads = layers_and_heads(asked, info, look)
    queries, keys = ([part[layer][heads] for layer in layers] for part in look.vectors)
    array, error = half_vectors(Vectors(queries, keys))
    return Sent(npy_bytes(array), error)


def layers_and_heads(asked: MapsRequest, info: ModelInfo, look: Look) -> tuple[list[int], list[int]]:
    layers, heads = look.attention.shape[:2]
    return chosen(asked.layers, layers, "layer", info.name), chosen(asked.heads, heads, "head", info.name)


def thumbnails(attention: Tensor, side: int) -> Tensor:
    """(L, H, rows, columns), at most `side` each: the largest weight of each tile, so that no thin line is lost."""
    return F.adaptive_max_pool2d(attention, tuple(min(side, count) for count in attention.shape[2:]))


def maps_of(
    asked: MapsRequest,
    info: ModelInfo,
    look: Look,
    layers: list[int],
    heads: list[int],
    weights: Tensor,
    warnings: list[str],
) -> Maps:
    side = asked.thumbnails
    return Maps(
        model=info.name,
        part=asked.part,
        tokens=look.queries.tokens,
        token_ids=look.queries.ids or None,
        offsets=look.queries.offsets,
        word_ids=look.queries.words,
        segments=look.queries.segments,
        special=look.queries.special,
        key_tokens=None if look.keys is look.queries else look.keys.tokens,
        layers=layers,
        heads=heads,
        weights=None,
        thumbnails=None if side is None else thumbnails(look.attention, side).cpu().numpy(),
        statistics=head_statistics(weights if side is None else look.attention, look),
        warnings=warnings,
    )


def head_statistics(weights: Tensor, look: Look) -> Statistics:
    """Of `weights` (layers, heads, Tq, Tk); nothing of one text has a distance to another's."""
    found = statistics(weights, *(mark.to(weights.device) for mark in marks(look.keys.special)))
    numbers = {name: values.cpu().numpy() for name, values in found.items()}
    between = {} if look.keys is look.queries else {"mean_distance": None, "diagonal_share": None}
    return Statistics(**numbers | between)


def as_array(weights: Tensor, form: Literal["npy", "uint8", "uint16"]) -> Sent:
    """The weights alone, written where they are sent from: 512 tokens are 75 MB."""
    content, array = npy_frame(tuple(weights.shape), np.float32 if form == "npy" else form)
    if form == "npy":
        array[...] = weights.cpu().numpy()
        return Sent(content, 0.0)
    code_into(array, weights)
    return Sent(content, fixed_point_error(array.dtype.itemsize * 8))


def as_json(maps: Maps, weights: Tensor) -> Sent:
    whole = maps.model_dump() | {"weights": weights.cpu().numpy()}
    return Sent(json_bytes(whole, JSON_DECIMALS), rounding_error(JSON_DECIMALS))


def as_npz(maps: Maps, weights: Tensor) -> Sent:
    """Everything in one file: weights and thumbnails as uint8, statistics as float32, the rest as maps.json."""
    fields = maps.model_dump(exclude={"weights", "thumbnails", "statistics"})
    arrays = {"weights": fixed_point(weights, 8)}
    if maps.thumbnails is not None:
        arrays["thumbnails"] = fixed_point(torch.from_numpy(maps.thumbnails), 8)
    numbers = maps.statistics.model_dump(exclude_none=True)
    arrays |= {name: np.asarray(values, np.float32) for name, values in numbers.items()}
    return Sent(npz_bytes(arrays, {"maps.json": orjson.dumps(fields)}), fixed_point_error(8))
