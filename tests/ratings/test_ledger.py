"""Who rated what as of now, on ratings that can be counted."""

import numpy as np
import pytest

from services.ratings.ledger import UNKNOWN, Ledger


@pytest.fixture
def ledger() -> Ledger:
    """User 7 gave movies 0 and 2 four and two stars, user 3 movie 1 five, user 9 nothing."""
    user, movie, stars, at = np.array([0, 1, 0]), np.array([2, 1, 0]), np.array([2.0, 5, 4]), np.array([50, 60, 70])
    return Ledger(np.array([7, 3, 9]), user, movie, stars, at)


def test_everybody_has_his_own_ratings_of_the_training(ledger: Ledger) -> None:
    own = ledger.own(7)
    assert sorted(zip(own.movie, own.stars, own.at, own.added, strict=True)) == [(0, 4, 70, False), (2, 2, 50, False)]
    assert (len(ledger.own(3)), len(ledger.own(9)), len(ledger.own(100))) == (1, 0, 0)


def test_what_was_added_last_is_what_the_user_gives_the_movie(ledger: Ledger) -> None:
    ledger.write(7, 1, 3.0, 80)
    ledger.write(7, 1, 1.5, UNKNOWN)
    own = ledger.own(7)
    assert (own.stars[own.movie == 1].tolist(), own.at[own.movie == 1].tolist()) == ([1.5], [UNKNOWN])
    assert own.added.tolist() == [False, False, True]


def test_a_replaced_rating_of_the_training_counts_once(ledger: Ledger) -> None:
    ledger.write(7, 2, 5.0, 90)
    assert (len(ledger.own(7)), ledger.stars_of(7, 2)) == (2, 5.0)


def test_a_rating_of_the_training_can_be_taken_back_and_given_again(ledger: Ledger) -> None:
    ledger.write(7, 2, None, UNKNOWN)
    assert (ledger.own(7).movie.tolist(), ledger.stars_of(7, 2)) == ([0], None)
    ledger.write(7, 2, 2.0, 50)
    assert (len(ledger.own(7)), ledger.stars_of(7, 2)) == (2, 2.0)


def test_somebody_new_is_known_while_there_is_a_rating(ledger: Ledger) -> None:
    assert not ledger.knows(100)
    ledger.write(100, 0, 3.0, UNKNOWN)
    assert ledger.ids() == [3, 7, 9, 100]
    ledger.write(100, 0, None, UNKNOWN)
    assert ledger.ids() == [3, 7, 9]


def test_who_takes_everything_back_is_still_a_user_of_the_data(ledger: Ledger) -> None:
    ledger.write(3, 1, None, UNKNOWN)
    assert ledger.knows(3)
    assert len(ledger.own(3)) == 0


def test_every_change_gives_its_user_and_nobody_else_a_new_version(ledger: Ledger) -> None:
    before = [ledger.version(user) for user in (7, 3, 100)]
    ledger.write(7, 1, 3.0, UNKNOWN)
    ledger.write(7, 1, 3.0, UNKNOWN)
    assert [ledger.version(user) - was for user, was in zip((7, 3, 100), before, strict=True)] == [2, 0, 0]
