"""Sentences cut into tokens as BERT does it, so small that a test can be checked by hand."""

from typing import Any

from services.attention.features import Tokens, cut_into_words


def bert(text: str, pair: str | None = None) -> Tokens:
    """[CLS] text [SEP], or [CLS] text [SEP] pair [SEP]; every word is one token."""
    cut = cut_into_words(1000, text, pair)
    ordinary = list(zip(cut.tokens, cut.ids, cut.offsets, cut.words, cut.segments, cut.special, strict=True))
    rows: list[Any] = [("[CLS]", 1, (0, 0), None, 0, True)]
    for segment in range(len(cut.texts)):
        rows += [row for row in ordinary if row[4] == segment]
        rows += [("[SEP]", 2, (0, 0), None, segment, True)]
    tokens, ids, offsets, words, segments, special = (list(column) for column in zip(*rows, strict=True))
    return Tokens(tokens, ids, offsets, words, segments, special, cut.texts)
