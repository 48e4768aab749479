"""Text to tokens to tensors."""

import pytest
import torch
from tokenizers import Tokenizer

from services.attention.features import batch, has_hangul, load_tokenizer, tokenise, unknown_words
from services.attention.settings import Settings


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(Settings().data / "minilm" / "tokenizer.json")


def test_a_word_may_be_two_tokens_and_offsets_point_into_the_text(tokenizer: Tokenizer) -> None:
    text = "the game of Thrones"
    tokens = tokenise(tokenizer, text)
    assert tokens.tokens == ["[CLS]", "the", "game", "of", "throne", "##s", "[SEP]"]
    assert tokens.words == [None, 0, 1, 2, 3, 3, None]
    assert [text[start:end] for start, end in tokens.offsets[1:-1]] == ["the", "game", "of", "Throne", "s"]
    assert tokens.special == [True, False, False, False, False, False, True]


def test_a_pair_has_two_segments(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "the bank", "the river")
    assert tokens.tokens == ["[CLS]", "the", "bank", "[SEP]", "the", "river", "[SEP]"]
    assert tokens.segments == [0, 0, 0, 0, 1, 1, 1]
    assert tokens.offsets[4:6] == [(0, 3), (4, 9)]


def test_a_long_text_is_neither_cut_nor_padded_to_128(tokenizer: Tokenizer) -> None:
    assert len(tokenise(tokenizer, "word " * 300)) == 302
    assert len(tokenise(tokenizer, "word")) == 3


def test_unknown_words_are_found_in_the_text_and_in_its_pair(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "a 👍 b", "기차가 역을 떠났다")
    assert unknown_words(tokens, "[UNK]", "a 👍 b", "기차가 역을 떠났다") == ["👍", "떠났다"]


@pytest.mark.parametrize(("text", "there"), [("기차", True), ("ㅋㅋ", True), ("ᄀ", True), ("train 電車", False)])
def test_hangul_is_seen_as_syllables_and_as_letters(text: str, there: bool) -> None:
    assert has_hangul(text) is there


def test_shorter_sentences_are_padded_and_marked(tokenizer: Tokenizer) -> None:
    many = batch([tokenise(tokenizer, "yes"), tokenise(tokenizer, "yes yes")])
    assert many.ids.shape == many.segments.shape == (2, 4)
    assert many.real.tolist() == [[True, True, True, False], [True, True, True, True]]
    assert many.ids.dtype == torch.int64
