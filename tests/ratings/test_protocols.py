"""The splits: rebuilt to the byte where they are published, and never a row on both sides."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.protocols import (
    FOLD_NAMES,
    U1_TEST_MD5,
    as_u_text,
    chronological,
    fold,
    how_many_held,
    is_movielens_100k,
    md5_of,
    newcomers,
    random_split,
    splits_of,
    without_timestamps,
)
from services.ratings.settings import Settings

U1_BASE_MD5 = "4325f44281c9f8c119a3694662d63fc2"


@pytest.fixture(scope="module")
def movielens() -> Dataset:
    data = dataset.read(Settings().data)
    if len(data.ratings) != 100_000:
        pytest.skip("other data than MovieLens 100K is prepared")
    return data


def test_u1_is_the_published_one_byte_for_byte(movielens: Dataset) -> None:
    u1 = fold(movielens, 1)
    assert (md5_of(u1.train.ratings), md5_of(u1.test)) == (U1_BASE_MD5, U1_TEST_MD5)


def test_u1_holds_459_users(movielens: Dataset) -> None:
    assert fold(movielens, 1).test["user_id"].nunique() == 459


def test_every_rating_is_in_the_test_part_of_one_of_the_five_folds(movielens: Dataset) -> None:
    tests = [fold(movielens, number).test for number in range(1, 6)]
    assert [len(test) for test in tests] == [20_000] * 5
    assert pd.concat(tests).equals(movielens.ratings)


def test_a_fold_is_written_as_movielens_writes_it() -> None:
    rows = pd.DataFrame(
        {"user_id": [2, 1, 1], "movie_id": [7, 9, 8], "stars": [3.0, 5.0, 1.0], "timestamp": 880_000_000}
    )
    assert as_u_text(rows) == "1\t8\t1\t880000000\n1\t9\t5\t880000000\n2\t7\t3\t880000000\n"


def test_other_data_has_no_published_folds(movielens: Dataset, toy: Dataset) -> None:
    assert is_movielens_100k(movielens)
    assert not is_movielens_100k(toy)
    assert list(splits_of(movielens)) == [*FOLD_NAMES, "random", "chronological"]
    assert list(splits_of(toy)) == ["random", "chronological"]


def test_without_times_there_is_no_order_in_time(toy: Dataset) -> None:
    assert list(splits_of(without_timestamps(toy))) == ["random"]


def test_the_random_split_is_the_last_fifth_of_the_permutation(toy: Dataset) -> None:
    split = random_split(toy)
    last = np.random.RandomState(42).permutation(600)[480:]
    assert split.test.equals(toy.ratings.iloc[np.sort(last)])
    assert pd.concat([split.train.ratings, split.test]).sort_index().equals(toy.ratings)


def test_what_is_asked_has_no_stars(toy: Dataset) -> None:
    assert list(random_split(toy).asked.columns) == ["user_id", "movie_id", "timestamp"]


def test_nobody_is_asked_about_a_time_before_what_was_learned_of_him(toy: Dataset) -> None:
    split = chronological(toy)
    learned, asked = (rows.groupby("user_id") for rows in (split.train.ratings, split.test))
    assert (learned["timestamp"].max() <= asked["timestamp"].min()).all()
    assert learned.size().equals((0.8 * toy.ratings.groupby("user_id").size()).astype(int))


def test_ratings_of_one_second_are_split_by_chance_and_the_same_way_each_time(toy: Dataset) -> None:
    at_once = replace(toy, ratings=toy.ratings.assign(timestamp=1))
    test = chronological(at_once).test
    assert test.equals(chronological(at_once).test)
    last = at_once.ratings.groupby("user_id").tail(1)
    assert 0 < last.index.isin(test.index).mean() < 1


def test_nothing_of_a_newcomer_is_learned(toy: Dataset) -> None:
    people = newcomers(toy)
    new = set(people.profiles["user_id"])
    assert len(new) == 8  # of 41
    assert not new & set(people.train.users["user_id"])
    assert not new & set(people.train.ratings["user_id"])
    both = pd.concat([people.train.ratings, people.given.drop(columns="place"), people.held])
    assert both.sort_index().equals(toy.ratings)


def test_k_ratings_are_given_of_everybody_who_is_asked(toy: Dataset) -> None:
    people = newcomers(toy)
    given, held = people.at(3)
    assert given.groupby("user_id").size().eq(3).all()
    assert set(given["user_id"]) == set(held["user_id"])
    assert people.at(0)[0].empty
    assert people.at(0)[1].equals(people.held)


def test_more_given_ratings_begin_with_the_fewer(toy: Dataset) -> None:
    one, three = (newcomers(toy).at(k)[0] for k in (1, 3))
    same = one[one["user_id"].isin(three["user_id"])]
    assert len(same) == len(three) / 3
    assert set(same.index) < set(three.index)


@pytest.mark.parametrize(("ratings", "held"), [(3, 3), (12, 10), (30, 15), (59, 29), (60, 40), (700, 40)])
def test_between_ten_and_forty_ratings_of_a_newcomer_are_held(ratings: int, held: int) -> None:
    assert how_many_held(ratings) == held
