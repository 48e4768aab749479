"""Out of one pass: the layers and heads asked for, words instead of tokens, thumbnails of everything, and doubts."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from services.attention.features import UNKNOWN, Tokens, has_hangul, merged, unknown_words, words_of
from services.attention.models import Look
from services.attention.schemas.common import ModelInfo
from shared.problems import Unprocessable

SHOWN = 5  # unknown words that a warning names
REST = 0.5  # share of the weight on special tokens from which a warning says why


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


def thumbnails(attention: Tensor, side: int) -> Tensor:
    """(L, H, rows, columns), at most `side` each: the largest weight of each tile, so that no thin line is lost."""
    return F.adaptive_max_pool2d(attention, tuple(min(side, count) for count in attention.shape[2:]))


def doubts(info: ModelInfo, tokens: Tokens, attention: Tensor) -> list[str]:
    """What makes the maps of these tokens (L, H, Tq, Tk) less trustworthy than they look."""
    return [*unknown(info, tokens), *strange_language(info, tokens), *resting(tokens, attention)]


def unknown(info: ModelInfo, tokens: Tokens) -> list[str]:
    pieces = unknown_words(tokens)
    if not pieces:
        return []
    few = ", ".join(repr(word[:20]) for word in pieces[:SHOWN])
    name = next(token for token in tokens.tokens if token in UNKNOWN)
    return [f"{len(pieces)} of {len(tokens)} tokens are {name}, unknown to {info.name}: {few}"]


def strange_language(info: ModelInfo, tokens: Tokens) -> list[str]:
    if {"ko", "und"} & set(info.languages) or not has_hangul("".join(tokens.texts)):
        return []
    known = ", ".join(info.languages)
    return [f"{info.name} was not trained on Korean (languages: {known}): maps of Hangul mean little; see e5"]


def resting(tokens: Tokens, attention: Tensor) -> list[str]:
    special = torch.tensor(tokens.special, device=attention.device)
    if not special.any() or attention.shape[-1] != len(tokens):
        return []
    share = float(attention[..., special].sum(-1).mean())
    if share <= REST:
        return []
    names = " and ".join(
        dict.fromkeys(token for token, mark in zip(tokens.tokens, tokens.special, strict=True) if mark)
    )
    return [
        f"{share:.0%} of this weight lies on {names}: a head that finds little to look for rests there "
        "(Clark et al. 2019, section 3.2); it says little about the words"
    ]
