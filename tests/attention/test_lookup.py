"""Words found in a text."""

import unicodedata
from typing import Literal

import pytest

from services.attention.features import Tokens
from services.attention.lookup import bare, find
from shared.problems import Unprocessable
from tests.attention.sentences import bert

TEXT = "The bank, by the river: don't BANK on it."


def members(tokens: Tokens, wanted: str | int) -> list[list[int]]:
    return [word.members for word in find(tokens, wanted)]


@pytest.mark.parametrize("wanted", ["bank", "BANK", " bank,", '"bank"'])
def test_every_place_of_a_word_is_found_whatever_its_case_and_the_punctuation_around_it(wanted: str) -> None:
    tokens = bert(TEXT)
    assert [[tokens.tokens[m] for m in place] for place in members(tokens, wanted)] == [["bank"], ["bank"]]
    assert [word.text for word in find(tokens, wanted)] == ["bank", "BANK"]


def test_a_few_words_in_a_row_and_a_word_of_several_tokens_are_one_place() -> None:
    tokens = bert(TEXT)
    assert [word.text for word in find(tokens, "by the river")] == ["by the river"]
    [place] = members(tokens, "don't")
    assert [tokens.tokens[m] for m in place] == ["don", "'", "t"]


def test_a_word_is_not_found_inside_another() -> None:
    assert members(bert("their her other"), "her") == [[2]]


def test_a_mark_by_itself_and_a_special_token_are_found_by_their_name() -> None:
    tokens = bert("a , b .", "sep")
    assert members(tokens, ",") == [[2]]
    assert members(tokens, "[sep]") == [[5], [7]]
    assert members(tokens, "sep") == [[6]]


def test_a_pair_is_searched_too() -> None:
    found = find(bert("the bank", "a bank"), "bank")
    assert [(word.segment, word.members) for word in found] == [(0, [2]), (1, [5])]


def test_hangul_is_found_composed_or_decomposed() -> None:
    decomposed = unicodedata.normalize("NFD", "기차가 역을")
    assert len(decomposed) > len("기차가 역을")
    assert [word.text for word in find(bert(decomposed), "역을")] == [decomposed.split()[1]]
    assert members(bert("기차가 역을"), "역을") == [[2]]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("text", "wanted"), [("은행에 갔다", "은행"), ("기차가 떠났다", "기차"), ("“기차가”", "기차")])
def test_hangul_is_found_where_an_eojeol_begins_with_it(text: str, wanted: str, form: Literal["NFC", "NFD"]) -> None:
    [found] = find(bert(unicodedata.normalize(form, text)), wanted)
    assert found.text == unicodedata.normalize(form, wanted)


def test_of_an_eojeol_only_the_tokens_of_the_wanted_letters_count() -> None:
    text = "은행에서 갔다"
    pieces = Tokens(
        tokens=["▁은", "행", "에서", "▁갔다"],
        ids=[0] * 4,
        offsets=[(0, 1), (1, 2), (2, 4), (5, 7)],
        words=[0, 0, 0, 1],
        segments=[0] * 4,
        special=[False] * 4,
        texts=(text,),
    )
    assert members(pieces, "은행") == [[0, 1]]
    assert members(pieces, "은행에") == [[0, 1, 2]]


def test_hangul_that_stands_by_itself_anywhere_is_not_looked_for_in_longer_eojeols() -> None:
    assert members(bert("은행에 은행 은행이"), "은행") == [[2]]
    assert members(bert("은행에 갔다 은행이"), "은행") == [[1], [3]]


@pytest.mark.parametrize("text", ["새은행에", unicodedata.normalize("NFD", "은핸에"), "banking"])
def test_neither_the_middle_of_an_eojeol_nor_half_a_syllable_nor_another_script_is_a_beginning(text: str) -> None:
    for wanted in ("은행", "은해", "bank"):
        with pytest.raises(Unprocessable, match="no word"):
            find(bert(text), wanted)


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_word_is_refused(blank: str) -> None:
    with pytest.raises(Unprocessable, match="the word to find in text 1 is empty or blank; send a word"):
        find(bert("a b"), blank, "text 1")


def test_a_number_is_a_token() -> None:
    assert members(bert("a b"), 3) == [[3]]
    with pytest.raises(Unprocessable, match="no token 4: the text has 4 tokens, 0 to 3"):
        find(bert("a b"), 4)
    with pytest.raises(Unprocessable, match="no token -1"):
        find(bert("a b"), -1)


def test_a_word_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Unprocessable, match=r"no word 'car' in text 2; its words are: \[CLS\], the, train, \[SEP\]"):
        find(bert("the train the"), "car", "text 2")
    with pytest.raises(Unprocessable, match="and 12 more"):
        find(bert(" ".join(f"w{n}" for n in range(60))), "car")
    with pytest.raises(Unprocessable, match="…"):
        find(bert("x" * 5000), "y" * 5000)


def test_endless_words_are_refused_without_delay() -> None:
    endless = "a" + "!" * 2_000_000 + "a"
    with pytest.raises(Unprocessable, match="no word"):
        find(bert("a b"), endless)
    assert bare(endless) == endless
    assert [bare(word) for word in ("(don't)", "?!", " a_ ")] == ["don't", "?!", "a_"]
