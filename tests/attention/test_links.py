"""Heads that link two words, on attention made by hand."""

from typing import Any

import numpy as np
import pytest
import torch

from services.attention.links import links, ranked
from services.attention.models import Look
from services.attention.schemas.heads import HeadsRequest
from tests.attention.sentences import bert


def asked(**fields: Any) -> HeadsRequest:
    return HeadsRequest.model_validate({"text": "a b a"} | fields)


# Of [CLS] a b a [SEP]; the first token has no previous one and the last no next, so they look at themselves.
PREVIOUS, NEXT = torch.eye(5)[[0, 0, 1, 2, 3]], torch.eye(5)[[1, 2, 3, 4, 4]]
FOUR_HEADS = torch.stack([PREVIOUS, NEXT, torch.eye(5), torch.full((5, 5), 0.2)]).reshape(2, 2, 5, 5)


def test_heads_are_ranked_by_how_strongly_they_link_two_words() -> None:
    tokens = bert("a b a")
    found = ranked(asked(**{"from": "A", "to": "b"}), "made", Look(tokens, tokens, FOUR_HEADS))
    assert [place.tokens for place in found.looking] == [[1], [3]]
    assert [place.tokens for place in found.looked_at] == [[2]]
    # previous: the second a looks at b; next: the first one does; broad: 1 / 5; self: none does
    assert [(one.layer, one.head, one.link) for one in found.items][2:] == [(1, 1, 0.2), (1, 0, 0)]
    assert [one.link for one in found.items[:2]] == [0.5, 0.5]
    assert found.uniform == 0.2


def test_a_link_is_the_sum_over_the_words_looked_at_and_the_mean_over_those_that_look() -> None:
    attention = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0)).softmax(-1)
    found = links(attention, [1, 3], [0, 2, 4])
    for layer, head in np.ndindex(2, 3):
        rows = [sum(float(attention[layer, head, i, j]) for j in (0, 2, 4)) for i in (1, 3)]
        assert float(found[layer, head]) == pytest.approx(sum(rows) / 2)


def test_without_words_the_clearest_label_comes_first_and_mixed_last() -> None:
    tokens = bert("a b a")
    heads = FOUR_HEADS.clone()
    heads[0, 0] = (PREVIOUS + NEXT + torch.eye(5)) / 3
    found = ranked(asked(limit=3, offset=1), "made", Look(tokens, tokens, heads))
    everything = ranked(asked(), "made", Look(tokens, tokens, heads))
    assert found.items == everything.items[1:4]
    assert (found.total, found.limit, found.offset, found.uniform) == (4, 3, 1, None)
    assert [one.label for one in everything.items][-1] == "mixed"
    assert all(one.link is None for one in everything.items)


def test_tokens_can_be_named_by_number() -> None:
    tokens = bert("a b a")
    found = ranked(asked(**{"from": 3, "to": 2}), "made", Look(tokens, tokens, FOUR_HEADS))
    assert (found.items[0].layer, found.items[0].head, found.items[0].link) == (0, 0, 1)


def test_a_link_that_no_head_can_have_is_doubted() -> None:
    tokens = bert("a b a")
    causal = (torch.ones(5, 5).tril() / torch.arange(1, 6)[:, None]).expand(2, 2, 5, 5)
    found = ranked(asked(**{"from": "b", "to": 3}), "made", Look(tokens, tokens, causal))
    assert "decoder" in found.warnings[0]
    assert ranked(asked(**{"from": 3, "to": "b"}), "made", Look(tokens, tokens, causal)).warnings == []


def test_doubts_about_the_texts_come_before_those_about_the_heads() -> None:
    tokens = bert("a b a")
    look = Look(tokens, tokens, torch.eye(5).expand(1, 1, 5, 5))
    found = ranked(asked(**{"from": "b", "to": 3}), "made", look, warnings=["unknown words"])
    assert found.warnings[0] == "unknown words"
    assert "no head links them" in found.warnings[1]


def test_between_two_texts_the_word_that_looks_is_of_the_pair_and_the_one_looked_at_of_the_text() -> None:
    text, pair = bert("the train left"), bert("le train")
    attention = torch.rand(1, 2, 4, 5, generator=torch.Generator().manual_seed(0)).softmax(-1)
    found = ranked(asked(**{"from": "le", "to": "left", "part": "cross"}), "made", Look(pair, text, attention))
    assert ([place.tokens for place in found.looking], [place.tokens for place in found.looked_at]) == ([[1]], [[3]])
    best = found.items[0]
    assert best.link == pytest.approx(float(attention[0, :, 1, 3].max()), abs=1e-6)
    assert (found.tokens, found.key_tokens, found.uniform) == (pair.tokens, text.tokens, 1 / 5)


def test_a_link_that_rounding_lifts_over_1_is_1() -> None:
    assert links(torch.full((1, 1, 3, 3), 0.33333337), [0], [0, 1, 2]).tolist() == [[1]]


@pytest.mark.parametrize("half", [{"from": "a"}, {"to": "a"}])
def test_half_a_link_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a link needs two ends"):
        asked(**half)
