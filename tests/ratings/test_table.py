"""Predictions kept in a table are those that were put in, until their user rates."""

import numpy as np
import pytest

from services.ratings.model import PARTS
from services.ratings.predictor import Estimates
from services.ratings.table import MOST_MOVIES, Table


def row(seed: int) -> Estimates:
    """Six movies on a scale that ends at 5; the last four are cut off there."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(0, 0.1, (6, len(PARTS) + 1)).round(6)
    parts[:, 0] += 3
    parts[2:, 0] = (5.5, 5.8, 5.6, 5.7) - parts[2:, 1:-1].sum(1)
    parts[:, -1] = np.minimum(5 - parts[:, :-1].sum(1), 0)
    stars = parts.sum(1).round(6)
    return Estimates(stars, (stars - 1).round(4), np.minimum(stars + 1, 5).round(4), rng.random(6), parts)


@pytest.fixture
def table() -> Table:
    table = Table(users=3, movies=6)
    table.fill(1, 0, row(1), seen=np.array([5, 0]))
    table.fill(2, 5, row(2), seen=np.array([], np.int64))
    return table


def test_what_comes_out_is_what_was_put_in(table: Table) -> None:
    for user in (1, 2):
        found, put = table.estimates(user, np.array([3, 0, 0])), row(user)[np.array([3, 0, 0])]
        for name, digits in (("stars", 1e-6), ("parts", 1e-6), ("low", 1e-4), ("high", 1e-4), ("sd", 1e-6)):
            assert getattr(found, name) == pytest.approx(getattr(put, name), abs=digits)


def test_parts_out_of_the_table_add_up_to_the_stars(table: Table) -> None:
    found = table.estimates(np.array([1, 2, 1, 2, 1, 2]), np.arange(6))
    assert found.parts.sum(1) == pytest.approx(found.stars, abs=1e-6)


def test_a_row_is_there_only_in_the_version_it_was_filled_with(table: Table) -> None:
    assert table.has(1, 0)
    assert not table.has(1, 1)
    assert not table.has(0, 0)
    assert table.has(np.array([1, 2, 1]), np.array([0, 5, 0]))
    assert not table.has(np.array([1, 2]), np.array([0, 6]))


def test_the_best_come_first_also_among_those_cut_off_at_the_top(table: Table) -> None:
    assert table.best[1, :4].tolist() == [3, 5, 4, 2]
    assert sorted(table.best[1]) == [0, 1, 2, 3, 4, 5]


def test_the_best_unseen_are_the_best_without_those_that_the_user_rated(table: Table) -> None:
    assert table.top(1, slice(0, 3)).tolist() == [3, 4, 2]
    assert sorted(table.top(1, slice(0, 100))) == [1, 2, 3, 4]
    assert table.top(1, slice(3, 100)).tolist() == [1]
    assert table.top(2, slice(0, 100)).tolist() == table.best[2].tolist()


def test_a_row_filled_again_forgets_what_was_unseen_before(table: Table) -> None:
    table.fill(2, 6, row(2), seen=np.arange(5))
    assert table.top(2, slice(0, 100)).tolist() == [5]


def test_stars_alone_are_those_of_the_pairs(table: Table) -> None:
    user, movie = np.array([2, 1, 1]), np.array([0, 5, 1])
    assert table.pairs(user, movie) == pytest.approx(table.estimates(user, movie).stars, abs=1e-6)


@pytest.mark.parametrize(("users", "movies"), [(1, MOST_MOVIES + 1), (100_000, 1000)])
def test_a_catalogue_that_is_too_large_has_no_table(users: int, movies: int) -> None:
    table = Table(users, movies)
    assert table.values.nbytes == table.best.nbytes == 0
    assert not table.has(0, 0)
