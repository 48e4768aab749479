"""Finds a word in a text that was cut into tokens, or says which words there are."""

import re
import unicodedata
from collections.abc import Iterator

from services.attention.features import Tokens, Word, has_hangul, words_of
from shared.problems import Unprocessable, shorten

NAMED = 50  # words that a refusal names
LONGER = 4  # a word spelt with decomposed characters is at most so many times as long as it is in the text


def find(tokens: Tokens, wanted: str | int, where: str = "the text") -> list[Word]:
    """Every place of a word, or of a few words in a row; or the one token of a number. Capitals do not matter, nor does
    punctuation around the word.

    Korean joins its particles to a word: 은행 stands in 은행에. Hangul that stands nowhere by itself is found where an
    eojeol begins with it, in the tokens that cover its own letters.
    """
    if isinstance(wanted, int):
        return [token(tokens, wanted)]
    if not wanted.strip():
        raise Unprocessable(f"the word to find in {where} is empty or blank; send a word, or the number of a token")
    places = specials(tokens, wanted) or exact_or_beginning(tokens, wanted)
    if not places:
        known = list(dict.fromkeys(word.text for word in words_of(tokens)))
        more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
        there = ", ".join(shorten(word)[1:-1] for word in known[:NAMED])
        raise Unprocessable(f"no word {shorten(wanted)} in {where}; its words are: {there}{more}")
    return places


def token(tokens: Tokens, number: int) -> Word:
    if not 0 <= number < len(tokens):
        raise Unprocessable(f"no token {number}: the text has {len(tokens)} tokens, 0 to {len(tokens) - 1}")
    return Word(tokens.tokens[number], tokens.segments[number], [number])


def specials(tokens: Tokens, wanted: str) -> list[Word]:
    """The special tokens of exactly this name: "[SEP]", while "sep" is a word like others."""
    marks = (word for word in words_of(tokens) if tokens.special[word.members[0]])
    return [mark for mark in marks if mark.text.casefold() == wanted.strip().casefold()]


def exact_or_beginning(tokens: Tokens, wanted: str) -> list[Word]:
    if len(wanted) > LONGER * max(map(len, tokens.texts)):
        return []
    exact = list(occurrences(tokens, whole_word(wanted)))
    hangul = has_hangul(bare(wanted)[-1])
    return exact if exact or not hangul else list(occurrences(tokens, beginning(wanted)))


def occurrences(tokens: Tokens, word: re.Pattern[str]) -> Iterator[Word]:
    for segment, text in enumerate(tokens.texts):
        for match in word.finditer(text):
            if members := covering(tokens, segment, *match.span()):
                yield Word(match.group(), segment, members)


def whole_word(wanted: str) -> re.Pattern[str]:
    """The word without the punctuation around it, not inside another word."""
    return compiled(wanted, r"(?!\w)" if re.search(r"\w$", bare(wanted)) else "")


def beginning(wanted: str) -> re.Pattern[str]:
    """The word where another begins with it; a decomposed syllable ends where no vowel or final consonant follows."""
    return compiled(wanted, "(?![\u1160-\u11ff])")


def compiled(wanted: str, after: str) -> re.Pattern[str]:
    """A text may hold its Hangul and its accents composed or decomposed (Unicode NFC, NFD), whichever is asked for."""
    core = bare(wanted)
    forms = dict.fromkeys([core, unicodedata.normalize("NFC", core), unicodedata.normalize("NFD", core)])
    before = r"(?<!\w)" if re.match(r"\w", core) else ""
    return re.compile(before + "(?:" + "|".join(map(re.escape, forms)) + ")" + after, re.IGNORECASE)


def bare(word: str) -> str:
    """A word without the punctuation around it; punctuation by itself stays what it is."""
    letters = [place for place, character in enumerate(word) if character.isalnum() or character == "_"]
    return word[letters[0] : letters[-1] + 1] if letters else word.strip()


def covering(tokens: Tokens, segment: int, start: int, end: int) -> list[int]:
    """The tokens of a text that share a character with its part from `start` to before `end`."""
    return [
        place
        for place, (first, last) in enumerate(tokens.offsets)
        if tokens.segments[place] == segment and not tokens.special[place] and first < end and last > start
    ]
