"""Which layers and heads of a pass, and its tokens joined into words."""

from collections.abc import Sequence

import torch
from torch import Tensor

from services.attention.features import Tokens, merged, words_of
from services.attention.models import Look
from shared.problems import Unprocessable


def chosen(wanted: Sequence[int] | None, count: int, what: str, name: str) -> list[int]:
    """The numbers wanted, all when none are named; a problem when one is out of range."""
    numbers = list(range(count) if wanted is None else wanted)
    if outside := [number for number in numbers if not 0 <= number < count]:
        raise Unprocessable(f"no {what} {outside[0]}: the {what}s of {name} are 0 to {count - 1}")
    return numbers


def picked(attention: Tensor, layers: list[int], heads: list[int]) -> Tensor:
    """(L, H, Tq, Tk) of these layers and heads; nothing is copied when they are all."""
    every = [list(range(count)) for count in attention.shape[:2]]
    return attention if [layers, heads] == every else attention[layers][:, heads]


def by_words(look: Look) -> Look:
    """One row and one column a word: the weights on its tokens added, the rows of its tokens averaged.

    Clark et al. 2019, "What Does BERT Look At?", section 4.1. Rows still sum to 1.
    """
    from_words, to_words = membership(look.queries), membership(look.keys)  # (words, tokens)
    rows = from_words / from_words.sum(1, keepdim=True)
    attention = rows.to(look.attention) @ look.attention @ to_words.T.to(look.attention)  # (L, H, Wq, Wk)
    queries = merged(look.queries)
    return Look(queries, queries if look.keys is look.queries else merged(look.keys), attention)


def membership(tokens: Tokens) -> Tensor:
    """(words, tokens): 1 where the token is a part of the word."""
    words = words_of(tokens)
    part = torch.zeros(len(words), len(tokens))
    for place, word in enumerate(words):
        part[place, word.members] = 1
    return part
