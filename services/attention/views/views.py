"""Attention out of anybody's model: checked, described, ready to be drawn."""

import json
from collections.abc import Mapping
from itertools import accumulate

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from services.attention.features import Tokens
from services.attention.heads import describe, is_causal
from services.attention.models import Look
from services.attention.schemas.views import View, ViewsRequest
from services.attention.views.checks import (
    check_queries_and_keys,
    check_shape,
    check_weights,
    checked_mask,
    numbers,
    stacked,
)
from services.attention.views.tensor_files import read_tensors
from shared.problems import Unprocessable, validation_detail

# What the tokenizers of BERT, RoBERTa, T5, GPT, Llama and Gemma add to a text.
SPECIAL = {"[CLS]", "[SEP]", "<s>", "</s>", "<cls>", "<sep>", "<bos>", "<eos>"}
SPECIAL |= {"<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|startoftext|>"}


def asked_by_form(file: bytes, fields: Mapping[str, str]) -> ViewsRequest:
    """The request that a form makes: a `file` of numbers; `tokens` and the other fields are written as JSON."""
    arrays = read_tensors(file)
    if twice := sorted(set(arrays) & set(fields)):
        raise Unprocessable(f"{twice[0]} is in the file and in the form; send it once")
    try:
        return ViewsRequest.model_validate(arrays | {name: from_json(name, text) for name, text in fields.items()})
    except ValidationError as error:
        raise Unprocessable(validation_detail([dict(one) for one in error.errors()])) from error


def from_json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unprocessable(f'{name[:80]} is not JSON; tokens, for one, are a list like ["the", "train"]') from error


def given(asked: ViewsRequest) -> Look:
    """The attention of a request, what came as float32 bit by bit; a problem that names the place when it is none."""
    queries = tokens_of(asked.tokens)
    keys = queries if asked.key_tokens in (None, asked.tokens) else tokens_of(asked.key_tokens or [])
    sizes = len(queries), len(keys)
    weights = given_weights(asked, sizes) if asked.weights is not None else computed_weights(asked, sizes)
    return Look(queries, keys, torch.from_numpy(weights))  # (L, H, Tq, Tk) float32


def tokens_of(names: list[str]) -> Tokens:
    """Tokens that we did not cut ourselves: their text is their names in a row, each a word of its own."""
    starts = list(accumulate((len(name) + 1 for name in names), initial=0))
    special = [name in SPECIAL for name in names]
    return Tokens(
        tokens=names,
        ids=[],
        offsets=[(start, start + len(name)) for start, name in zip(starts, names, strict=False)],
        words=[None if mark else place for place, mark in enumerate(special)],
        segments=[0] * len(names),
        special=special,
        texts=(" ".join(names),),
    )


def given_weights(asked: ViewsRequest, sizes: tuple[int, int]) -> np.ndarray:
    weights = numbers("weights", asked.weights)
    check_shape("weights", weights, sizes, "tokens, key tokens")
    check_weights(weights)
    return np.array(stacked(weights), dtype=np.float32, order="C")


def computed_weights(asked: ViewsRequest, sizes: tuple[int, int]) -> np.ndarray:
    """(L, H, Tq, Tk) A = softmax(Q K^T x scale), Vaswani et al. 2017, equation 1; computed in float64."""
    query, key = numbers("query", asked.query), numbers("key", asked.key)
    check_queries_and_keys(query, key, sizes)
    seen = visible(asked, sizes)
    scale = asked.scale if asked.scale is not None else query.shape[-1] ** -0.5
    queries, keys = (torch.from_numpy(stacked(part).astype(np.float64)) for part in (query, key))  # (L, H, T, d_k)
    weights = np.empty((*queries.shape[:2], *sizes), np.float32)
    for layer in range(len(queries)):  # one at a time, for the memory
        scores = queries[layer] @ keys[layer].mT * scale  # (H, Tq, Tk)
        if not scores.isfinite().all():
            raise Unprocessable("query . key is too large for a number; are these queries and keys, not their product?")
        weights[layer] = scores.masked_fill_(~seen, -torch.inf).softmax(-1).numpy()
    return weights


def visible(asked: ViewsRequest, sizes: tuple[int, int]) -> Tensor:
    """(Tq, Tk) which key each query may look at."""
    seen = torch.ones(sizes, dtype=torch.bool)
    if asked.causal:
        if sizes[0] != sizes[1]:
            raise Unprocessable(f"causal needs as many keys as queries, not {sizes[1]} and {sizes[0]}; send a mask")
        seen = seen.tril()
    if asked.mask is not None:
        seen = seen & torch.from_numpy(checked_mask(asked.mask, sizes))
    if blind := (~seen.any(1)).nonzero().flatten().tolist():
        raise Unprocessable(f"token {blind[0]} may look at nothing: its row of the mask is all 0")
    return seen


def view(look: Look) -> View:
    """The statistics and labels of every head."""
    layers, heads, queries, keys = look.attention.shape
    within = look.queries is look.keys
    return View(
        shape=(layers, heads, queries, keys),
        tokens=look.queries.tokens,
        key_tokens=look.keys.tokens,
        special=look.keys.special,
        row_error=float((look.attention.sum(-1, dtype=torch.float64) - 1).abs().max()),
        causal=within and is_causal(look.attention),
        heads=describe(look.attention, look.keys.special, within),
    )
