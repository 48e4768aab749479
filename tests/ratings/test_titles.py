"""Titles as people write them."""

import pytest

from services.ratings.sources.titles import clean


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Two Friends (1986) ", "Two Friends", 1986),
        ("Babylon 5", "Babylon 5", None),
        ("I, Robot (2004)", "I, Robot", 2004),
        ("1984 (1984)", "1984", 1984),
        ("Death Note (2006–2007)", "Death Note", 2006),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Avventura, L' (1960)", "L'Avventura", 1960),
        ("Wings of Desire (Himmel über Berlin, Der) (1987)", "Wings of Desire (Der Himmel über Berlin)", 1987),
        ("Mrs. Brown (a.k.a. Her Majesty, Mrs. Brown) (1997)", "Mrs. Brown (a.k.a. Her Majesty, Mrs. Brown)", 1997),
        ("매트릭스 (1999)", "매트릭스", 1999),
    ],
)
def test_the_year_leaves_the_title_and_the_article_comes_first(raw: str, title: str, year: int | None) -> None:
    assert clean(raw) == (title, year)


def test_letters_garbled_by_a_wrong_encoding_are_repaired() -> None:
    assert clean("MisÃ©rables, Les (1998)") == ("Les Misérables", 1998)
    assert clean("Misérables, Les (1998)") == ("Les Misérables", 1998)
