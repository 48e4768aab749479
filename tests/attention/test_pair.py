"""The cosine of two sentences as a sum over their tokens."""

import pytest
import torch
from torch import Tensor

from services.attention.features import Tokens
from services.attention.models import Look
from services.attention.pair import contributions, cosine, explain
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.pair import Pair
from tests.attention.sentences import bert


def info(prefix: str = "") -> ModelInfo:
    sizes = {"layers": 1, "heads": 1, "d_model": 384, "d_k": 384, "max_tokens": 512}
    return ModelInfo(name="made", kind="encoder", languages=["en"], prefix=prefix, steps=False, default=False, **sizes)


def look(tokens: Tokens, hidden: Tensor) -> Look:
    return Look(tokens, tokens, torch.eye(len(tokens))[None, None], hidden[None])


def vectors(tokens: int, width: int, seed: int) -> Tensor:
    return torch.randn(tokens, width, generator=torch.Generator().manual_seed(seed)) + 0.3


def explained(n: int, m: int) -> Pair:
    a, b = bert("word " * (n - 2)), bert("other " * (m - 2))
    return explain(info(), look(a, vectors(n, 384, 1)), look(b, vectors(m, 384, 2)))


def test_two_by_one_tokens_by_hand() -> None:
    a, b = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[2.0, 0.0]])
    # e_a = (1/2, 1/2), e_b = (2, 0): M = [[2], [0]] / (2 x 1 x sqrt(1/2) x 2)
    assert contributions(a, b).flatten().tolist() == pytest.approx([0.5**0.5, 0])
    assert cosine(a, b) == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (9, 8), (40, 7), (512, 512)])
def test_the_matrix_as_it_is_sent_sums_to_the_cosine(n: int, m: int) -> None:
    found = explained(n, m)
    mean_a, mean_b = (v.double().mean(0).numpy() for v in (vectors(n, 384, 1), vectors(m, 384, 2)))
    theirs = mean_a @ mean_b / ((mean_a @ mean_a) ** 0.5 * (mean_b @ mean_b) ** 0.5)  # numpy's opinion
    assert found.cosine == pytest.approx(theirs, abs=1e-12)
    assert found.error <= 1e-6
    assert abs(float(found.matrix.astype("float64").sum()) - theirs) <= 1e-6


def test_the_shares_of_the_tokens_are_the_sums_of_rows_and_columns() -> None:
    found = explained(5, 4)
    assert found.a.shares == pytest.approx(found.matrix.sum(1), abs=1e-6)
    assert found.b.shares == pytest.approx(found.matrix.sum(0), abs=1e-6)


def test_the_strongest_pairs_come_first_and_with_their_words() -> None:
    a, b = bert("red house"), bert("green house by me")
    hidden_a, hidden_b = vectors(4, 8, 1), vectors(6, 8, 2)
    hidden_a[2], hidden_b[2] = 9 * torch.ones(8), 9 * torch.ones(8)
    found = explain(info(), look(a, hidden_a), look(b, hidden_b))
    best, amounts = found.strongest[0], [link.contribution for link in found.strongest]
    assert (best.a, best.b, best.word_a, best.word_b) == (2, 2, "house", "house")
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) == 2 * 4  # of the words, special tokens apart
    assert sum(amounts) == pytest.approx(found.between_words, abs=1e-9)
    assert found.between_words == pytest.approx(float(found.matrix[1:3, 1:5].sum()), abs=1e-6)


def test_a_word_without_end_is_shortened_among_the_strongest() -> None:
    found = explain(info(), look(bert("x" * 500), vectors(3, 4, 1)), look(bert("y" * 40), vectors(3, 4, 2)))
    [only] = found.strongest
    assert (only.word_a, only.word_b) == ("x" * 39 + "…", "y" * 40)


def test_at_most_ten_pairs_are_named_and_none_with_the_prefix() -> None:
    tokens = bert("query: a b c d")
    found = explain(info("query: "), look(tokens, vectors(8, 4, 1)), look(tokens, vectors(8, 4, 2)))
    assert len(found.strongest) == 10
    assert {link.word_a for link in found.strongest} <= set("abcd")
    assert found.between_words == pytest.approx(float(found.matrix[3:7, 3:7].sum()), abs=1e-6)


def test_a_sentence_and_itself_have_the_cosine_one() -> None:
    hidden = vectors(5, 8, 0)
    found = explain(info("query: "), look(bert("a b c"), hidden), look(bert("a b c"), hidden))
    assert found.cosine == pytest.approx(1)
    assert all(cosine(v, v) <= 1 for v in (vectors(5, 8, seed) for seed in range(50)))
    assert (found.matrix == found.matrix.T).all()
    assert found.prefix == "query: "


def test_vectors_that_point_away_from_each_other_take_away() -> None:
    hidden = vectors(4, 8, 0)
    found = explain(info(), look(bert("a b"), hidden), look(bert("a b"), -hidden))
    assert found.cosine == pytest.approx(-1)
    assert found.matrix.sum() == pytest.approx(-1, abs=1e-6)


def test_hangul_in_an_english_model_is_doubted() -> None:
    found = explain(info(), look(bert("기차 역"), vectors(4, 8, 1)), look(bert("a b"), vectors(4, 8, 2)))
    assert "Korean" in found.warnings[0]
