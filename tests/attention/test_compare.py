"""The signed difference of two sentences, and of two models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from services.attention import compare as module
from services.attention.compare import Side, align, compare, same_depth
from services.attention.features import Tokens, cut_into_words
from services.attention.models import Look
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.compare import CompareRequest, Comparison
from shared.problems import Unprocessable
from tests.attention.sentences import bert


def attention(tokens: int, layers: int = 2, heads: int = 3, seed: int = 0) -> Tensor:
    scores = 2 * torch.randn(layers, heads, tokens, tokens, generator=torch.Generator().manual_seed(seed))
    return scores.softmax(-1)


def info(name: str) -> ModelInfo:
    sizes = {"layers": 2, "heads": 3, "d_model": 6, "d_k": 2, "max_tokens": 512}
    return ModelInfo(name=name, kind="encoder", languages=["en"], prefix="", steps=True, default=False, **sizes)


def side(tokens: Tokens, model: str = "made", **how: int) -> Side:
    return Side(info(model), Look(tokens, tokens, attention(len(tokens), **how)))


def asked(**fields: Any) -> CompareRequest:
    return CompareRequest.model_validate({"a": "a", "b": "b"} | fields)


def compared(a: Side, b: Side, **fields: Any) -> Comparison:
    return compare(asked(**fields), a, b)


def test_a_changed_and_an_added_word_are_left_out_of_the_alignment() -> None:
    a, b = bert("the train left on time"), bert("The bus left on time today")
    assert align(a, b, words=False).tolist() == [[0, 0], [1, 1], [3, 3], [4, 4], [5, 5], [6, 7]]
    found = compared(side(a), side(b, seed=1))
    assert [a.tokens[n] for n in found.a.only_here] == ["train"]
    assert [b.tokens[n] for n in found.b.only_here] == ["bus", "today"]


def test_the_difference_is_a_minus_b_on_the_aligned_rows_and_columns() -> None:
    a, b = side(bert("a b c")), side(bert("a c"), seed=1)
    found = compared(a, b)
    assert found.difference.shape == (2, 3, 4, 4)
    for i, j in np.ndindex(4, 4):
        (row_a, row_b), (column_a, column_b) = found.alignment[i], found.alignment[j]
        expected = float(a.look.attention[1, 2, row_a, column_a] - b.look.attention[1, 2, row_b, column_b])
        assert found.difference[1, 2, i, j] == pytest.approx(expected)


def test_a_row_of_the_difference_sums_to_the_weight_on_unaligned_tokens() -> None:
    found = compared(side(bert("a b c d")), side(bert("a x c"), seed=1))
    rows = found.difference.sum(-1).mean(-1)  # (layers, heads)
    assert rows == pytest.approx(found.b.unaligned - found.a.unaligned, abs=1e-6)
    assert (found.a.unaligned > 0).all()


def test_the_same_sentence_differs_in_nothing() -> None:
    a = side(bert("a b"))
    found = compared(a, a)
    assert not found.difference.any()
    assert not found.a.unaligned.any()
    assert {one.change for one in found.changed} == {0}


def test_layers_and_heads_come_as_asked_and_are_ranked_by_their_change() -> None:
    a = side(bert("a b"), layers=4)
    b = Side(info("made"), Look(a.look.queries, a.look.keys, a.look.attention.clone()))
    b.look.attention[3, 1] = torch.eye(4)
    found = compared(a, b, layers=[3, 0], heads=[2, 1])
    assert (found.layers, found.heads, found.difference.shape) == ([(3, 3), (0, 0)], [2, 1], (2, 2, 4, 4))
    best = found.changed[0]
    assert (best.layer, best.head) == (3, 1)
    assert best.change == pytest.approx(float((a.look.attention[3, 1] - torch.eye(4)).abs().mean()), abs=1e-6)
    assert [one.change for one in found.changed[1:]] == [0, 0, 0]


def test_at_most_ten_heads_are_named() -> None:
    assert len(compared(side(bert("a b"), layers=4), side(bert("a b"), layers=4, seed=1)).changed) == 10


def test_two_models_are_aligned_by_words_and_special_tokens_by_what_they_are_for() -> None:
    a = bert("play games now")
    pieces = Tokens(
        tokens=["<s>", "▁Play", "▁game", "s", "▁now!", "</s>"],
        ids=[0] * 6,
        offsets=[(0, 0), (0, 4), (5, 9), (9, 10), (11, 15), (0, 0)],
        words=[None, 0, 1, 1, 2, None],
        segments=[0] * 6,
        special=[True, False, False, False, False, True],
        texts=("Play games now!",),
    )
    found = compared(side(a, "one"), side(pieces, "two", seed=1))
    assert (found.unit, found.b.tokens) == ("word", ["<s>", "Play", "games", "now!", "</s>"])
    assert found.alignment.tolist() == [[n, n] for n in range(5)]
    assert found.difference.sum(-1) == pytest.approx(0, abs=1e-6)


def test_models_of_different_shapes_are_compared_at_the_same_depth_with_their_heads_averaged() -> None:
    a, b = side(bert("a b"), "one", layers=3, heads=2), side(bert("a b"), "two", layers=5, heads=4, seed=1)
    found = compared(a, b)
    assert (found.layers, found.heads) == ([(0, 0), (1, 2), (2, 4)], None)
    expected = a.look.attention[1].mean(0) - b.look.attention[2].mean(0)
    assert found.difference[1, 0] == pytest.approx(expected.numpy(), abs=1e-6)
    assert {one.head for one in found.changed} == {None}


def test_two_models_of_one_shape_have_their_heads_averaged_too() -> None:
    a, b = side(bert("a b"), "one"), side(bert("a b"), "two", seed=1)
    found = compared(a, b)
    assert (found.layers, found.heads) == ([(0, 0), (1, 1)], None)
    expected = a.look.attention.mean(1, keepdim=True) - b.look.attention.mean(1, keepdim=True)
    assert found.difference == pytest.approx(expected.numpy(), abs=1e-6)
    with pytest.raises(Unprocessable, match="one and two are two models: no head of one is a head of the other"):
        compared(a, b, heads=[0])


def test_what_either_model_cannot_have_understood_is_said_once() -> None:
    train = side(bert("기차 a"))
    assert [doubt.split(" was ")[0] for doubt in compared(train, train).warnings] == ["made"]
    two = compared(side(bert("기차 a"), "one"), side(bert("기차 a"), "two")).warnings
    assert [doubt.split(" was ")[0] for doubt in two] == ["one", "two"]
    assert compared(side(bert("a")), side(bert("a"))).warnings == []


@pytest.mark.parametrize(("ours", "theirs", "pairs"), [(6, 12, [0, 2, 4, 7, 9, 11]), (1, 6, [5]), (2, 1, [0, 0])])
def test_the_first_layer_meets_the_first_and_the_last_the_last(ours: int, theirs: int, pairs: list[int]) -> None:
    assert [same_depth(layer, ours, theirs) for layer in range(ours)] == pairs


@pytest.mark.parametrize("b", ["x y", "기차가 역을"])
def test_sentences_without_a_common_word_are_refused(b: str) -> None:
    with pytest.raises(Unprocessable, match="nothing aligned"):
        compared(side(bert("a b")), side(bert(b)))


def test_a_piece_of_a_word_is_not_the_same_letters_as_a_word() -> None:
    a, b = bert("a thrones"), bert("a thrones")
    pieces = replace(a, tokens=["[CLS]", "a", "##s", "[SEP]"]), replace(b, tokens=["[CLS]", "a", "s", "[SEP]"])
    assert align(*pieces, words=False).tolist() == [[0, 0], [1, 1], [3, 3]]


def test_tokens_without_any_special_one_are_aligned_too() -> None:
    a, b = cut_into_words(100, "a b"), cut_into_words(100, "b a")
    assert align(a, b, words=False).tolist() == [[0, 1]]


def test_a_layer_or_head_that_is_not_there_is_refused() -> None:
    a = side(bert("a b"))
    with pytest.raises(Unprocessable, match="no layer 2: the layers of made are 0 to 1"):
        compared(a, a, layers=[2])
    with pytest.raises(Unprocessable, match="no head -1: the heads of made are 0 to 2"):
        compared(a, a, heads=[-1])


def test_a_difference_too_large_to_send_says_how_many_heads_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CELLS", 50)
    a = side(bert("a b"))
    with pytest.raises(Unprocessable, match=r"96 numbers, the limit is 50: .* 3 heads at most"):
        compared(a, a)
    assert compared(a, a, layers=[0]).difference.shape == (1, 3, 4, 4)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        asked(b=None)
    assert asked(b=None, model_b="e5").b is None
