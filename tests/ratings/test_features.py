"""What the model sees of a movie and of a moment."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from services.ratings.features import (
    GENRES,
    Column,
    Standard,
    genre_flags,
    is_day,
    is_weekend,
    movie_features,
    profile_flags,
)


def test_there_are_nineteen_genres() -> None:
    assert len(set(GENRES)) == 19


def test_genres_have_unit_length_and_none_is_all_zeros() -> None:
    features = movie_features(genre_flags([["Action", "Sci-Fi"], []], GENRES), torch.tensor([1999, 1999]))
    assert features[:, :19].norm(dim=1).tolist() == pytest.approx([1, 0])


def test_old_means_before_2000_and_an_unknown_year_is_neither() -> None:
    years = torch.tensor([1999, 2000, 0])
    old = movie_features(genre_flags([[], [], []], GENRES), years)[:, -1]
    assert old.tolist() == [1, 0, 0.5]


def test_years_far_from_the_nineties_count_no_further() -> None:
    decades = movie_features(genre_flags([[]] * 4, GENRES), torch.tensor([1908, 1960, 1995, 2050]))[:, -2]
    assert decades.tolist() == [-3, -3, 0.5, 3]


@pytest.mark.parametrize(
    ("moment", "day", "weekend"),
    [
        ("1998-03-06T05:59:59", 0, 0),  # a Friday
        ("1998-03-06T06:00:00", 1, 0),
        ("1998-03-06T19:59:59", 1, 0),
        ("1998-03-06T20:00:00", 0, 0),
        ("1998-03-07T00:00:00", 0, 1),
        ("1998-03-08T23:59:59", 0, 1),
        ("1998-03-09T00:00:00", 0, 0),
        ("1969-12-28T12:00:00", 1, 1),  # a Sunday before the seconds began
    ],
)
def test_day_is_6_to_20_h_and_the_weekend_saturday_and_sunday(moment: str, day: int, weekend: int) -> None:
    seconds = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    moments = np.array([seconds])
    assert (is_day(moments).tolist(), is_weekend(moments).tolist()) == ([bool(day)], [bool(weekend)])
    assert is_day(torch.from_numpy(moments)).tolist() == [bool(day)]


def test_weekends_agree_with_pythons_calendar() -> None:
    seconds = np.arange(0, 4_000_000_000, 12_345_678)
    weekdays = [datetime.fromtimestamp(int(s), UTC).weekday() for s in seconds]
    assert is_weekend(seconds).tolist() == [day >= 5 for day in weekdays]
    assert is_weekend(torch.from_numpy(seconds)).tolist() == [day >= 5 for day in weekdays]


AGE, GENDER = Column("age", edges=(20.0, 40.0)), Column("gender", values=("F", "M"))


def test_a_number_counts_by_the_edges_it_reaches() -> None:
    assert [AGE.flags(age) for age in (19, 20, "39.5", 40)] == [[0, 0], [1, 0], [1, 0], [1, 1]]


def test_one_of_some_values_is_a_flag() -> None:
    assert (GENDER.width, GENDER.flags("M")) == (2, [0, 1])


@pytest.mark.parametrize("value", [None, "", "unknown", "nan", float("nan"), float("inf")])
def test_what_is_unknown_is_not_a_number_throughout(value: object) -> None:
    for column in (AGE, GENDER):
        assert np.isnan(column.flags(value)).all()


def test_profiles_stand_side_by_side_and_what_is_not_told_is_unknown() -> None:
    found = profile_flags([AGE, GENDER], [{"age": 30, "gender": "F"}, {"gender": "M", "shoes": 43}])
    assert found.nan_to_num(-1).tolist() == [[1, 0, 1, 0], [-1, -1, 0, 1]]


def test_data_that_tells_nothing_has_profiles_of_no_width() -> None:
    assert profile_flags([], [{}, {"age": 3}]).shape == (2, 0)


def test_what_is_standardised_has_mean_0_and_spread_1_and_the_unknown_is_average() -> None:
    x = torch.tensor([[1.0, 5.0], [3.0, torch.nan], [8.0, 7.0]])
    found = Standard.of(x)(x)
    assert found.mean(0).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert found[:, 0].std(correction=0) == pytest.approx(1)
    assert found[:, 1].tolist() == pytest.approx([-1, 0, 1])


def test_what_is_the_same_for_all_or_never_known_tells_nothing() -> None:
    x = torch.tensor([[4.0, torch.nan], [4.0, torch.nan]])
    assert Standard.of(x)(x).tolist() == [[0, 0], [0, 0]]
    assert Standard.of(torch.zeros(0, 2))(torch.zeros(1, 2)).tolist() == [[0, 0]]
