"""Attention out of anybody's model."""

import io
import json
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from services.attention.features import words_of
from services.attention.heads import statistics
from services.attention.lookup import find
from services.attention.models import Look
from services.attention.schemas.views import ViewsRequest
from services.attention.views import checks
from services.attention.views.views import asked_by_form, given, view
from shared.problems import Unprocessable

AB = ["a", "b"]
EVEN = [[0.5, 0.5], [0.5, 0.5]]


def rows(*shape: int, seed: int = 0) -> np.ndarray:
    """float32 attention of this shape, as a softmax leaves it."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).softmax(-1).numpy()


def names(count: int) -> list[str]:
    return [f"t{n}" for n in range(count)]


def read(**asked: Any) -> Look:
    return given(ViewsRequest.model_validate(asked))


def npy(array: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


def form(file: bytes, **fields: object) -> Look:
    return given(asked_by_form(file, {name: json.dumps(value) for name, value in fields.items()}))


# ---- what is accepted


@pytest.mark.parametrize("shape", [(4, 4), (3, 4, 4), (2, 3, 4, 4)])
def test_one_head_one_layer_or_all_of_them_come_back_bit_by_bit(shape: tuple[int, ...]) -> None:
    weights = rows(*shape)
    for found in (read(tokens=names(4), weights=weights.tolist()), form(npy(weights), tokens=names(4))):
        assert found.attention.dtype == torch.float32
        assert found.attention.shape == (1,) * (4 - len(shape)) + shape
        assert found.attention.numpy().tobytes() == weights.tobytes()


def test_cross_attention_has_two_lists_of_tokens() -> None:
    found = read(tokens=names(3), key_tokens=names(5), weights=rows(2, 3, 5).tolist())
    assert (found.attention.shape, found.queries is found.keys) == ((1, 2, 3, 5), False)
    assert view(found).shape == (1, 2, 3, 5)
    assert view(found).heads[0].mean_distance is None


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", "int64", "uint8"])
def test_every_kind_of_number_is_read(dtype: str) -> None:
    weights = np.eye(3).astype(dtype)
    assert form(npy(weights), tokens=names(3)).attention.tolist() == [[np.eye(3).tolist()]]


def test_half_precision_may_round_within_the_tolerance() -> None:
    weights = rows(4, 200, 200).astype(np.float16)
    found = form(npy(weights), tokens=names(200))
    assert 0 < view(found).row_error <= 1e-3


def test_an_array_in_fortrans_order_and_one_of_version_2_are_read() -> None:
    weights = rows(2, 3, 3)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, weights, version=(2, 0))
    assert form(npy(np.asfortranarray(weights)), tokens=names(3)).attention.tolist() == [weights.tolist()]
    assert form(buffer.getvalue(), tokens=names(3)).attention.tolist() == [weights.tolist()]


def test_an_npz_brings_weights_or_query_and_key() -> None:
    query, key = (np.random.default_rng(seed).normal(size=(2, 3, 4)) for seed in (0, 1))
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, query=query, key=key, mask=np.tri(3, dtype=bool))
        expected = read(tokens=names(3), query=query.tolist(), key=key.tolist(), causal=True)
        assert form(buffer.getvalue(), tokens=names(3)).attention.tolist() == expected.attention.tolist()


def test_the_tokens_of_a_view_can_be_looked_up_like_those_of_a_text() -> None:
    tokens = read(tokens=["<s>", "a", "b", "</s>"], weights=np.eye(4).tolist()).queries
    assert [word.text for word in words_of(tokens)] == ["<s>", "a", "b", "</s>"]
    assert tokens.special == [True, False, False, True]
    assert [word.members for word in find(tokens, "b")] == [[2]]


# ---- queries and keys


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.1])
def test_queries_and_keys_become_what_torch_makes_of_them(causal: bool, scale: float | None) -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(2, 3, 5, 4, generator=generator) for _ in range(2))
    values = torch.eye(5).expand(2, 3, 5, 5)  # what attention filters out of these is attention itself
    theirs = F.scaled_dot_product_attention(query, key, values, is_causal=causal, scale=scale)
    ours = read(tokens=names(5), query=query.tolist(), key=key.tolist(), causal=causal, scale=scale)
    assert ours.attention.numpy() == pytest.approx(theirs.numpy(), abs=1e-6)
    assert view(ours).causal is causal


def test_a_mask_hides_keys_from_all_or_from_one() -> None:
    two = {"tokens": AB, "query": [[1, 0], [0, 1]], "key": [[1, 0], [0, 1]]}
    assert read(**two, mask=[1, 0]).attention[0, 0].tolist() == [[1, 0], [1, 0]]
    assert read(**two, mask=[[1, 0], [False, True]]).attention[0, 0].tolist() == [[1, 0], [0, 1]]


def test_queries_and_keys_of_two_texts_may_differ_in_number() -> None:
    found = read(tokens=AB, key_tokens=names(3), query=[[1], [2]], key=[[0], [0], [0]])
    assert found.attention[0, 0].numpy() == pytest.approx(1 / 3)


# ---- what it looks like


def test_a_view_has_the_statistics_and_labels_of_every_head() -> None:
    tokens = ["[CLS]", "a", "b", "[SEP]"]
    weights = rows(2, 3, 4, 4)
    weights[1, 2] = np.eye(4, k=-1) + np.eye(4)[0] * np.eye(4)
    found = view(read(tokens=tokens, weights=weights.tolist()))
    first, last = torch.tensor([True, False, False, False]), torch.tensor([False, False, False, True])
    numbers = statistics(torch.tensor(weights), first, last)
    assert [(one.layer, one.head) for one in found.heads] == [(n, m) for n in range(2) for m in range(3)]
    assert found.heads[4].entropy == pytest.approx(float(numbers["entropy"][1, 1]), abs=1e-6)
    assert found.heads[4].shares["separator"] == pytest.approx(float(numbers["sep_share"][1, 1]), abs=1e-6)
    assert (found.heads[5].label, found.heads[5].link) == ("previous", None)
    assert (found.special, found.causal) == ([True, False, False, True], False)


# ---- what is refused


def broken(place: tuple[int | slice, ...], value: float) -> list[Any]:
    weights = rows(3, 2, 6, 6).astype(float)
    weights[place] = value
    whole: list[Any] = weights.tolist()
    return whole


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (broken((2, 0, 5, 1), float("nan")), "weights[2][0][5][1] is nan; every number must be finite"),
        (broken((0, 1, 0, 0), float("inf")), "weights[0][1][0][0] is inf"),
        (broken((0, 1, 0, 0), -0.25), "weights[0][1][0][0] is -0.25; none may be below 0"),
        (broken((2, 0, 5), 0.1), "weights[2][0][5] sums to 0.6; each row must sum to 1 within 0.001"),
        (broken((slice(None), 0), 0.1), "weights[0][0][4] sums to 0.6 and 13 more"),
        (rows(6, 6).T.tolist(), "the columns do, so exchange the last two axes"),
        (rows(5, 5).tolist(), "weights has the shape [5, 5]; its last two axes must be [6, 6]"),
        (rows(6, 7).tolist(), "[6, 7]"),
        (rows(6).tolist(), "shape [6]; it must have 2, 3 or 4 axes"),
        (rows(1, 1, 1, 6, 6).tolist(), "2, 3 or 4 axes"),
        ([], "shape [0]"),
        ([[], []], "none of them empty"),
        ([[0.5, 0.5], [1]], "weights is ragged"),
        ([["0.5", "0.5"], ["1", "0"]], "weights holds text; send numbers alone"),
        ([[None, 1], [1, 0]], "weights holds null; send numbers alone"),
        ([[True, False], [False, True]], "weights holds true and false; send numbers alone"),
        ({"a": 1}, "weights holds something that is no number: {'a': 1}"),
        (0.5, "shape []"),
        ([[10**400, 0], [0, 1]], "weights holds a whole number too large for 64 bits"),
        ([[2**64, 0.5], [0, 1]], "weights holds a whole number too large for 64 bits"),
    ],
)
def test_weights_that_are_none_are_refused_with_the_place(weights: Any, said: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        read(tokens=names(6), weights=weights)
    assert said in refusal.value.detail


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"query": [[1, 0]], "key": [[1], [0]]}, "query has the shape [1, 2]; its last two axes must be [2, 2]"),
        ({"query": [[1, 0], [0, 1]], "key": [[1], [0]]}, "key has the shape [2, 1]; its last two axes must be [2, 2]"),
        ({"query": [[[1], [1]]], "key": [[1], [0]]}, "query has the shape [1, 2, 1] and key [2, 1]"),
        ({"query": [[1e200], [1]], "key": [[1e200], [1]]}, "too large for a number"),
        ({"query": [[1], [float("nan")]], "key": [[1], [1]]}, "query[1][0] is nan"),
        ({"query": [[1], [1]], "key": [[1], [1]], "mask": [[1, 1], [0, 0]]}, "token 1 may look at nothing"),
        ({"query": [[1], [1]], "key": [[1], [1]], "mask": [1, 1, 1]}, "mask has the shape [3]"),
        ({"query": [[1], [1]], "key": [[1], [1]], "mask": [0, -1e9]}, "other than 0 and 1"),
        ({"query": [[1], [1]], "key": [[1], [1]], "mask": [[1, 1], [1]]}, "mask is ragged"),
        ({"query": [[1], [1]], "key": [[1]], "key_tokens": ["x"], "causal": True}, "as many keys as queries"),
    ],
)
def test_queries_keys_and_masks_that_do_not_fit_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        read(tokens=AB, **asked)
    assert said in refusal.value.detail


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tokens": AB}, "send either `weights`, or `query` and `key`"),
        ({"tokens": AB, "weights": EVEN, "query": EVEN}, "send either"),
        ({"tokens": AB, "query": EVEN}, "send both"),
        ({"tokens": AB, "weights": EVEN, "causal": True}, "belong to `query` and `key`"),
        ({"tokens": AB, "query": EVEN, "key": EVEN, "scale": 0}, "greater than 0"),
        ({"tokens": [], "weights": EVEN}, "at least 1"),
        ({"tokens": ["a"] * 1025, "weights": EVEN}, "at most 1024"),
        ({"tokens": ["a", "\ud83d"], "weights": EVEN}, "half a character"),
        ({"tokens": "ab", "weights": EVEN}, "list"),
        ({"tokens": AB, "weights": EVEN, "colour": 1}, "Extra inputs"),
    ],
)
def test_a_request_that_means_nothing_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ViewsRequest.model_validate(asked)


def test_more_numbers_than_the_limit_are_refused_before_they_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_CELLS", 100)
    query = np.ones((2, 10, 3)).tolist()
    with pytest.raises(Unprocessable, match="the attention has 200 numbers; the limit is 100"):
        read(tokens=names(10), query=query, key=query)


def test_more_heads_than_the_limit_are_refused_before_they_are_described() -> None:
    heads = np.ones((33, 64, 1, 1), np.float32)  # 2112
    with pytest.raises(Unprocessable, match="weights has 2,112 heads in all its layers; the limit is 2,048"):
        form(npy(heads), tokens=["a"])
    with pytest.raises(Unprocessable, match="query has 2,112 heads"):
        read(tokens=["a"], query=heads.tolist(), key=heads.tolist())
    assert form(npy(heads[:32]), tokens=["a"]).attention.shape == (32, 64, 1, 1)


def test_a_form_says_which_field_is_wrong() -> None:
    with pytest.raises(Unprocessable, match="tokens is not JSON"):
        asked_by_form(npy(np.eye(2)), {"tokens": "a b"})
    with pytest.raises(Unprocessable, match="colour: unknown field"):
        form(npy(np.eye(2)), tokens=AB, colour=1)
    with pytest.raises(Unprocessable, match="weights is in the file and in the form"):
        form(npy(np.eye(2)), tokens=AB, weights=EVEN)
    with pytest.raises(Unprocessable, match="tokens"):
        form(npy(np.eye(2)))
