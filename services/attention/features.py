"""Text to tokens, and tokens to the tensors that the encoder reads."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from pathlib import Path
from zlib import crc32

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

UNKNOWN = ("[UNK]", "<unk>")  # what BERT's and SentencePiece's vocabularies call a piece they do not have
BLANK = "▁"  # SentencePiece's blank; alone it is a token that covers no character of the text
WORD = re.compile(r"\w+|[^\w\s]")  # a word, or one punctuation mark


@dataclass(frozen=True)
class Tokens:
    """A text, or a pair of texts, cut into tokens; every list has one entry a token."""

    tokens: list[str]
    ids: list[int]
    offsets: list[tuple[int, int]]  # characters of the token's own text, end excluded; (0, 0) for special tokens
    words: list[int | None]  # which word of its own text the token belongs to; None for special tokens
    segments: list[int]  # 0 in the text, 1 in its pair
    special: list[bool]  # added by the model: [CLS], [SEP]
    texts: tuple[str, ...]  # the text, or the text and its pair: what the offsets point into
    types: list[int] = field(default_factory=list)  # BERT's token types, which XLM-R does not use; none is all 0

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True)
class Word:
    """A word of a text (in Korean an eojeol), or a special token by itself."""

    text: str
    segment: int
    members: list[int]  # the tokens it is made of


@dataclass(frozen=True)
class Batch:
    """Sentences side by side, the shorter ones padded."""

    ids: Tensor  # (B, T)
    types: Tensor  # (B, T)
    real: Tensor  # (B, T), false at padding


Tokenise = Callable[[str, str | None], Tokens]


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, whole sentences only: such a file may ask to cut or pad to 128 tokens."""
    return whole_sentences(Tokenizer.from_file(str(path)))


def whole_sentences(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, cutting off nothing, filling up nothing, and reading marks in a text as text."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text: a mark that the model sets is another thing.
    return tokenizer


def tokenise(tokenizer: Tokenizer, text: str, pair: str | None = None) -> Tokens:
    cut = tokenizer.encode(text, pair)
    # By their numbers: a SentencePiece vocabulary would show a piece that it does not have as if it had it.
    tokens = [tokenizer.id_to_token(number) or piece for number, piece in zip(cut.ids, cut.tokens, strict=True)]
    offsets = [
        (start, start) if token == BLANK else (start, end)
        for token, (start, end) in zip(tokens, cut.offsets, strict=True)
    ]
    special = [bool(mark) for mark in cut.special_tokens_mask]
    # A special token belongs to the text before it: [CLS] a [SEP] b [SEP] is 0 0 0 1 1.
    segments = list(accumulate((sequence or 0 for sequence in cut.sequence_ids), max))
    texts = texts_of(text, pair)
    return Tokens(tokens, cut.ids, offsets, cut.word_ids, segments, special, texts, cut.type_ids)


def texts_of(text: str, pair: str | None) -> tuple[str, ...]:
    return (text,) if pair is None else (text, pair)


def cut_into_words(vocabulary: int, text: str, pair: str | None = None) -> Tokens:
    """The toy's tokens: lower-case words and punctuation marks, numbered by a hash, so that no word is unknown.

    id = crc32(word) modulo the size of the vocabulary (Weinberger et al. 2009, "Feature Hashing"); two words in
    10,000 may share a number. There are no special tokens.
    """
    texts = texts_of(text, pair)
    found = [(part, word, match) for part, one in enumerate(texts) for word, match in enumerate(WORD.finditer(one))]
    tokens = [match.group().lower() for _, _, match in found]
    return Tokens(
        tokens=tokens,
        ids=[crc32(token.encode()) % vocabulary for token in tokens],
        offsets=[match.span() for _, _, match in found],
        words=[word for _, word, _ in found],
        segments=[part for part, _, _ in found],
        special=[False] * len(found),
        texts=texts,
    )


def words_of(tokens: Tokens) -> list[Word]:
    """The words that the tokens make up, in their order; each special token is one of its own."""

    def belongs(place: int) -> tuple[int, int | None, int]:
        word = tokens.words[place]
        return tokens.segments[place], word, place if word is None else -1

    groups = [list(members) for _, members in groupby(range(len(tokens)), belongs)]
    return [Word(word_text(tokens, members), tokens.segments[members[0]], members) for members in groups]


def word_text(tokens: Tokens, members: list[int]) -> str:
    first, last = members[0], members[-1]
    if tokens.special[first]:
        return tokens.tokens[first]
    return tokens.texts[tokens.segments[first]][tokens.offsets[first][0] : tokens.offsets[last][1]].strip()


def merged(tokens: Tokens) -> Tokens:
    """One entry a word instead of one a token; a word has no number in the vocabulary."""
    words = words_of(tokens)
    first, last = [word.members[0] for word in words], [word.members[-1] for word in words]
    return Tokens(
        tokens=[word.text for word in words],
        ids=[],
        offsets=[(tokens.offsets[a][0], tokens.offsets[b][1]) for a, b in zip(first, last, strict=True)],
        words=[tokens.words[place] for place in first],
        segments=[word.segment for word in words],
        special=[tokens.special[place] for place in first],
        texts=tokens.texts,
    )


def visible(tokens: Tokens, segment: int) -> bool:
    """Whether a token of this text covers a character of it; some characters are nothing to a tokenizer."""
    rows = zip(tokens.segments, tokens.special, tokens.offsets, strict=True)
    return any(here == segment and not special and start < end for here, special, (start, end) in rows)


def unknown_words(tokens: Tokens) -> list[str]:
    """The pieces of the text that the vocabulary does not have, in their order."""
    rows = zip(tokens.tokens, tokens.offsets, tokens.segments, strict=True)
    return [tokens.texts[segment][start:end] for token, (start, end), segment in rows if token in UNKNOWN]


def has_hangul(text: str) -> bool:
    """Syllables (U+AC00 to U+D7A3) or the letters they are made of (U+1100 to U+11FF, U+3131 to U+318E)."""
    return any("\uac00" <= c <= "\ud7a3" or "\u1100" <= c <= "\u11ff" or "\u3131" <= c <= "\u318e" for c in text)


def batch(sentences: Sequence[Tokens], device: str = "cpu") -> Batch:
    ids = pad_sequence([torch.tensor(s.ids) for s in sentences], batch_first=True)  # (B, T)
    types = [torch.tensor(s.types or [0] * len(s)) for s in sentences]
    real = pad_sequence([torch.ones(len(s), dtype=torch.bool) for s in sentences], batch_first=True)  # (B, T)
    return Batch(ids.to(device), pad_sequence(types, batch_first=True).to(device), real.to(device))
