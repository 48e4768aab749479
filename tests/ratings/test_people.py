"""Users by id and newcomers by what they send: the same to the model, and told what is wrong with what they send."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import torch

from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.ledger import UNKNOWN, Own
from services.ratings.people import People, seconds
from services.ratings.schemas.newcomer import GivenRating, Person
from shared.problems import NotFound, Unprocessable
from tests.ratings.conftest import given


@pytest.fixture
def people(engine: Engine) -> People:
    return engine.people


def rating(movie_id: int, stars: float, at: datetime | None = None) -> GivenRating:
    return GivenRating(movie_id=movie_id, stars=stars, at=at)


def test_a_newcomer_has_the_ratings_sent_and_nothing_is_told_of_him(people: People) -> None:
    found = people.newcomer([rating(30, 2), rating(1, 4.5, datetime(1998, 3, 7, tzinfo=UTC))], None)
    assert found.own.movie.tolist() == [29, 0]
    assert found.own.stars.tolist() == [2, 4.5]
    assert found.own.at.tolist() == [UNKNOWN, 889_228_800]
    assert found.profile.isnan().all()


def test_what_a_newcomer_tells_is_read_as_what_the_data_tells_of_users(people: People, told: Dataset) -> None:
    for place in (0, 5, 30):
        row = told.users.iloc[place]
        person = Person(age=int(row["age"]), gender=row["gender"], occupation=row["occupation"])
        assert torch.equal(people.told(person)[0], people.profile[place])


def test_a_part_that_is_not_told_is_unknown_and_not_zero(people: People) -> None:
    found = people.told(Person(gender="F"))[0]
    assert found[~found.isnan()].tolist() == [1, 0]


def test_upper_and_lower_case_are_alike_beyond_ascii_too(people: People) -> None:
    known = people.told(Person(gender="F", occupation="Bühnenbildnerin"))
    assert torch.equal(
        known.nan_to_num(-1), people.told(Person(gender="f", occupation="BÜHNENBILDNERIN")).nan_to_num(-1)
    )


def test_an_unknown_value_is_told_the_known_ones(people: People) -> None:
    with pytest.raises(
        Unprocessable, match=r"profile\.occupation: 'pilot' is not one of Bühnenbildnerin, artist, writer"
    ):
        people.told(Person(occupation="pilot"))


def test_data_that_tells_nothing_of_its_users_says_so(engine: Engine) -> None:
    silent = People(engine.ledger, np.zeros((41, 0), np.float32), [], engine.catalogue, engine.predictor)
    assert silent.told(Person()).shape == (1, 0)
    with pytest.raises(Unprocessable, match=r"profile\.age: this data tells of its users nothing; leave age out"):
        silent.told(Person(age=33))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (rating(99, 4), r"ratings\.1: no movie 99: there are 30 movies, with ids from 1 to 30"),
        (rating(2, 5.5), r"ratings\.1: 5\.5 stars are off the scale of this data, 1 to 5"),
        (rating(2, 0), r"ratings\.1: 0 stars are off the scale"),
    ],
)
def test_a_rating_that_cannot_be_is_named_with_its_place(people: People, wrong: GivenRating, words: str) -> None:
    with pytest.raises(Unprocessable, match=words):
        people.newcomer([rating(1, 4), wrong], None)


def test_somebody_unknown_is_told_who_is_known_and_how_to_become_so(people: People) -> None:
    words = "no user 99: there are 41 users, with ids from 1 to 41; .* POST /ratings/ratings makes a new one"
    with pytest.raises(NotFound, match=words):
        people.user(99)


def test_a_newcomer_with_a_users_ratings_and_profile_is_known_as_the_user_is(people: People, told: Dataset) -> None:
    row = told.users.iloc[2]
    person = Person(age=int(row["age"]), gender=row["gender"], occupation=row["occupation"])
    newcomer, user = people.know(people.newcomer(given(told, 3), person)), people.know(people.user(3))
    assert torch.equal(newcomer.own.movie, user.own.movie)
    torch.testing.assert_close(newcomer.people.rows, user.people.rows)
    torch.testing.assert_close(newcomer.people.covariance, user.people.covariance)


def test_who_is_known_is_remembered_until_his_version_changes(fresh: Engine) -> None:
    known = fresh.people.known_user(1, 0)
    assert fresh.people.known_user(1, 0) is known
    fresh.ledger.write(1, 29, 5.0, UNKNOWN)
    assert len(fresh.people.known_user(1, fresh.ledger.version(1)).own.movie) == len(known.own.movie) + 1


def test_ratings_are_newest_first_and_those_of_an_unknown_moment_last(people: People) -> None:
    own = Own.of([(0, 4.0, 50, False), (1, 3.0, UNKNOWN, True), (2, 2.0, 70, False)])
    found = people.ratings(own)
    assert [one.movie_id for one in found] == [3, 1, 2]
    assert [one.at for one in found] == [datetime.fromtimestamp(70, UTC), datetime.fromtimestamp(50, UTC), None]


def test_habits_count_each_timed_rating_once_by_day_and_once_by_week(people: People) -> None:
    moments = ["1998-03-06T12:00", "1998-03-07T12:00", "1998-03-07T23:00"]  # Friday noon, Saturday noon and night
    at = [seconds(datetime.fromisoformat(f"{moment}Z")) for moment in moments]
    own = Own.of([(0, 5.0, at[0], False), (1, 4.0, at[1], False), (2, 3.0, at[2], False), (4, 1.0, UNKNOWN, False)])
    found = people.habits(own)
    assert shares(found.daytime) == [("day", 2, 4.5), ("night", 1, 3.0)]
    assert shares(found.week) == [("weekday", 1, 5.0), ("weekend", 2, 3.5)]
    assert shares(found.genres) == [("Comedy", 3, 3.0), ("Drama", 1, 4.0)]


def shares(found: list[Any]) -> list[tuple[str, int, float | None]]:
    return [(share.name, share.count, share.mean) for share in found]


def test_what_a_user_rated_is_counted_and_averaged(people: People, toy: Dataset) -> None:
    stars, found = toy.ratings.loc[toy.ratings["user_id"] == 4, "stars"], people.details(4)
    assert (found.count, found.added) == (len(stars), 0)
    assert found.mean == pytest.approx(stars.mean(), abs=1e-4)
    assert people.details(41).mean is None
