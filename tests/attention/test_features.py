"""Text to tokens to tensors."""

from zlib import crc32

import pytest
import torch
from tokenizers import Tokenizer

from services.attention.features import (
    batch,
    cut_into_words,
    has_hangul,
    load_tokenizer,
    merged,
    tokenise,
    unknown_words,
    words_of,
)
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
    assert unknown_words(tokens) == ["👍", "떠났다"]


@pytest.mark.parametrize(("text", "there"), [("기차", True), ("ㅋㅋ", True), ("ᄀ", True), ("train 電車", False)])
def test_hangul_is_seen_as_syllables_and_as_letters(text: str, there: bool) -> None:
    assert has_hangul(text) is there


def test_shorter_sentences_are_padded_and_marked(tokenizer: Tokenizer) -> None:
    many = batch([tokenise(tokenizer, "yes"), tokenise(tokenizer, "yes yes")])
    assert many.ids.shape == many.types.shape == (2, 4)
    assert many.real.tolist() == [[True, True, True, False], [True, True, True, True]]
    assert many.ids.dtype == torch.int64


def test_the_toy_numbers_any_word_of_any_script() -> None:
    tokens = cut_into_words(10_000, "Play, play 기차!", "שלום")
    assert tokens.tokens == ["play", ",", "play", "기차", "!", "שלום"]
    assert tokens.ids[0] == tokens.ids[2] == crc32(b"play") % 10_000
    assert tokens.segments == [0, 0, 0, 0, 0, 1]
    assert [tokens.texts[s][a:b] for s, (a, b) in zip(tokens.segments, tokens.offsets, strict=True)][3:] == [
        "기차",
        "!",
        "שלום",
    ]


def test_words_are_made_of_their_tokens_and_special_tokens_stay_alone(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, "game of thrones", "of")
    assert [(word.text, word.segment, word.members) for word in words_of(tokens)] == [
        ("[CLS]", 0, [0]),
        ("game", 0, [1]),
        ("of", 0, [2]),
        ("thrones", 0, [3, 4]),
        ("[SEP]", 0, [5]),
        ("of", 1, [6]),
        ("[SEP]", 1, [7]),
    ]


def test_merged_tokens_have_an_entry_a_word(tokenizer: Tokenizer) -> None:
    words = merged(tokenise(tokenizer, "thrones"))
    assert (words.tokens, words.offsets, words.words) == (
        ["[CLS]", "thrones", "[SEP]"],
        [(0, 0), (0, 7), (0, 0)],
        [None, 0, None],
    )
    assert len(words) == 3


def test_e5_cuts_korean_into_eojeol_and_names_what_it_does_not_know() -> None:
    tokens = tokenise(load_tokenizer(Settings().data / "e5" / "tokenizer.json"), "기차가 역을 떠났다 🦖")
    assert [word.text for word in words_of(tokens)] == ["<s>", "기차가", "역을", "떠났다", "🦖", "</s>"]
    assert unknown_words(tokens) == ["🦖"]
    assert "<unk>" in tokens.tokens
