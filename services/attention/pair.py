"""Why two sentences are similar: their cosine as a sum over pairs of tokens."""

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from services.attention import doubts
from services.attention.features import Tokens, words_of
from services.attention.models import Look
from services.attention.schemas.common import ModelInfo
from services.attention.schemas.pair import Pair, PairLink, PairSide

STRONGEST = 10
LONGEST_WORD = 40  # characters of a word of `strongest`
# On the wire. A cell rounded to 1e-10 and to float32 keeps the sum of 512 x 512 cells within 1e-6.
DECIMALS = 10


def cosine(a: Tensor, b: Tensor) -> float:
    """Of two sentences, each the mean of its tokens' vectors (n, D) and (m, D)."""
    return float(F.cosine_similarity(a.double().mean(0), b.double().mean(0), dim=0).clamp(-1, 1))


def contributions(a: Tensor, b: Tensor) -> Tensor:
    """(n, m) M_ij = h_i . h_j / (n m |e_a| |e_b|), in float64; the sum over i and j is the cosine.

    Of e_a = mean_i h_i and e_b = mean_j h_j: e_a . e_b = sum_ij h_i . h_j / (n m), because the dot product is linear in
    both. No approximation is made, so there is no rest to explain away.
    """
    a, b = a.double(), b.double()  # (n, D), (m, D)
    size: Tensor = len(a) * len(b) * a.mean(0).norm() * b.mean(0).norm()
    return (a @ b.T) / size


def explain(info: ModelInfo, a: Look, b: Look) -> Pair:
    """Of two looks that have their hidden states; the tokens of `info.prefix` begin each."""
    assert a.hidden is not None, "hidden states were asked for"
    assert b.hidden is not None, "hidden states were asked for"
    exact = contributions(a.hidden[-1], b.hidden[-1]).cpu().numpy()  # (n, m)
    matrix = exact.round(DECIMALS).astype(np.float32)  # (n, m), what is sent and what `error` speaks of
    whole = cosine(a.hidden[-1], b.hidden[-1])
    rows, columns = own(a.queries, info.prefix), own(b.queries, info.prefix)
    return Pair(
        model=info.name,
        prefix=info.prefix,
        cosine=whole,
        error=abs(float(matrix.sum(dtype=np.float64)) - whole),
        a=side(a.queries, exact.sum(1)),
        b=side(b.queries, exact.sum(0)),
        matrix=matrix,
        between_words=float(exact[np.ix_(rows, columns)].sum()),
        strongest=strongest(a.queries, b.queries, exact, best(exact, rows, columns)),
        warnings=doubts.of_texts(info, a.queries, b.queries),
    )


def side(tokens: Tokens, shares: np.ndarray) -> PairSide:
    return PairSide(
        text=tokens.texts[0], tokens=tokens.tokens, offsets=tokens.offsets, special=tokens.special, shares=shares
    )


def own(tokens: Tokens, prefix: str) -> list[int]:
    """The tokens that the sentence itself brought: neither special ones nor those of the prefix."""
    ends = [end for _, end in tokens.offsets]
    return [place for place, end in enumerate(ends) if not tokens.special[place] and end > len(prefix)]


def strongest(a: Tokens, b: Tokens, matrix: np.ndarray, places: list[tuple[int, int]]) -> list[PairLink]:
    words_a, words_b = word_of_each(a), word_of_each(b)
    return [
        PairLink(a=i, b=j, word_a=words_a[i], word_b=words_b[j], contribution=float(matrix[i, j].round(DECIMALS)))
        for i, j in places
    ]


def best(matrix: np.ndarray, rows: list[int], columns: list[int]) -> list[tuple[int, int]]:
    """Where the largest of these rows and columns stand, the largest first."""
    order = np.argsort(-matrix[np.ix_(rows, columns)], axis=None, kind="stable")[:STRONGEST]
    return [(rows[place // len(columns)], columns[place % len(columns)]) for place in order.tolist()]


def word_of_each(tokens: Tokens) -> list[str]:
    """The word that each token belongs to; a special token is its own."""
    return [shortened(word.text) for word in words_of(tokens) for _ in word.members]


def shortened(word: str) -> str:
    return word if len(word) <= LONGEST_WORD else word[: LONGEST_WORD - 1] + "…"
