"""The sampler against sums in a loop, known means of distributions, and ratings made of known factors."""

from itertools import islice

import torch

from services.ratings.gibbs import (
    Chain,
    Moments,
    Prior,
    Side,
    draw_noise,
    draw_rows,
    normal_wishart,
    sample,
    wishart,
    with_offset,
)

USER, MOVIE = torch.tensor([0, 2, 0, 2, 2]), torch.tensor([1, 0, 3, 3, 1])  # user 1 has rated nothing
Y = torch.tensor([1.0, -0.5, 0.25, 2.0, -1.0])
ROWS = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))  # movies: bias and two factors


def moments() -> Moments:
    return Side.group(USER, MOVIE, Y, 3).moments(ROWS)


def test_what_the_other_side_sees_is_one_the_factors_and_the_bias() -> None:
    assert with_offset(torch.tensor([[5.0, 1.0, 2.0]])).tolist() == [[1, 1, 2, 5]]


def test_moments_are_sums_over_the_own_ratings() -> None:
    found, z = moments(), with_offset(ROWS)
    for user in range(3):
        own = [row for row in range(5) if USER[row] == user]
        squares = sum((torch.outer(z[MOVIE[row]], z[MOVIE[row]]) for row in own), torch.zeros(4, 4))
        products = sum((Y[row] * z[MOVIE[row]] for row in own), torch.zeros(4))
        torch.testing.assert_close(found.squares[user], squares)
        torch.testing.assert_close(found.products[user], products)


def test_a_weighted_rating_counts_so_many_times() -> None:
    weight = torch.tensor([1.0, 2.0, 1.0, 3.0])
    found = Side.group(USER, MOVIE, Y, 3).moments(ROWS, weight)
    twice = [row for row in range(5) for _ in range(int(weight[MOVIE[row]]))]
    expected = Side.group(USER[twice], MOVIE[twice], Y[twice], 3).moments(ROWS)
    torch.testing.assert_close(found.squares, expected.squares)
    torch.testing.assert_close(found.products, expected.products)


def test_squared_errors_are_those_of_the_predictions() -> None:
    users = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    predicted = users[USER, 0] + ROWS[MOVIE, 0] + (users[USER, 1:] * ROWS[MOVIE, 1:]).sum(1)
    expected = torch.bincount(USER, (Y - predicted).square(), minlength=3)
    y_squares = torch.bincount(USER, Y.square(), minlength=3)
    torch.testing.assert_close(moments().squared_errors(users, y_squares), expected)


def test_drawn_rows_have_the_mean_and_covariance_of_their_posterior() -> None:
    precision, shift = torch.tensor([[2.0, 0.5], [0.5, 1.0]]), torch.tensor([1.0, -1.0])
    prior = Prior(torch.tensor([0.5, 0.0]), torch.tensor([[0.0, 1.0]]), torch.eye(2))
    many, x = 40_000, torch.ones(40_000, 1)
    draws = draw_rows(precision.expand(many, 2, 2), shift.expand(many, 2), prior, x, torch.Generator().manual_seed(0))
    covariance = torch.linalg.inv(precision + torch.eye(2))
    torch.testing.assert_close(draws.mean(0), covariance @ (shift + torch.tensor([0.5, 1.0])), atol=0.02, rtol=0)
    torch.testing.assert_close(draws.T.cov(), covariance, atol=0.02, rtol=0)


def test_the_mean_of_a_wishart_is_freedom_times_scale() -> None:
    dice, scale = torch.Generator().manual_seed(0), torch.tensor([[1.0, 0.3], [0.3, 0.5]])
    mean = torch.stack([wishart(scale, 10, dice) for _ in range(3000)]).mean(0)
    torch.testing.assert_close(mean, 10 * scale, atol=0.25, rtol=0)


def test_the_prior_of_many_rows_is_drawn_near_their_mean_and_precision() -> None:
    dice = torch.Generator().manual_seed(0)
    rows = torch.tensor([1.0, -2.0]) + torch.randn(20_000, 2, generator=dice) * torch.tensor([0.5, 2.0])
    mean, precision = normal_wishart(rows, dice)
    torch.testing.assert_close(mean, torch.tensor([1.0, -2.0]), atol=0.06, rtol=0)
    torch.testing.assert_close(torch.linalg.inv(precision).diag(), torch.tensor([0.25, 4.0]), rtol=0.05, atol=0)


def test_who_errs_more_is_drawn_a_greater_noise_the_more_so_the_more_he_rated() -> None:
    errors, counts = torch.tensor([400.0, 4.0, 100.0]), torch.tensor([100, 1, 100])
    dice = torch.Generator().manual_seed(0)
    variance = torch.stack([1 / draw_noise(errors, counts, 16, dice) for _ in range(500)]).mean(0)
    assert variance[0] > variance[1] > variance[2]


def test_ratings_that_are_all_alike_leave_some_noise() -> None:
    alpha = draw_noise(torch.zeros(2), torch.tensor([3, 0]), 16, torch.Generator().manual_seed(0))
    assert alpha.isfinite().all()


def test_the_chain_finds_the_factors_that_made_the_ratings() -> None:
    dice = torch.Generator().manual_seed(0)
    user, movie = (side.flatten() for side in torch.meshgrid(torch.arange(40), torch.arange(30), indexing="ij"))
    truth = torch.randn(40, 2, generator=dice) @ torch.randn(2, 30, generator=dice)
    y = (truth + 0.1 * torch.randn(truth.shape, generator=dice)).flatten()
    states = sample(user, movie, y, torch.zeros(40, 1), torch.zeros(30, 1), Chain(width=3), seed=0)
    last = next(islice(states, 200, None))
    assert (last.squared_error / len(y)) ** 0.5 < 0.15


def test_the_same_seed_gives_the_same_chain_and_leaves_everybody_elses_dice_alone() -> None:
    before = torch.random.get_rng_state()
    x = torch.zeros(3, 1), torch.zeros(4, 1)
    one, two = (next(islice(sample(USER, MOVIE, Y, *x, Chain(width=2), seed=5), 3, None)) for _ in range(2))
    assert torch.equal(one.movies, two.movies)
    assert torch.equal(before, torch.random.get_rng_state())
