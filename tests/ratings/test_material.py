"""From a data set to what is learned from: what is told of users, and positions instead of ids."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from services.ratings.dataset import Dataset
from services.ratings.features import Column
from services.ratings.material import MOST_VALUES, columns_of, material_of, profiles


def users(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"user_id": range(len(next(iter(columns.values())))), **columns})


def test_a_text_with_few_values_is_a_column_of_them_in_order() -> None:
    assert columns_of(users(gender=["M", "F", None, "M"])) == [Column("gender", values=("F", "M"))]


def test_a_number_counts_by_the_quantiles_it_reaches() -> None:
    found = columns_of(users(age=list(range(21))))[0]
    assert (found.name, found.values) == ("age", ())
    assert found.edges == pytest.approx([3, 6, 10, 14, 17])


def test_a_number_of_few_values_is_a_code() -> None:
    assert columns_of(users(size=[1, 7, 7, 18])) == [Column("size", values=("1", "7", "18"))]


@pytest.mark.parametrize(
    "values",
    [
        ["M"] * 4,  # everybody the same
        [None] * 4,  # nothing known
        [f"name {n}" for n in range(MOST_VALUES + 1)],  # a name, no property
    ],
)
def test_what_tells_nobody_apart_or_everybody_is_left_out(values: list[object]) -> None:
    assert columns_of(users(about=values)) == []


def test_what_is_not_told_of_a_user_is_not_a_number() -> None:
    people = users(gender=["F", None, "M"], age=[30.0, 50.0, float("nan")])
    found = profiles(people, [Column("gender", values=("F", "M")), Column("age", edges=(40.0,))])
    assert found.nan_to_num(-1).tolist() == [[1, 0, 0], [-1, -1, 1], [0, 1, -1]]


def test_data_that_tells_nothing_has_profiles_of_no_width() -> None:
    assert profiles(pd.DataFrame({"user_id": [1, 2]}), []).shape == (2, 0)


def test_ratings_stand_by_position_with_what_was_given_and_when(toy: Dataset) -> None:
    found, row = material_of(toy, []), toy.ratings.iloc[17]
    user, movie = found.user[17], found.movie[17]
    assert toy.users["user_id"][int(user)] == row["user_id"]
    assert toy.movies["movie_id"][int(movie)] == row["movie_id"]
    assert (found.stars[17], found.at[17]) == (row["stars"], row["timestamp"])
    assert (found.profile.shape, found.scale) == ((41, 0), (1, 5))


def test_material_is_timed_where_the_data_has_times(toy: Dataset) -> None:
    assert material_of(toy, []).timed
    assert not material_of(replace(toy, ratings=toy.ratings.assign(timestamp=0)), []).timed


def test_genres_are_flags_of_the_movies(toy: Dataset) -> None:
    found = material_of(toy, [])
    comedy = found.genres[:, toy.genres.index("Comedy")]
    assert torch.equal(comedy, torch.arange(1, 31).remainder(2).float())
