"""Whether numbers of strangers can be attention; a refusal names the places."""

import math

import numpy as np

from services.attention.views.tensor_files import MAX_CELLS, in_words
from shared.problems import Unprocessable, shorten

MOST_HEADS = 2048  # of all layers together; GPT-2 XL has 1,200
NAMED = 5  # places that a refusal names
TOLERANCE = 1e-3  # of a row's sum; half precision rounds a row of 512 weights by less


def numbers(name: str, value: object) -> np.ndarray:
    """What came as lists or out of a file, as an array of finite numbers; a problem says where it is not."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise Unprocessable(f"{name} is ragged: all lists of a depth must have the same length") from error
    if array.dtype.kind not in "fiu":
        raise Unprocessable(f"{name} holds {strangers(array)}; send numbers alone")
    if 0 in array.shape or not 2 <= array.ndim <= 4:
        raise Unprocessable(
            f"{name} has the shape {list(array.shape)}; it must have 2, 3 or 4 axes, none of them empty"
        )
    if (bad := ~np.isfinite(array)).any():
        raise Unprocessable(f"{places(name, array, bad, 'is {:g}')}; every number must be finite")
    return array


def strangers(array: np.ndarray) -> str:
    """What is no number in an array that numpy did not read as numbers, in plain words."""
    if array.dtype.kind != "O":
        return in_words(array.dtype)
    found = [cell for cell in array.flat if not isinstance(cell, int | float)]
    if not found:
        return "a whole number too large for 64 bits"
    return "null" if found[0] is None else f"something that is no number: {shorten(found[0])}"


def stacked(array: np.ndarray) -> np.ndarray:
    """[T, T] and [H, T, T] as (L, H, T, T): one layer, one head."""
    return array.reshape((1,) * (4 - array.ndim) + array.shape)


def check_shape(name: str, array: np.ndarray, expected: tuple[int, int], what: str) -> None:
    if array.shape[-2:] != expected:
        raise Unprocessable(
            f"{name} has the shape {list(array.shape)}; its last two axes must be {list(expected)}: {what}"
        )
    check_heads(name, math.prod(array.shape[:-2]))
    check_cells(array.size)


def check_heads(name: str, heads: int) -> None:
    if heads > MOST_HEADS:
        raise Unprocessable(
            f"{name} has {heads:,} heads in all its layers; the limit is {MOST_HEADS:,}: send fewer layers or heads"
        )


def check_cells(cells: int) -> None:
    if cells > MAX_CELLS:
        raise Unprocessable(
            f"the attention has {cells:,} numbers; the limit is {MAX_CELLS:,}: send fewer layers or heads"
        )


def check_weights(weights: np.ndarray) -> None:
    if (bad := weights < 0).any():
        raise Unprocessable(
            f"{places('weights', weights, bad, 'is {:.4g}')}; none may be below 0: are these scores before the softmax?"
        )
    sums = weights.sum(-1, dtype=np.float64)  # (..., Tq)
    if (bad := np.abs(sums - 1) > TOLERANCE).any():
        raise Unprocessable(f"{places('weights', sums, bad, 'sums to {:.4g}')}; each row must sum to 1{hint(weights)}")


def hint(weights: np.ndarray) -> str:
    columns = weights.sum(-2, dtype=np.float64)
    if (np.abs(columns - 1) <= TOLERANCE).all():
        return ": the columns do, so exchange the last two axes"
    return f" within {TOLERANCE}: leave padding out, or send query and key"


def places(name: str, values: np.ndarray, bad: np.ndarray, says: str) -> str:
    """The first few places that are bad, by their index, and how many there are."""
    found = np.flatnonzero(bad)
    index = [np.unravel_index(place, bad.shape) for place in found[:NAMED]]
    said = [f"{name}{''.join(f'[{i}]' for i in place)} {says.format(values[place])}" for place in index]
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return ", ".join(said) + more


def check_queries_and_keys(query: np.ndarray, key: np.ndarray, sizes: tuple[int, int]) -> None:
    width = query.shape[-1]
    check_shape("query", query, (sizes[0], width), "tokens, d_k")
    check_shape("key", key, (sizes[1], width), "key tokens, d_k of the query")
    if query.shape[:-2] != key.shape[:-2]:
        raise Unprocessable(
            f"query has the shape {list(query.shape)} and key {list(key.shape)}: as many layers and heads of each; "
            "where several heads share a key, repeat it"
        )
    check_cells(query[..., 0, 0].size * sizes[0] * sizes[1])


def checked_mask(value: object, sizes: tuple[int, int]) -> np.ndarray:
    try:
        mask = np.asarray(value)
    except ValueError as error:
        raise Unprocessable("mask is ragged: all its rows must have the same length") from error
    if mask.shape not in (sizes, sizes[1:]):
        raise Unprocessable(f"mask has the shape {list(mask.shape)}; it must be {list(sizes)} or {list(sizes[1:])}")
    if mask.dtype.kind not in "fiub" or not np.isin(mask, (0, 1)).all():
        raise Unprocessable("mask has something other than 0 and 1: 1 where a token may be looked at, 0 where not")
    return np.array(np.broadcast_to(mask, sizes), dtype=bool)
