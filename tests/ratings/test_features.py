"""What the model sees of a movie and of a moment."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from services.ratings.features import GENRES, context_features, genre_flags, habits, movie_features


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
    assert context_features(np.array([seconds])).tolist() == [[day, weekend]]


def test_weekends_agree_with_pythons_calendar() -> None:
    seconds = np.arange(0, 4_000_000_000, 12_345_678)
    weekdays = [datetime.fromtimestamp(int(s), UTC).weekday() for s in seconds]
    assert context_features(seconds)[:, 1].tolist() == [float(day >= 5) for day in weekdays]


def test_habits_of_nobody_are_those_of_all() -> None:
    stars = torch.tensor([1.0, 5.0, 3.0])
    found = habits(torch.tensor([0, 0, 0]), stars, rows=2)
    assert found[1].tolist() == pytest.approx([0, float(stars.var(correction=0).log()) / 2])
    assert found[0, 0] == pytest.approx(np.log(4))
