"""Attention over the own ratings, against loops."""

from dataclasses import replace

import torch

from services.ratings.history import Histories
from services.ratings.memory import Asked, Memory, brought, remember

ERRORS = torch.tensor([1.0, -0.5, 0.5, 0.8, -1.0, 0.2])


def own() -> Histories:
    """Three people; movies 0 and 1 are rated together twice."""
    person, movie = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([0, 1, 0, 1, 2, 1])
    return Histories.group(person, movie, torch.tensor([1.0, 0.0, 1.0, -1.0, 0.5, 0.0]), torch.arange(6), 3)


def memory() -> Memory:
    genres = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    taste = company = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    return remember(own(), ERRORS, genres, taste, company, top=1.0)


def asked(at: int | None = None) -> Asked:
    """One person with three ratings and one filling asks about movie 0."""
    return Asked(
        movie=torch.tensor([[0]]),
        at=None if at is None else torch.tensor([[at]]),
        own=torch.tensor([[0, 1, 2, 0]]),
        own_at=torch.tensor([[10, 20, 30, 0]]),
        error=torch.tensor([[1.0, -2.0, 3.0, 0.0]]),
        distance=torch.tensor([[0.5, 0.25, -1.0, 0.0]]),
        top=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        real=torch.tensor([[True, True, True, False]]),
    )


def test_correlation_and_overlap_of_two_movies_are_sums_over_their_common_raters() -> None:
    found = memory()
    one, two = found.place[0], found.place[1]
    products = ERRORS[0] * ERRORS[1] + ERRORS[2] * ERRORS[3]  # by persons 0 and 1
    torch.testing.assert_close(found.correlation[one, two], products / ((2 + 25) * ERRORS.square().mean()))
    torch.testing.assert_close(found.overlap[one, two], torch.tensor((2 / (2 + 3 - 2 + 20)) ** 2))


def test_a_movie_outside_of_the_tables_of_pairs_is_near_to_none() -> None:
    found = memory()
    assert not found.correlation[-1].any()
    assert not found.overlap[:, -1].any()


def test_a_heads_answer_is_the_weighted_sum_of_what_it_looks_at() -> None:
    """Genres: the third power of the cosine, and 3 as the constant; movies 0 and 1 share theirs."""
    heads, _ = memory().look(asked())
    genres = heads[3]
    torch.testing.assert_close(genres.weights, torch.tensor([[[0.2, 0.2, 0.0, 0.0]]]))
    answers = brought(heads, asked())
    torch.testing.assert_close(answers[0, 0, 3], torch.tensor(0.2 * 1.0 + 0.2 * -2.0))


def test_what_fills_up_the_lines_is_never_looked_at() -> None:
    other = replace(asked(), error=torch.tensor([[1.0, -2.0, 3.0, 99.0]]))
    heads, told = memory().look(asked(at=40))
    for head in heads:
        assert head.weights[0, 0, 3] == 0
    torch.testing.assert_close(brought(heads, asked()), brought(heads, other))
    assert told.isfinite().all()


def test_a_recent_rating_weighs_more_than_an_old_one() -> None:
    blind, _ = memory().look(asked())
    heads, _ = memory().look(asked(at=30 + 60))
    minute = heads[len(blind)].weights[0, 0]  # the first decay is 60 seconds
    torch.testing.assert_close(minute[2] / minute[0], torch.exp(torch.tensor(20 / 60)))


def test_without_own_ratings_nothing_is_brought() -> None:
    nothing = replace(asked(at=5), real=torch.zeros(1, 4, dtype=torch.bool))
    heads, told = memory().look(nothing)
    assert not brought(heads, nothing).any()
    assert told.isfinite().all()


def test_a_movies_habits_are_shrunken_means_of_its_ratings() -> None:
    found = memory()
    torch.testing.assert_close(found.mean[1], torch.tensor(-1.0 / (3 + 5)))
    torch.testing.assert_close(found.habits[0, 2], torch.tensor((2 + 1) / (2 + 5)))  # both are the highest rating
