"""Text to tokens, and tokens to the tensors that the encoder reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class Tokens:
    """A text, or a pair of texts, cut into tokens; every list has one entry a token."""

    tokens: list[str]
    ids: list[int]
    offsets: list[tuple[int, int]]  # characters of the token's own text, end excluded; (0, 0) for special tokens
    words: list[int | None]  # which word of its own text the token belongs to; None for special tokens
    segments: list[int]  # 0 in the text, 1 in its pair
    special: list[bool]  # added by the model: [CLS], [SEP]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Batch:
    """Sentences side by side, the shorter ones padded."""

    ids: Tensor  # (B, T)
    segments: Tensor  # (B, T)
    real: Tensor  # (B, T), false at padding


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, whole sentences only: such a file may ask to cut or pad to 128 tokens."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def tokenise(tokenizer: Tokenizer, text: str, pair: str | None = None) -> Tokens:
    cut = tokenizer.encode(text, pair)
    special = [bool(mark) for mark in cut.special_tokens_mask]
    return Tokens(cut.tokens, cut.ids, cut.offsets, cut.word_ids, cut.type_ids, special)


def unknown_words(tokens: Tokens, unknown: str, text: str, pair: str | None = None) -> list[str]:
    """The pieces of the text that the vocabulary does not have, in their order."""
    halves = (text, pair or "")
    rows = zip(tokens.tokens, tokens.offsets, tokens.segments, strict=True)
    return [halves[segment][start:end] for token, (start, end), segment in rows if token == unknown]


def has_hangul(text: str) -> bool:
    """Syllables (U+AC00 to U+D7A3) or the letters they are made of (U+1100 to U+11FF, U+3131 to U+318E)."""
    return any("\uac00" <= c <= "\ud7a3" or "\u1100" <= c <= "\u11ff" or "\u3131" <= c <= "\u318e" for c in text)


def batch(sentences: Sequence[Tokens], device: str = "cpu") -> Batch:
    ids = pad_sequence([torch.tensor(s.ids) for s in sentences], batch_first=True)  # (B, T)
    segments = pad_sequence([torch.tensor(s.segments) for s in sentences], batch_first=True)  # (B, T)
    real = pad_sequence([torch.ones(len(s), dtype=torch.bool) for s in sentences], batch_first=True)  # (B, T)
    return Batch(ids.to(device), segments.to(device), real.to(device))
