"""The ranking head against textbook algebra, and the metrics by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from services.ratings import dataset, metrics
from services.ratings.features import genre_flags
from services.ratings.ranking import (
    RankingHead,
    RankingRecipe,
    first_vectors,
    graded,
    inverse_of,
    side_features,
)
from services.ratings.settings import Settings

USERS, MOVIES = 30, 8
PLAIN = RankingRecipe(l2=2.0, l2_power=0, user_power=0, grades=(1.0, 1.0), factors=3, factor_weight=0, strongest=MOVIES)
RICH = RankingRecipe(l2=2.0, factors=3, strongest=MOVIES)


def some_ratings(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    user, movie = (random.random((USERS, MOVIES)) < 0.4).nonzero()
    return user, movie, random.integers(1, 6, len(user)).astype(float)


def head_of(recipe: RankingRecipe, features: np.ndarray | None = None) -> RankingHead:
    return RankingHead.fit(*some_ratings(), USERS, MOVIES, recipe, features)


def rated_by(user: int) -> tuple[np.ndarray, np.ndarray]:
    who, movie, stars = some_ratings()
    return movie[who == user], stars[who == user]


def ones() -> np.ndarray:
    user, movie, _ = some_ratings()
    table = np.zeros((USERS, MOVIES))
    table[user, movie] = 1
    return table


def best_without_itself(table: np.ndarray, movie: int, l2: float) -> np.ndarray:
    """The ridge regression of one movie's column on all the others."""
    others = np.arange(MOVIES) != movie
    x = table[:, others]
    weights = np.zeros(MOVIES)
    weights[others] = np.linalg.solve(x.T @ x + l2 * np.eye(MOVIES - 1), x.T @ table[:, movie])
    return weights


def test_without_its_additions_it_is_ease_each_movie_regressed_on_the_others() -> None:
    table = ones()
    weights = np.stack([best_without_itself(table, movie, PLAIN.l2) for movie in range(MOVIES)], axis=1)
    head = head_of(PLAIN)
    for user in range(USERS):
        np.testing.assert_allclose(head.scores(*rated_by(user)), table[user] @ weights, atol=1e-9)


def test_a_feature_counts_as_users_who_chose_exactly_its_movies() -> None:
    features = np.eye(MOVIES)[:, :2] + np.eye(MOVIES)[:, 1:3]
    table = np.concatenate([ones(), 3 * features.T])
    head = head_of(replace(PLAIN, feature_weight=3.0), features)
    expected = ones()[4] @ best_without_itself(table, 1, PLAIN.l2)
    assert head.scores(*rated_by(4))[1] == pytest.approx(expected, abs=1e-9)


def test_the_dual_form_is_the_same_inverse() -> None:
    wide = torch.randn(5, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    tall = wide.T.contiguous()
    for matrix in (wide, tall):
        expected = torch.linalg.inv(torch.eye(matrix.shape[1]).double() + matrix.T @ matrix)
        torch.testing.assert_close(inverse_of(matrix.to_sparse()), expected)


def test_the_filter_projects_on_the_first_singular_vectors() -> None:
    table = ones()
    liked, diligence = table.sum(0) + 1, table.sum(1).clip(min=1)
    vectors = np.linalg.svd(table / np.sqrt(np.outer(diligence, liked)))[2][:3].T
    filtered = table / np.sqrt(liked) @ vectors @ vectors.T * np.sqrt(liked)
    with_filter, without = head_of(replace(PLAIN, factor_weight=0.5)), head_of(PLAIN)
    difference = with_filter.scores(*rated_by(2)) - without.scores(*rated_by(2))
    np.testing.assert_allclose(difference, 0.5 * filtered[2], atol=1e-6)


def test_the_randomised_vectors_span_what_the_full_decomposition_spans() -> None:
    matrix = torch.randn(60, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    exact = torch.linalg.svd(matrix).Vh[:4].mT
    found = first_vectors(matrix.to_sparse(), 4)
    torch.testing.assert_close(found @ found.mT, exact @ exact.mT, atol=1e-4, rtol=0)


def test_looking_for_vectors_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    head_of(RICH)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("strongest", [2, MOVIES])
def test_reasons_sum_to_the_score(strongest: int) -> None:
    head = head_of(replace(RICH, strongest=strongest), np.eye(MOVIES))
    movie, stars = rated_by(3)
    for target in range(MOVIES):
        reasons = head.reasons(movie, stars, target)
        assert reasons.shape == movie.shape
        assert reasons.sum() == pytest.approx(head.scores(movie, stars)[target], abs=1e-12)


def test_a_reason_is_what_the_score_loses_without_that_movie() -> None:
    head, (movie, stars) = head_of(RICH), rated_by(3)
    lost = head.scores(movie, stars)[0] - head.scores(movie[1:], stars[1:])[0]
    assert head.reasons(movie, stars, 0)[0] == pytest.approx(lost, abs=1e-12)


def test_each_movie_keeps_its_strongest_weights() -> None:
    whole, pruned = head_of(PLAIN), head_of(replace(PLAIN, strongest=3))
    for movie in range(MOVIES):
        kept = np.sort(np.abs(whole.weights[movie]))[-3:]
        np.testing.assert_allclose(np.sort(np.abs(pruned.weights[movie])), kept)
        np.testing.assert_array_equal(pruned.weights[movie], whole.weights[movie, pruned.targets[movie]])


def test_nobody_has_a_score_before_his_first_rating() -> None:
    nothing = np.array([], int)
    assert not head_of(RICH).scores(nothing, nothing.astype(float)).any()
    assert head_of(RICH).reasons(nothing, nothing.astype(float), 0).shape == (0,)


def test_movies_beyond_the_most_rated_score_nothing_and_say_nothing() -> None:
    head = head_of(replace(RICH, most_movies=MOVIES - 1))
    out = int(np.bincount(some_ratings()[1]).argmin())
    assert out not in head.known
    assert head.scores(*rated_by(3))[out] == 0
    assert not head.reasons(*rated_by(3), out).any()
    assert not head.scores(np.array([out]), np.array([5.0])).any()


def test_a_movie_disliked_says_less_than_one_liked() -> None:
    head = head_of(RICH)
    disliked, liked = (head.scores(np.array([0]), np.array([stars])) for stars in (1.0, 5.0))
    np.testing.assert_allclose(disliked, 0.3 * liked)


def test_grades_lie_on_straight_lines_between_their_points() -> None:
    points = np.array([0.0, 0.5, 1.0])
    stars = np.array([0.5, 2.75, 3.875, 5.0, 9.0])
    np.testing.assert_allclose(graded(stars, np.array([0.5, 5.0]), points), [0, 0.5, 0.75, 1, 1])


def test_ratings_that_are_all_alike_are_all_likes() -> None:
    user, movie, stars = some_ratings()
    head = RankingHead.fit(user, movie, np.full_like(stars, 3.0), USERS, MOVIES, RICH)
    assert head.rated(np.array([0]), np.array([3.0]))[1] == 1


def test_one_rating_is_enough_to_be_fitted() -> None:
    zero = np.array([0])
    head = RankingHead.fit(zero, zero, np.array([4.0]), 1, 1)
    assert np.isfinite(head.scores(zero, np.array([4.0]))).all()


def test_the_same_ratings_give_the_same_bytes_and_the_bytes_the_same_head() -> None:
    stored = save(head_of(RICH).tensors())
    assert save(head_of(RICH).tensors()) == stored
    again = RankingHead.from_tensors(load(stored))
    np.testing.assert_allclose(again.scores(*rated_by(3)), head_of(RICH).scores(*rated_by(3)), atol=1e-6)
    assert save(again.tensors()) == stored


def test_reasons_sum_to_the_score_after_storing() -> None:
    head, (movie, stars) = RankingHead.from_tensors(head_of(RICH).tensors()), rated_by(3)
    assert head.reasons(movie, stars, 2).sum() == pytest.approx(head.scores(movie, stars)[2], abs=1e-12)


def test_genres_and_decades_of_a_movie_have_unit_length() -> None:
    features = side_features(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), np.array([1995, 0]))
    np.testing.assert_allclose(features[0, :3], [0.5**0.5, 0.5**0.5, 0])
    np.testing.assert_allclose(features[0, 10:12], [0.5**0.5, 0.5**0.5])  # half way from 1990 to 2000
    assert not features[1].any()


def test_it_beats_ease_on_ratings_never_seen() -> None:
    data = dataset.read(Settings().data)
    user, movie, stars = data.user_index, data.movie_index, data.ratings["stars"].to_numpy(float)
    shuffled = np.random.RandomState(42).permutation(len(user))
    train, held = np.split(shuffled, [int(0.8 * len(shuffled))])
    seen, later = (np.zeros((len(data.users), len(data.movies)), bool) for _ in range(2))
    seen[user[train], movie[train]], later[user[held], movie[held]] = True, True
    features = side_features(genre_flags(data.movie_genres, data.genres).numpy(), data.movies["year"].to_numpy())
    head = RankingHead.fit(user[train], movie[train], stars[train], *seen.shape, features=features)
    order = train[np.argsort(user[train], kind="stable")]
    parts = np.split(order, np.searchsorted(user[order], np.arange(1, len(seen))))
    ours = np.stack([head.scores(movie[own], stars[own]) for own in parts])
    assert ndcg_of(ours, seen, later) > 1.02 * ndcg_of(seen @ textbook_ease(seen.astype(float)), seen, later)
    assert ndcg_of(ours, seen, later) > 0.45


def ndcg_of(scores: np.ndarray, seen: np.ndarray, later: np.ndarray) -> float:
    return metrics.ndcg_at(metrics.hits_of(metrics.top(scores, seen, 10), later), later.sum(1))


def textbook_ease(table: np.ndarray, l2: float = 300.0) -> np.ndarray:
    inverse = np.linalg.inv(table.T @ table + l2 * np.eye(table.shape[1]))
    weights: np.ndarray = np.eye(len(inverse)) - inverse / np.diag(inverse)
    return weights


HITS = np.array([[True, False, True], [False, False, True], [False, False, False], [True, True, True]])
RELEVANT = np.array([4, 1, 0, 3])  # the third user has nothing to be found


def test_ndcg_by_hand() -> None:
    whole = 1 + 1 / np.log2(3) + 1 / 2
    assert metrics.ndcg_at(HITS, RELEVANT) == pytest.approx(((1 + 1 / 2) / whole + 1 / 2 / 1 + 1) / 3)


def test_recall_by_hand() -> None:
    assert metrics.recall_at(HITS, RELEVANT) == pytest.approx((2 / 4 + 1 / 1 + 3 / 3) / 3)


def test_with_nobody_to_ask_a_ranking_is_worth_nothing() -> None:
    assert metrics.ndcg_at(HITS, np.zeros(4, int)) == 0


def test_errors_by_hand() -> None:
    predicted, truth = np.array([3.0, 4.0]), np.array([4.0, 1.0])
    assert metrics.rmse(predicted, truth) == pytest.approx(5**0.5)
    assert metrics.mae(predicted, truth) == 2


def test_an_interval_covers_its_ends() -> None:
    low, high = np.array([1.0, 1, 1, 1]), np.array([2.0, 2, 2, 2])
    assert metrics.interval_coverage(low, high, np.array([1.0, 2.0, 0.9, 2.1])) == 0.5


def test_the_top_leaves_out_what_was_seen_and_takes_the_first_of_equals() -> None:
    scores, seen = np.array([[9.0, 1.0, 1.0, 5.0]]), np.array([[True, False, False, False]])
    assert metrics.top(scores, seen, 2).tolist() == [[3, 1]]
    assert metrics.top(scores, seen, 4).tolist() == [[3, 1, 2, -1]]


def test_nothing_in_a_place_is_no_hit() -> None:
    relevant = np.array([[True, False]])
    assert metrics.hits_of(np.array([[0, 1, -1]]), relevant).tolist() == [[True, False, False]]
