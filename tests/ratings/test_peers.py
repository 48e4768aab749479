"""Other people's models are themselves: asked as their authors ask them, and told no more than ours is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from services.ratings.dataset import Dataset
from services.ratings.peers.newcomers import answers_at, bias_fold_in, retrained
from services.ratings.peers.ranking import Ranker, best_als, own_head, popularity, top_ten
from services.ratings.peers.stars import RATING_PEERS, Answer, Peer, bias_only, global_mean, surprise
from services.ratings.protocols import Split, newcomers, random_split


@pytest.fixture(scope="module")
def split(toy: Dataset) -> Split:
    return random_split(toy)


@pytest.fixture(scope="module")
def two_tastes() -> Dataset:
    """60 users, 40 movies: even users rated half of the even movies, odd users half of the odd ones, by chance."""
    rng = np.random.default_rng(0)
    rows = [(user, movie) for user in range(60) for movie in rng.permutation(np.arange(user % 2, 40, 2))[:10]]
    ratings = pd.DataFrame(rows, columns=["user_id", "movie_id"]).assign(stars=4.0, timestamp=0)
    ratings.loc[::7, "stars"] = 2.0
    movies = pd.DataFrame(
        {"movie_id": range(40), "title": [f"Movie {n}" for n in range(40)], "year": 1990, "genres": ""}
    )
    return Dataset(ratings, movies, pd.DataFrame({"user_id": range(60)}), (1.0, 5.0), "two tastes", "none")


def test_the_global_mean_is_the_mean_of_the_training_part(split: Split) -> None:
    answer = global_mean(split.train, split.asked)
    assert answer.stars == pytest.approx([split.train.ratings["stars"].mean()] * len(split.test))


def test_our_bias_baseline_is_surprises(split: Split) -> None:
    pytest.importorskip("surprise")
    theirs = surprise("BaselineOnly", split.train, split.asked, verbose=False)
    assert np.abs(bias_only(split.train, split.asked).stars - theirs.stars).max() < 0.01


def test_svd_plus_plus_with_its_cache_is_the_same_model(split: Split) -> None:
    pytest.importorskip("surprise")
    without, cached = (
        surprise("SVDpp", split.train, split.asked, n_epochs=3, random_state=0, cache_ratings=c) for c in (False, True)
    )
    assert np.array_equal(without.stars, cached.stars)


@pytest.mark.parametrize("name", RATING_PEERS)
def test_strangers_and_unknown_movies_are_answered_on_the_scale(name: str, split: Split) -> None:
    peer = RATING_PEERS[name]
    if not peer.is_here:
        pytest.skip(f"{peer.package} is not installed")
    strangers = pd.DataFrame({"user_id": [1, 999, 999], "movie_id": [999, 1, 999]})
    stars = peer.answer(split.train, strangers).stars
    assert ((stars >= 1) & (stars <= 5)).all()


@pytest.mark.parametrize("name", ["myFM ids", "myFM with features and who rated what"])
def test_myfm_finds_the_tastes_that_biases_cannot(name: str, split: Split) -> None:
    pytest.importorskip("scipy")
    if not RATING_PEERS[name].is_here:
        pytest.skip("myfm is not installed")
    error, biased = (
        peer(split.train, split.asked).stars - split.truth for peer in (RATING_PEERS[name].answer, bias_only)
    )
    assert (error**2).mean() < 0.5 * (biased**2).mean()


def test_myfm_sees_ages_in_groups_and_words_as_they_are() -> None:
    pytest.importorskip("scipy")
    from services.ratings.peers.machine import one_hot

    ages, sexes = pd.Series(np.arange(70)), pd.Series(["M", None, "F", "M"])
    assert one_hot(ages).sum(0).tolist() == [[10.0] * 7]
    assert one_hot(sexes).toarray().tolist() == [[1, 0], [0, 0], [0, 1], [1, 0]]


def test_what_is_not_installed_is_told() -> None:
    assert not Peer(global_mean, "no_such_package_anywhere").is_here
    assert RATING_PEERS["bias only"].is_here


def test_a_newcomers_bias_is_computed_by_hand() -> None:
    """Movie 1 has 4 and 4, movie 2 has 1 and 3: mu = 3, b_1 = 2 / 7, b_2 = -2 / 7; 5 for movie 1 is 12 / 7 more."""
    ratings = pd.DataFrame({"user_id": [1, 2, 1, 2], "movie_id": [1, 1, 2, 2], "stars": [4.0, 4, 1, 3], "timestamp": 0})
    movies, users = pd.DataFrame({"movie_id": [1, 2]}), pd.DataFrame({"user_id": [1, 2]})
    data = Dataset(ratings, movies, users, (1.0, 5.0), "", "")
    given = pd.DataFrame({"user_id": [3], "movie_id": [1], "stars": [5.0]})
    held = pd.DataFrame({"user_id": [3, 4], "movie_id": [2, 2]})
    told = bias_fold_in(data, given, held).stars
    assert told == pytest.approx([3 - 2 / 7 + 12 / 7 / 5, 3 - 2 / 7])


def test_who_is_trained_anew_is_no_stranger_any_more(toy: Dataset) -> None:
    people = newcomers(toy)
    given, held = people.at(5)
    peer = RATING_PEERS["bias only"]
    after, before = retrained(peer, people.train, given, held, people.profiles), peer.answer(people.train, held)
    assert np.abs(after.stars - before.stars).max() > 0.1


def test_a_peer_that_is_retrained_is_told_who_the_newcomers_are(told: Dataset) -> None:
    def listen(train: Dataset, asked: pd.DataFrame) -> Answer:
        heard.append(train.users)
        return global_mean(train, asked)

    heard: list[pd.DataFrame] = []
    people = newcomers(told)
    given, held = people.at(5)
    retrained(Peer(listen), people.train, given, held, people.profiles)
    new = heard[0][heard[0]["user_id"].isin(given["user_id"])].reset_index(drop=True)
    expected = told.users[told.users["user_id"].isin(given["user_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(new, expected)


def test_what_newcomers_are_told_does_not_depend_on_what_is_held(toy: Dataset) -> None:
    people = newcomers(toy)
    given, held = people.at(3)
    other = held.assign(stars=1.0)
    told, again = (answers_at(people.train, given, rows, people.profiles, retrain=False) for rows in (held, other))
    assert all(np.array_equal(told[name].stars, again[name].stars) for name in told)


def test_the_top_ten_is_scored_by_hand(two_tastes: Dataset) -> None:
    """The movie of the highest number stands first; user 0 wants 38 and 39, and what he has seen is passed over."""
    seen = two_tastes.ratings[two_tastes.ratings["user_id"] == 0]
    alone = replace(two_tastes, ratings=seen)
    wanted = pd.DataFrame({"user_id": [0, 0], "movie_id": [38, 39]})
    unseen = sorted(set(range(40)) - set(seen["movie_id"]), reverse=True)
    places = np.array([unseen.index(movie) for movie in (38, 39) if movie in unseen])
    by_number = Ranker(lambda users: np.tile(np.arange(40.0), (len(users), 1)))
    ideal = 1 + 1 / np.log2(3)
    found = top_ten(by_number, alone, wanted)
    assert found.ndcg == pytest.approx((1 / np.log2(places + 2)).sum() / ideal)
    assert found.recall == len(places) / 2


def test_als_and_our_head_find_tastes_where_popularity_cannot(two_tastes: Dataset) -> None:
    pytest.importorskip("implicit")
    split = random_split(two_tastes)
    popular, als, head = (
        top_ten(fit(split.train), split.train, split.test).ndcg for fit in (popularity, best_als, own_head)
    )
    assert als > popular + 0.1
    assert head > popular + 0.1
